package faults_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// What a server sends after the end of an answer is never the answer to the
// next request on that connection (RFC 9112, section 9.2), however soon that
// follows: FLT-33.
func TestNoAnswerBeforeItsRequest(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	config, err := ca.ServerConfig()
	require.NoError(t, err)
	config.ClientAuth = tls.NoClientCert
	const forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
	for name, first := range map[string]string{
		"204":            "HTTP/1.1 204 No Content\r\n\r\n" + forged,
		"304":            "HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\n" + forged,
		"no body":        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + forged,
		"a body":         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + forged,
		"not an answer":  "HTTP/1.1 204 No Content\r\n\r\nfine",
		"half an answer": "HTTP/1.1 204 No Content\r\n\r\n" + forged[:20],
	} {
		for scheme, config := range map[string]*tls.Config{"http": nil, "https": config} {
			t.Run(name+" over "+scheme, func(t *testing.T) {
				listener, err := net.Listen("tcp", "127.0.0.1:0")
				require.NoError(t, err)
				if config != nil {
					listener = tls.NewListener(listener, config)
				}
				go answerEarly(listener, first)
				t.Cleanup(func() { _ = listener.Close() })
				e := newExecutor(t)
				for range 200 {
					_, err := e.Do(t.Context(), &mtlshttp.Request{URL: scheme + "://" + listener.Addr().String() + "/first", Roots: ca.Roots(), Protocol: mtlshttp.Protocol{HTTP: 1}})
					require.NoError(t, err)
					resp, err := e.Do(t.Context(), &mtlshttp.Request{URL: scheme + "://" + listener.Addr().String() + "/second", Roots: ca.Roots(), Protocol: mtlshttp.Protocol{HTTP: 1}})
					require.NoError(t, err)
					require.Equal(t, "second", string(resp.Bytes()))
				}
			})
		}
	}
}

// answerEarly answers /first by a text, and anything else in order.
func answerEarly(l net.Listener, first string) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			r := bufio.NewReader(conn)
			for {
				req, err := http.ReadRequest(r)
				if err != nil {
					return
				}
				answer := "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"
				if strings.HasPrefix(req.URL.Path, "/first") {
					answer = first
				}
				if _, err := io.WriteString(conn, answer); err != nil {
					return
				}
			}
		}()
	}
}
