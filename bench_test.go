package mtlshttp_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// smallJSON answers as a REST service does.
var smallJSON = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"id":9007199254740993,"name":"alice","roles":["admin","user"],"active":true}`))
})

// BenchmarkSmallGET is a GET of small JSON over a kept connection, parsed, with
// every safety on; the peer is net/http as a careful engineer tunes it. The
// server's own allocations are in both.
func BenchmarkSmallGET(b *testing.B) {
	srv := mtlstest.NewServer(b, smallJSON)
	b.Run("mtlshttp", func(b *testing.B) {
		e := new(mtlshttp.Executor)
		defer e.Close()
		r := srv.Request("/")
		r.Parse, r.Protocol.HTTP = true, 1
		b.ReportAllocs()
		for b.Loop() {
			if _, err := e.Do(b.Context(), r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("net-http", func(b *testing.B) {
		config, err := new(mtlshttp.Executor).TLSConfig(b.Context(), srv.Request("/"))
		if err != nil {
			b.Fatal(err)
		}
		transport := &http.Transport{TLSClientConfig: config}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport}
		b.ReportAllocs()
		for b.Loop() {
			req, err := http.NewRequestWithContext(b.Context(), "GET", srv.URL+"/", nil)
			if err != nil {
				b.Fatal(err)
			}
			resp, err := client.Do(req)
			if err != nil {
				b.Fatal(err)
			}
			data, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
			_ = resp.Body.Close()
			if err != nil {
				b.Fatal(err)
			}
			var v any
			if err := json.Unmarshal(data, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}
