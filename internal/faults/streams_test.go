package faults_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/mtlshttp/mtlshttp"
)

// A server that takes few HTTP/2 streams at a time resets those that came before
// its SETTINGS did, and connections that one request has dialed go to others.
// However many requests there are at once, each gets its answer.
func TestFewStreamsAtATime(t *testing.T) {
	for _, streams := range []int{1, 3} {
		t.Run(fmt.Sprint(streams), func(t *testing.T) {
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(5 * time.Millisecond)
				_, _ = io.WriteString(w, r.URL.Path)
			}))
			srv.EnableHTTP2, srv.Config.HTTP2 = true, &http.HTTP2Config{MaxConcurrentStreams: streams}
			srv.TLS, srv.Config.ErrorLog = &tls.Config{MinVersion: tls.VersionTLS13}, log.New(io.Discard, "", 0)
			srv.StartTLS()
			defer srv.Close()
			e := newExecutor(t)
			roots := mtlshttp.Roots{Certificates: []*x509.Certificate{srv.Certificate()}, Only: true}
			var all sync.WaitGroup
			var answered atomic.Int64
			for i := range 64 {
				all.Go(func() {
					path := fmt.Sprint("/", i)
					resp, err := e.Do(t.Context(), &mtlshttp.Request{URL: srv.URL + path, Roots: roots, Protocol: mtlshttp.Protocol{HTTP: 2}})
					if assert.NoError(t, err) && assert.Equal(t, path, resp.Data) {
						answered.Add(1)
					}
				})
			}
			all.Wait()
			assert.EqualValues(t, 64, answered.Load())
		})
	}
}
