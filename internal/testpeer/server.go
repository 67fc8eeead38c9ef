// Package testpeer is the other side of our suites: servers and proxies on
// loopback that end with their test. Tests alone import it, which is why it may
// import the root.
package testpeer

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// StartServer starts a TLS server that ends with the test and returns its URL.
func StartServer(t testing.TB, config *tls.Config, handler http.Handler) string {
	t.Helper()
	srv := httptest.NewUnstartedServer(handler)
	srv.TLS, srv.EnableHTTP2 = config, true
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.URL
}

// Whoami says who called, over what.
var Whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	name := ""
	if len(r.TLS.PeerCertificates) > 0 {
		name = r.TLS.PeerCertificates[0].Subject.CommonName
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"client": name, "proto": r.Proto, "resumed": r.TLS.DidResume})
})

// AnswerRaw serves what write writes, over HTTP/1.1, plain and with TLS.
func AnswerRaw(t testing.TB, write func(io.Writer)) map[string]*mtlshttp.Request {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		write(conn)
		if half, ok := conn.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
			_, _ = io.Copy(io.Discard, conn)
		}
	})
	plain := httptest.NewServer(handler)
	t.Cleanup(plain.Close)
	secure := mtlstest.NewServer(t, handler).Request("/")
	secure.Protocol.HTTP = 1
	return map[string]*mtlshttp.Request{"http": {URL: plain.URL}, "https": secure}
}
