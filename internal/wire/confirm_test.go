package wire

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// post sends a body that counts what is read of it, waiting for the verdict.
func post(t *testing.T, p *Pool, s *Setting, url string) (read int64, x *Exchange, err error) {
	transport, err := p.Transport(s)
	require.NoError(t, err)
	ctx, x := NewExchange(t.Context(), transport)
	x.Confirm = true
	var n atomic.Int64
	body := io.TeeReader(strings.NewReader(strings.Repeat("x", 2<<20)), counter{&n})
	req, err := http.NewRequestWithContext(ctx, "POST", url, body)
	require.NoError(t, err)
	resp, err := Dispatch.RoundTrip(req)
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	return n.Load(), x, err
}

type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) { c.n.Add(int64(len(p))); return len(p), nil }

func TestConfirmSavesTheUpload(t *testing.T) {
	w := newWorld(t)
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
			srv.EnableHTTP2 = http2
			srv.Config.ErrorLog = log.New(io.Discard, "", 0)
			srv.TLS = &tls.Config{Certificates: []tls.Certificate{w.server.TLS()}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: w.ca.Pool()}
			srv.StartTLS()
			defer srv.Close()

			read, _, err := post(t, newPool(t, Dialer{}), w.setting(w.identity(t, "alice")), srv.URL)
			require.NoError(t, err)
			assert.EqualValues(t, 2<<20, read)

			const tries = 20
			saved := 0
			for range tries {
				read, x, err := post(t, newPool(t, Dialer{}), w.setting(), srv.URL)
				alert, remote, ok := AlertOf(err)
				if record := x.Progress().Record; !ok && record.Ended(10*time.Second) { // a write failed first
					alert, remote, ok = AlertOf(record.LastWords())
				}
				require.True(t, ok && remote, "%v", err)
				require.EqualValues(t, 116, alert)
				if read == 0 {
					saved++
				}
			}
			// The wait for the verdict is bounded; a busy machine may need longer.
			assert.GreaterOrEqual(t, saved, tries-2, "uploads that did not begin before the verdict")
		})
	}
}
