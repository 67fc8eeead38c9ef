package handshakes_test

import (
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/realserver"
)

// TLS-01, TLS-02: three certificates and none, mixed, over both versions of TLS
// and of HTTP, with resumption on: the server never sees another than was
// configured.
func TestMixedIdentitiesAreNeverConfused(t *testing.T) {
	srv := startNameServer(t, 7)
	names := []string{"alice", "bob", "carol", ""}
	credentials := map[string]*mtlshttp.Credential{}
	for _, n := range names[:3] {
		credentials[n] = srv.Credential(t, n)
	}
	e, list := newExecutor(t), protocols()
	requests, wrong := scale(100_000, 4_000), atomic.Int64{}
	const workers = 8
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			random := rand.New(rand.NewPCG(5, uint64(worker)))
			for range requests / workers {
				name, protocol := names[random.IntN(len(names))], list[random.IntN(len(list))]
				resp, err := e.Do(t.Context(), &mtlshttp.Request{URL: srv.URL + "/", Identity: credentials[name], Roots: srv.Roots(), Protocol: protocol})
				if !assert.NoError(t, err) {
					return
				}
				if string(resp.Bytes()) != name {
					wrong.Add(1)
				}
			}
		})
	}
	group.Wait()
	fmt.Printf("mixed identities: %d requests, %d wrong; %d handshakes, %d resumed\n", requests, wrong.Load(), srv.Handshakes.Load(), srv.Resumed.Load())
	assert.Zero(t, wrong.Load())
	assert.Positive(t, srv.Resumed.Load())
}

// Equal settings share a connection, over sessions too: as many handshakes as
// credentials.
func TestFiftyCredentialsMakeFiftyHandshakes(t *testing.T) {
	for _, protocol := range protocols() {
		srv := startNameServer(t, 0)
		e := newExecutor(t)
		const credentials = 50
		each := scale(1_000, 40)
		wrong := 0
		mine := make([]*mtlshttp.Credential, credentials)
		for i := range mine {
			mine[i] = srv.Credential(t, fmt.Sprint(i))
		}
		for range each {
			for i, c := range mine {
				s := &mtlshttp.Session{Executor: e}
				resp, err := s.Do(t.Context(), &mtlshttp.Request{URL: srv.URL + "/", Identity: c, Roots: srv.Roots(), Protocol: protocol})
				require.NoError(t, err)
				if string(resp.Bytes()) != fmt.Sprint(i) {
					wrong++
				}
			}
		}
		fmt.Printf("%d credentials x %d requests, %s, HTTP/%d: %d handshakes, %d wrong\n", credentials, each, tls.VersionName(protocol.MinTLS), protocol.HTTP, srv.Handshakes.Load(), wrong)
		assert.EqualValues(t, credentials, srv.Handshakes.Load())
		assert.Zero(t, wrong)
	}
}

// A required certificate that is not asked for, or that is withheld, ends the
// connection before a byte of HTTP: peers that count see none.
func TestRequiredCertificateOrNotOneByte(t *testing.T) {
	b := newBench(t)
	withheld := *b.situations[18].credential
	withheld.AllowAnonymous = true
	for _, p := range protocols() {
		for name, c := range map[string]struct {
			demand     realserver.Demand
			credential *mtlshttp.Credential
		}{
			"never asked": {realserver.DemandNone, b.situations[1].credential},
			"withheld":    {realserver.DemandOptional, &withheld},
		} {
			t.Run(fmt.Sprintf("%s, %s, HTTP/%d", name, tls.VersionName(p.MinTLS), p.HTTP), func(t *testing.T) {
				config := b.server("", c.demand)
				config.MinVersion, config.MaxVersion, config.HTTP2 = p.MinTLS, p.MaxTLS, p.HTTP == 2
				srv := realserver.Start(t, realserver.PeerStallAfterHandshake, config)
				e := newExecutor(t)
				for _, method := range []string{"GET", "POST", "POST"} {
					_, err := e.Do(t.Context(), &mtlshttp.Request{Method: method, URL: srv.URL + "/", Identity: c.credential, Roots: b.roots(),
						Protocol: p, RequireClientCertificate: true, Body: mtlshttp.Text("text/plain", "a body"), Timeout: 10 * time.Second})
					f := failureOf(t, err)
					assert.Equal(t, mtlshttp.KindTLSClientCert, f.Kind)
					require.NotNil(t, f.Diagnosis)
					assert.Equal(t, "certain", f.Diagnosis.Confidence)
				}
				assert.Zero(t, srv.ApplicationBytes())
			})
		}
	}
}
