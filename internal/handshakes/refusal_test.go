package handshakes_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/realserver"
)

// largeUpload is a body that no socket buffer holds, so that it is still being
// written when a server of TLS 1.3 refuses the certificate.
var largeUpload = bytes.Repeat([]byte("x"), 2<<20)

// TestLargeUploadsNameTheAlert sends uploads that are refused after a handshake
// that has succeeded: the alert is named whether the body waits for it or is
// already on its way.
func TestLargeUploadsNameTheAlert(t *testing.T) {
	b := newBench(t)
	tries := scale(100, 15)
	body := map[string]func() mtlshttp.Body{
		"length known": func() mtlshttp.Body { return mtlshttp.Raw("application/octet-stream", largeUpload) },
		"length unknown": func() mtlshttp.Body {
			return mtlshttp.Reader("application/octet-stream", onlyReader{bytes.NewReader(largeUpload)}, -1)
		},
	}
	type server struct {
		name   string
		kind   realserver.Kind
		delay  time.Duration
		client situation
	}
	other, none := b.situations[10], b.situations[0]
	servers := []server{
		{"Go, none", realserver.Go, 0, none}, {"Go, other authority", realserver.Go, 0, other},
		{"alert at once", realserver.PeerAlertAfterClientCertificate, 0, other},
		{"alert while the body is on its way", realserver.PeerAlertAfterClientCertificate, 40 * time.Millisecond, other},
	}
	if os.Getenv("MTLSHTTP_INTEGRATION") != "" {
		for _, kind := range []realserver.Kind{realserver.Apache, realserver.HAProxy, realserver.OpenSSL, realserver.Stunnel} {
			servers = append(servers, server{string(kind) + ", other authority", kind, 0, other})
		}
	}
	for _, s := range servers {
		for _, http := range []int{1, 2} {
			config := b.server("", realserver.DemandRequire)
			config.MinVersion, config.MaxVersion, config.HTTP2 = tls.VersionTLS13, tls.VersionTLS13, http == 2
			config.Delay = s.delay
			if s.delay > 0 || s.kind == realserver.PeerAlertAfterClientCertificate {
				config.Alert = 48
			}
			if s.kind.Check(config) != nil {
				continue
			}
			t.Run(fmt.Sprintf("%s, HTTP/%d", s.name, http), func(t *testing.T) {
				srv := realserver.Start(t, s.kind, config)
				for name, newBody := range body {
					e := newExecutor(t)
					named := 0
					for range tries {
						_, err := e.Do(t.Context(), &mtlshttp.Request{Method: "POST", URL: srv.URL + "/", Identity: s.client.credential,
							Roots: b.roots(), Protocol: mtlshttp.Protocol{HTTP: http}, Body: newBody(), Timeout: 10 * time.Second})
						var failure *mtlshttp.Error
						if errors.As(err, &failure) && failure.Kind == mtlshttp.KindTLSClientCert && failure.Diagnosis != nil &&
							failure.Diagnosis.Cause == s.client.truth[0] && (row{diagnosis: failure.Diagnosis}).alerted() {
							named++
						} else if named > 0 || err == nil {
							t.Log(err)
						}
					}
					fmt.Printf("upload of 2 MiB, %s, HTTP/%d, %s: alert named in %d of %d\n", s.name, http, name, named, tries)
					assert.GreaterOrEqual(t, named, tries-tries/100)
				}
			})
		}
	}
}

// onlyReader hides that a reader can be sought or measured.
type onlyReader struct{ io.Reader }
