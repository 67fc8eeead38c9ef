package handshakes_test

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/realserver"
	"github.com/mtlshttp/mtlshttp/internal/replica"
)

// replicated are the servers that have a replica.
var replicated = map[realserver.Kind]replica.Name{
	realserver.Nginx: replica.Nginx, realserver.Apache: replica.Apache, realserver.HAProxy: replica.HAProxy,
	realserver.OpenSSL: replica.OpenSSL, realserver.Stunnel: replica.Stunnel, realserver.GnuTLS: replica.GnuTLS,
	realserver.Node: replica.Node, realserver.JDK: replica.Java, realserver.Go: replica.Go,
}

func pemCertificates(t testing.TB, text []byte) []*x509.Certificate {
	t.Helper()
	var list []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		list = append(list, cert)
	}
	return list
}

// startReplica starts the replica of a server of the suite.
func startReplica(t testing.TB, s setup) *httptest.Server {
	t.Helper()
	pair, err := tls.X509KeyPair(s.config.Certificate, s.config.Key)
	require.NoError(t, err)
	c := replica.Config{
		Like: replicated[s.kind], Certificate: pair, Demand: replica.Demand(s.config.Demand), Path: realserver.ProtectedPath,
		ClientCAs: pemCertificates(t, s.config.ClientCAs), Advertised: pemCertificates(t, s.config.AdvertisedCAs),
		MinVersion: s.config.MinVersion, MaxVersion: s.config.MaxVersion, HTTP2: s.config.HTTP2, Depth: s.config.Depth,
	}
	for block, rest := pem.Decode(s.config.CRL); block != nil; block, rest = pem.Decode(rest) {
		list, err := x509.ParseRevocationList(block.Bytes)
		require.NoError(t, err)
		c.Lists = append(c.Lists, list)
	}
	r, err := replica.New(c)
	require.NoError(t, err)
	srv := httptest.NewUnstartedServer(r.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ok\n")
	})))
	srv.Listener, srv.TLS, srv.EnableHTTP2 = r.Listener(srv.Listener), r.TLS(), r.HTTP2()
	srv.Config.ConnContext, srv.Config.TLSNextProto = r.ConnContext, r.TLSNextProto()
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv
}

// replicaSight is what our library sees of an exchange.
type replicaSight struct {
	situation   string
	cause, seen string
	alert       string
	status      int
	kind        mtlshttp.Kind
	phase       string
}

// String leaves out what is seen besides, such as dates.
func (s replicaSight) String() string {
	return cmp.Or(s.cause, "no cause") + fmt.Sprintf(", alert %s, status %d, kind %q, phase %q", cmp.Or(s.alert, "none"), s.status, s.kind, s.phase)
}

// seeReplica makes one exchange. Whether the end of a connection is met while the
// request is written or the answer awaited is chance, so these phases are one.
func seeReplica(t *testing.T, situation string, r *mtlshttp.Request) replicaSight {
	out := ask(t.Context(), situation, r, nil, false)
	s := replicaSight{situation: situation, status: out.status}
	if d := out.diagnosis; d != nil {
		s.cause, s.seen = d.Cause+" ("+d.Confidence+")", d.Seen
		if _, after, ok := strings.Cut(d.Seen, "the peer sent alert "); ok {
			s.alert, _, _ = strings.Cut(after, " ")
		}
	}
	if e := out.err; e != nil {
		s.kind, s.phase = e.Kind, string(e.Phase)
		if slices.Contains([]string{"write-headers", "write-body", "wait", "headers"}, s.phase) {
			s.phase = "after the handshake"
		}
	}
	return s
}

// sights calls a server in every situation of the diagnosis suite.
func (b *bench) replicaSights(t *testing.T, s setup, url, addr string) []replicaSight {
	path := "/"
	if s.config.Demand == realserver.DemandPerPath {
		path = realserver.ProtectedPath
	}
	var seen []replicaSight
	get := func(situation string, c *mtlshttp.Credential, p mtlshttp.Protocol) {
		seen = append(seen, seeReplica(t, situation, &mtlshttp.Request{URL: url + path, Identity: c, Roots: b.roots(), Protocol: p, Timeout: 10 * time.Second}))
	}
	for i, c := range b.situations {
		if s.trouble != "" && i > 1 || c.revoked && s.config.CRL == nil {
			continue
		}
		get(c.name, c.credential, s.protocol)
	}
	if s.config.Demand != realserver.DemandRequire || s.trouble != "" || s.config.CRL != nil || s.config.Depth != 0 || s.config.AdvertisedCAs != nil {
		return seen
	}
	seen = append(seen, seeReplica(t, "http to the TLS port", &mtlshttp.Request{URL: "http://" + addr + "/", Timeout: 10 * time.Second}))
	valid, other := b.situations[1].credential, s.protocol
	other.MinTLS, other.MaxTLS = tls.VersionTLS12+tls.VersionTLS13-s.protocol.MinTLS, tls.VersionTLS12+tls.VersionTLS13-s.protocol.MaxTLS
	get("another TLS version", valid, other)
	if !s.config.HTTP2 {
		only := s.protocol
		only.HTTP = 2
		get("HTTP/2 alone", valid, only)
	}
	return seen
}

// replicaScore counts the situations in which a replica equals its server.
type replicaScore struct {
	mu           sync.Mutex
	equal, total map[realserver.Kind]int
}

// TestReplicas holds the replicas of mtlstest.Like against the servers, in every
// situation of the diagnosis suite. Without MTLSHTTP_INTEGRATION only Go's own
// is called, by TLS 1.3 and HTTP/1.1.
func TestReplicas(t *testing.T) {
	kinds, all := []realserver.Kind{realserver.Go}, os.Getenv("MTLSHTTP_INTEGRATION") != ""
	if all {
		kinds = realserver.Kinds()
	}
	b, points := newBench(t), &replicaScore{equal: map[realserver.Kind]int{}, total: map[realserver.Kind]int{}}
	t.Run("servers", func(t *testing.T) {
		for _, s := range b.setups(kinds) {
			if !all && (s.config.MaxVersion != tls.VersionTLS13 || s.config.HTTP2) {
				continue
			}
			t.Run(s.String(), func(t *testing.T) {
				t.Parallel()
				b.compareReplica(t, s, points)
			})
		}
	})
	equal, total := 0, 0
	for _, kind := range kinds {
		fmt.Printf("replica of %s: %d of %d\n", kind, points.equal[kind], points.total[kind])
		assert.GreaterOrEqual(t, float64(points.equal[kind]), 0.95*float64(points.total[kind]), "%s", kind)
		equal, total = equal+points.equal[kind], total+points.total[kind]
	}
	fmt.Printf("replicas: %d of %d\n", equal, total)
	assert.NotZero(t, total)
}

func (b *bench) compareReplica(t *testing.T, s setup, points *replicaScore) {
	real, copied := realserver.Start(t, s.kind, s.config), startReplica(t, s)
	want := b.replicaSights(t, s, real.URL, real.Addr)
	got := b.replicaSights(t, s, copied.URL, copied.Listener.Addr().String())
	require.Len(t, got, len(want))
	points.mu.Lock()
	defer points.mu.Unlock()
	for i, w := range want {
		points.total[s.kind]++
		if got[i].String() == w.String() {
			points.equal[s.kind]++
		} else {
			t.Logf("%s: the server: %v; the replica: %v (%s)", w.situation, w, got[i], got[i].seen)
		}
	}
}
