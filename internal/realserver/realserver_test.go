package realserver

import (
	"context"
	"crypto/tls"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/testca"
)

// world is the certificates that these tests need, made once.
type world struct {
	ca, below, other     *testca.CA
	server               *testca.Pair
	client, deep, banned *testca.Pair // of the root, of the intermediate, revoked
	stranger             *testca.Pair // of the other root
	crl                  []byte
}

var theWorld = sync.OnceValues(func() (*world, error) {
	w := &world{}
	var errs []error
	keep := func(err error) { errs = append(errs, err) }
	var err error
	w.ca, err = testca.New(testca.Options{CommonName: "Root A"})
	keep(err)
	w.other, err = testca.New(testca.Options{CommonName: "Root B"})
	keep(err)
	w.below, err = w.ca.Intermediate(testca.Options{CommonName: "Below A"})
	keep(err)
	issue := func(ca *testca.CA, name string, usage testca.Usage) *testca.Pair {
		pair, err := ca.Issue(testca.Leaf{
			CommonName: name, Usages: usage,
			DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		})
		keep(err)
		return pair
	}
	w.server = issue(w.ca, "server", testca.ServerAuth)
	w.client = issue(w.ca, "client-one", testca.ClientAuth)
	w.deep = issue(w.below, "client-deep", testca.ClientAuth)
	w.banned = issue(w.ca, "client-banned", testca.ClientAuth)
	w.stranger = issue(w.other, "client-stranger", testca.ClientAuth)
	list, err := w.ca.RevocationList(w.banned.Certificate)
	keep(err)
	w.crl = pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: list})
	return w, errors.Join(errs...)
})

func newWorld(t testing.TB) *world {
	w, err := theWorld()
	require.NoError(t, err)
	return w
}

func (w *world) config(t testing.TB, demand Demand) Config {
	key, err := w.server.KeyPEM()
	require.NoError(t, err)
	return Config{Certificate: w.server.CertificatePEM(), Key: key, ClientCAs: w.ca.PEM(), Demand: demand}
}

// result is what a plain client of crypto/tls and net/http got.
type result struct {
	status      int
	proto       string
	body        string
	err         error
	version     uint16
	asked       bool
	authorities []string
}

// client sends one request on a connection of its own. It sends its
// certificate whatever authorities the server names.
type client struct {
	pair    *testca.Pair
	version uint16
	http2   bool
	renew   bool // allows renegotiation
	body    string
}

func (c client) get(t testing.TB, w *world, url string) result {
	t.Helper()
	var r result
	var mu sync.Mutex
	config := &tls.Config{
		RootCAs: w.ca.Pool(), MinVersion: c.version, MaxVersion: c.version,
		GetClientCertificate: func(q *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			mu.Lock()
			defer mu.Unlock()
			r.asked = true
			for _, raw := range q.AcceptableCAs {
				r.authorities = append(r.authorities, commonName(t, raw))
			}
			if c.pair == nil {
				return &tls.Certificate{}, nil
			}
			cert := c.pair.TLS()
			return &cert, nil
		},
	}
	if c.renew {
		config.Renegotiation = tls.RenegotiateOnceAsClient
	}
	transport := &http.Transport{TLSClientConfig: config, Protocols: new(http.Protocols), DisableKeepAlives: true}
	transport.Protocols.SetHTTP1(!c.http2)
	transport.Protocols.SetHTTP2(c.http2)
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	method, body := http.MethodGet, io.Reader(nil)
	if c.body != "" {
		method, body = http.MethodPost, strings.NewReader(c.body)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	require.NoError(t, err)
	response, err := transport.RoundTrip(request)
	if err == nil {
		var content []byte
		content, err = io.ReadAll(response.Body)
		response.Body.Close()
		r.status, r.proto, r.version, r.body = response.StatusCode, response.Proto, response.TLS.Version, string(content)
	}
	mu.Lock()
	defer mu.Unlock()
	r.err = err
	return r
}

func commonName(t testing.TB, rawSubject []byte) string {
	var sequence pkix.RDNSequence
	_, err := asn1.Unmarshal(rawSubject, &sequence)
	require.NoError(t, err)
	var name pkix.Name
	name.FillFromRDNSequence(&sequence)
	return name.CommonName
}

func versions() []uint16 { return []uint16{tls.VersionTLS12, tls.VersionTLS13} }

// refused is a result without the application's answer.
func refused(r result) bool { return r.err != nil || r.status >= 400 }

func each(t *testing.T, name string, f func(t *testing.T, kind Kind, w *world)) {
	w := newWorld(t)
	for _, kind := range Kinds() {
		t.Run(fmt.Sprintf("%s/%s", name, kind), func(t *testing.T) { f(t, kind, w) })
	}
}

func TestIntegrationRequire(t *testing.T) {
	each(t, "require", func(t *testing.T, kind Kind, w *world) {
		s := Start(t, kind, w.config(t, DemandRequire))
		for _, version := range versions() {
			with := client{pair: w.client, version: version}.get(t, w, s.URL)
			require.NoError(t, with.err, s.Log())
			assert.Equal(t, 200, with.status)
			assert.Equal(t, version, with.version)
			assert.True(t, with.asked)
			assert.Equal(t, []string{"Root A"}, with.authorities)

			without := client{version: version}.get(t, w, s.URL)
			assert.True(t, refused(without), "without a certificate: %+v", without)
			assert.True(t, without.asked)

			stranger := client{pair: w.stranger, version: version}.get(t, w, s.URL)
			assert.True(t, refused(stranger), "with another authority's certificate: %+v", stranger)
		}
		s.WaitLog(t, "client-one")
	})
}

func TestIntegrationVersionsAreBounded(t *testing.T) {
	each(t, "versions", func(t *testing.T, kind Kind, w *world) {
		for _, version := range versions() {
			c := w.config(t, DemandNone)
			c.MinVersion, c.MaxVersion = version, version
			s := Start(t, kind, c)
			for _, tried := range versions() {
				r := client{version: tried}.get(t, w, s.URL)
				assert.Equal(t, tried == version, r.err == nil, "%s to a server of %s: %v", tls.VersionName(tried), tls.VersionName(version), r.err)
				assert.False(t, r.asked)
			}
		}
	})
}

func TestIntegrationOptional(t *testing.T) {
	each(t, "optional", func(t *testing.T, kind Kind, w *world) {
		s := Start(t, kind, w.config(t, DemandOptional))
		for _, version := range versions() {
			for _, pair := range []*testca.Pair{nil, w.client} {
				r := client{pair: pair, version: version}.get(t, w, s.URL)
				require.NoError(t, r.err, s.Log())
				assert.Equal(t, 200, r.status)
				assert.True(t, r.asked)
			}
			stranger := client{pair: w.stranger, version: version}.get(t, w, s.URL)
			assert.True(t, refused(stranger), "with another authority's certificate: %+v", stranger)
		}
	})
}

func TestIntegrationHTTP2(t *testing.T) {
	each(t, "http2", func(t *testing.T, kind Kind, w *world) {
		c := w.config(t, DemandRequire)
		c.HTTP2 = true
		if unsupported(t, kind, c) {
			return
		}
		s := Start(t, kind, c)
		for _, version := range versions() {
			r := client{pair: w.client, version: version, http2: true}.get(t, w, s.URL)
			require.NoError(t, r.err, s.Log())
			assert.Equal(t, 200, r.status)
			assert.Equal(t, "HTTP/2.0", r.proto)
			assert.True(t, refused(client{version: version, http2: true}.get(t, w, s.URL)))
			r = client{pair: w.client, version: version}.get(t, w, s.URL)
			require.NoError(t, r.err, s.Log())
			assert.Equal(t, "HTTP/1.1", r.proto)
		}
	})
}

func TestIntegrationPerPath(t *testing.T) {
	each(t, "path", func(t *testing.T, kind Kind, w *world) {
		c := w.config(t, DemandPerPath)
		if unsupported(t, kind, c) {
			return
		}
		s := Start(t, kind, c)
		for _, version := range versions() {
			open := client{version: version}.get(t, w, s.URL+"/open")
			require.NoError(t, open.err, s.Log())
			assert.Equal(t, 200, open.status)
			assert.Equal(t, kind != Apache, open.asked)
			assert.True(t, refused(client{version: version}.get(t, w, s.URL+ProtectedPath)))
			with := client{pair: w.client, version: version, renew: true}.get(t, w, s.URL+ProtectedPath)
			if kind == Apache && version == tls.VersionTLS13 {
				assert.Equal(t, 403, with.status, "post-handshake authentication, which Go does not offer")
				continue
			}
			require.NoError(t, with.err, s.Log())
			assert.Equal(t, 200, with.status)
		}
	})
}

func TestIntegrationRevocation(t *testing.T) {
	each(t, "crl", func(t *testing.T, kind Kind, w *world) {
		c := w.config(t, DemandRequire)
		c.CRL = w.crl
		s := Start(t, kind, c)
		for _, version := range versions() {
			good := client{pair: w.client, version: version}.get(t, w, s.URL)
			require.NoError(t, good.err, s.Log())
			assert.Equal(t, 200, good.status)
			banned := client{pair: w.banned, version: version}.get(t, w, s.URL)
			assert.True(t, refused(banned), "with a revoked certificate: %+v", banned)
		}
	})
}

func TestIntegrationDefaultDepth(t *testing.T) {
	each(t, "default", func(t *testing.T, kind Kind, w *world) {
		s := Start(t, kind, w.config(t, DemandRequire))
		for _, version := range versions() {
			r := client{pair: w.deep, version: version}.get(t, w, s.URL)
			assert.Equal(t, kind == Apache, refused(r), "%+v", r)
		}
	})
}

func TestIntegrationDepth(t *testing.T) {
	each(t, "depth", func(t *testing.T, kind Kind, w *world) {
		c := w.config(t, DemandRequire)
		c.Depth = NoIntermediates
		if unsupported(t, kind, c) {
			return
		}
		flat := Start(t, kind, c)
		c.Depth = 1
		deep := Start(t, kind, c)
		for _, version := range versions() {
			r := client{pair: w.client, version: version}.get(t, w, flat.URL)
			require.NoError(t, r.err, flat.Log())
			assert.Equal(t, 200, r.status)
			assert.True(t, refused(client{pair: w.deep, version: version}.get(t, w, flat.URL)), "an intermediate too many")
			r = client{pair: w.deep, version: version}.get(t, w, deep.URL)
			require.NoError(t, r.err, deep.Log())
			assert.Equal(t, 200, r.status)
		}
	})
}

func TestIntegrationAdvertisedAuthorities(t *testing.T) {
	each(t, "list", func(t *testing.T, kind Kind, w *world) {
		apart := w.config(t, DemandRequire)
		apart.AdvertisedCAs = w.other.PEM()
		if !unsupported(t, kind, apart) {
			s := Start(t, kind, apart)
			for _, version := range versions() {
				r := client{pair: w.client, version: version}.get(t, w, s.URL)
				require.NoError(t, r.err, s.Log())
				assert.Equal(t, 200, r.status)
				assert.Equal(t, []string{"Root B"}, r.authorities)
				stranger := client{pair: w.stranger, version: version}.get(t, w, s.URL)
				assert.Equal(t, kind.AdvertisedAreTrusted(), !refused(stranger), "%+v", stranger)
			}
		}
		none := w.config(t, DemandRequire)
		none.AdvertisedCAs = []byte{}
		if !unsupported(t, kind, none) {
			s := Start(t, kind, none)
			for _, version := range versions() {
				r := client{pair: w.client, version: version}.get(t, w, s.URL)
				require.NoError(t, r.err, s.Log())
				assert.Equal(t, 200, r.status)
				assert.Empty(t, r.authorities)
			}
		}
	})
}

func TestIntegrationPOST(t *testing.T) {
	each(t, "post", func(t *testing.T, kind Kind, w *world) {
		if !kind.AnswersPOST() {
			return
		}
		s := Start(t, kind, w.config(t, DemandRequire))
		body := strings.Repeat("x", 300_000)
		r := client{pair: w.client, body: body}.get(t, w, s.URL+"/upload")
		require.NoError(t, r.err, s.Log())
		assert.Equal(t, 200, r.status)
		if requests := s.Requests(); requests != nil {
			require.Len(t, requests, 1)
			assert.Equal(t, "POST /upload", requests[0].Method+" "+requests[0].Path)
			assert.EqualValues(t, len(body), requests[0].Body)
			if kind != Stunnel { // which speaks no HTTP
				assert.Contains(t, requests[0].Subject, "client-one")
			}
		}
	})
}

// A pinned certificate is taken and a valid one beside it is not; the list that
// the client sees is of subjects, which no issuer matches.
func TestIntegrationStunnelPinsLeaf(t *testing.T) {
	w := newWorld(t)
	c := w.config(t, DemandRequire)
	c.PinLeaf = true
	c.ClientCAs = w.client.CertificatePEM()
	s := Start(t, Stunnel, c)
	for _, version := range versions() {
		r := client{pair: w.client, version: version}.get(t, w, s.URL)
		require.NoError(t, r.err, s.Log())
		assert.Equal(t, 200, r.status)
		assert.Equal(t, []string{"client-one"}, r.authorities)
		assert.True(t, refused(client{pair: w.banned, version: version}.get(t, w, s.URL)))
	}
}

// unsupported leaves a combination out, after it made sure that Check gives the
// error that callers switch on.
func unsupported(t *testing.T, kind Kind, c Config) bool {
	err := kind.Check(c)
	if err == nil {
		return false
	}
	var u *UnsupportedError
	require.ErrorAs(t, err, &u)
	assert.Equal(t, kind, u.Kind)
	t.Log(err)
	return true
}
