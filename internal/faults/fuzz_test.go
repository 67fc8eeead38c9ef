package faults_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/memnet"
	"github.com/mtlshttp/mtlshttp/internal/testclient"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// role is who says what nobody expects.
type role struct {
	scheme string
	proxy  string   // scheme of the proxy that it is; empty: the server
	alpn   []string // after a handshake; nil: before one
}

var roles = []role{
	{scheme: "http"},
	{scheme: "https"},
	{scheme: "https", proxy: "http"},
	{scheme: "https", proxy: "socks5"},
	{scheme: "http", proxy: "http"},
	{scheme: "https", alpn: []string{"http/1.1"}},
	{scheme: "https", alpn: []string{"h2"}},
}

// FuzzAnswer lets a server or a proxy say anything, at any stage: what comes of
// it is a bundle or an *Error of a declared kind, soon, and its text is fit for a
// log.
func FuzzAnswer(f *testing.F) {
	for _, answer := range []string{
		"", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 000 X\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: https://a.test/b\r\nSet-Cookie: a=b\r\n\r\n", "HTTP/1.1 407 X\r\n\r\n", "HTTP/1.1 496 X\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
		"\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", "\x05\x02\x01\x01", "\x15\x03\x03\x00\x02\x02\x28", "\x16\x03\x03\x00\x04\x0e\x00\x00\x00",
		"\x00\x00\x00\x04\x00\x00\x00\x00\x00", // SETTINGS
		"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x04\x03\x00\x00\x00\x01\x00\x00\x00\x08", // no streams; RST_STREAM
		"\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x01\x01\x05\x00\x00\x00\x01\x88",                                 // HEADERS :status 200
		"\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0b",     // GOAWAY
	} {
		for i := range roles {
			f.Add(byte(i), []byte(answer))
		}
	}
	ca, err := mtlstest.NewCA()
	require.NoError(f, err)
	id, err := ca.Issue(mtlstest.Client{})
	require.NoError(f, err)
	config, err := ca.ServerConfig()
	require.NoError(f, err)
	kinds := testclient.DeclaredKinds(f, "../../errors.go")
	f.Fuzz(func(t *testing.T, which byte, answer []byte) {
		role := roles[int(which)%len(roles)]
		e := &mtlshttp.Executor{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			ours, theirs := memnet.Pipe("client", "server")
			go role.say(theirs, config, answer)
			return ours, nil
		}}
		if role.proxy != "" {
			e.Proxy = &mtlshttp.Proxy{URL: role.proxy + "://proxy.test"}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		resp, err := e.Do(ctx, &mtlshttp.Request{URL: role.scheme + "://a.test/", Identity: id.Credential, Roots: ca.Roots(), Parse: true, Compressed: true})
		require.NoError(t, e.Close())
		text := fmt.Sprintf("%v %+v", resp, err)
		if err != nil {
			var fault *mtlshttp.Error
			require.True(t, errors.As(err, &fault), "%T", err)
			require.Contains(t, kinds, string(fault.Kind))
			require.NotEmpty(t, fault.Phase)
			if fault.Diagnosis != nil {
				require.NotEmpty(t, fault.Diagnosis.Advice, text)
			}
			_, err = fault.MarshalJSON()
			require.NoError(t, err)
		} else {
			_, err = resp.MarshalJSON()
			require.NoError(t, err)
		}
		require.False(t, strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", text)
	})
}

// say plays the role on one connection, and ends it.
func (r role) say(conn net.Conn, config *tls.Config, answer []byte) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(3 * time.Second))
	if r.alpn != nil {
		c := config.Clone()
		c.NextProtos = r.alpn
		secured := tls.Server(conn, c)
		if secured.Handshake() != nil {
			return
		}
		conn = secured
	}
	if _, err := conn.Read(make([]byte, 4096)); err != nil {
		return
	}
	_, _ = conn.Write(answer)
}
