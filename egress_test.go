package mtlshttp_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// outside stands for the Internet: the guarded executors of these tests allow
// it, and the rest of loopback is the inside.
const outside = "127.0.0.2"

func guarded(t testing.TB) *mtlshttp.Executor {
	e := newExecutor(t)
	e.Egress = &mtlshttp.EgressPolicy{AllowNetworks: []netip.Prefix{netip.MustParsePrefix(outside + "/32")}}
	return e
}

// place is a server that counts its connections.
type place struct {
	*httptest.Server
	conns atomic.Int64
}

func (p *place) port() string {
	_, port, _ := net.SplitHostPort(p.Listener.Addr().String())
	return port
}

func startPlace(t testing.TB, address string, handler http.HandlerFunc) *place {
	t.Helper()
	l, err := net.Listen("tcp", address)
	require.NoError(t, err)
	p := &place{Server: httptest.NewUnstartedServer(handler)}
	_ = p.Server.Listener.Close()
	p.Server.Listener = l
	p.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			p.conns.Add(1)
		}
	}
	p.Start()
	t.Cleanup(p.Close)
	return p
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

func refusedBy(t *testing.T, err error, reason string) *mtlshttp.Error {
	t.Helper()
	e := failureOf(t, err)
	assert.Equal(t, mtlshttp.KindEgress, e.Kind, e)
	assert.Equal(t, reason, e.Reason)
	assert.Equal(t, mtlshttp.Phase("connect"), e.Phase)
	assert.Equal(t, "ConnectionError", e.Type)
	assert.False(t, e.Retryable)
	assert.Nil(t, e.Diagnosis)
	return e
}

func TestEgressAllowsWhatItAllows(t *testing.T) {
	there := startPlace(t, outside+":0", hello)
	resp, err := guarded(t).Do(t.Context(), &mtlshttp.Request{URL: there.URL})
	require.NoError(t, err)
	assert.Equal(t, "hello", resp.Data)

	e := newExecutor(t)
	e.Egress = mtlshttp.PublicOnly()
	_, err = e.Do(t.Context(), &mtlshttp.Request{URL: there.URL})
	f := refusedBy(t, err, "address")
	assert.Len(t, f.Hops, 1)
	assert.EqualValues(t, 1, there.conns.Load(), "the first request's")
}

// RED-23 and SSRF-05: each hop is judged by the address that it leads to.
func TestRED23RedirectsInside(t *testing.T) {
	inside := startPlace(t, "127.0.0.1:0", hello)
	var location atomic.Value
	there := startPlace(t, outside+":0", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", location.Load().(string))
		w.WriteHeader(http.StatusFound)
	})
	for to, reason := range map[string]string{
		"http://169.254.169.254/latest/meta-data/": "address",
		"http://[::ffff:a9fe:a9fe]/":               "address",
		"http://127.0.0.1:" + inside.port():        "address",
		"http://2130706433:" + inside.port():       "address",
		"http://[::1]:" + inside.port():            "address",
		"http://localhost:" + inside.port():        "address",
		"//127.1:" + inside.port() + "/":           "address",
		"http://metadata.google.internal/":         "host",
	} {
		t.Run(to, func(t *testing.T) {
			location.Store(to)
			_, err := guarded(t).Do(t.Context(), &mtlshttp.Request{URL: there.URL})
			f := refusedBy(t, err, reason)
			require.Len(t, f.Hops, 2)
			assert.Equal(t, http.StatusFound, f.Hops[0].StatusCode)

			client, err := guarded(t).Client(t.Context(), &mtlshttp.Request{URL: there.URL})
			require.NoError(t, err)
			_, err = client.Get(there.URL)
			refusedBy(t, err, reason)
		})
	}
	assert.Zero(t, inside.conns.Load())
}

// SSRF-05: a TLS connection is judged like any other, in Probe, too.
func TestSSRF05TLSAndProbe(t *testing.T) {
	srv := mtlstest.NewServer(t, whoami)
	e := guarded(t)
	_, err := e.Do(t.Context(), srv.Request("/"))
	refusedBy(t, err, "address")
	for _, host := range []string{"localhost", "127.0.0.1"} {
		r := srv.Request("/")
		u, err := url.Parse(r.URL)
		require.NoError(t, err)
		r.URL = "https://" + net.JoinHostPort(host, u.Port())
		result, err := e.Probe(t.Context(), r)
		require.NoError(t, err)
		refusedBy(t, result.Error, "address")
	}
}

// SSRF-06: a proxy is asked for nothing that the policy would refuse; its own
// address is exempt.
func TestSSRF06Proxies(t *testing.T) {
	inside := startPlace(t, "127.0.0.1:0", hello)
	there := startPlace(t, outside+":0", hello)
	proxy := startProxy(t, nil)
	socks := startPlace(t, "127.0.0.1:0", hello) // nothing may come so far
	through := func(p *mtlshttp.Proxy) *mtlshttp.Executor {
		e := guarded(t)
		e.Proxy = p
		return e
	}
	resp, err := through(&mtlshttp.Proxy{URL: proxy.URL}).Do(t.Context(), &mtlshttp.Request{URL: there.URL})
	require.NoError(t, err, "forwarded by a proxy that is not public itself")
	assert.Equal(t, there.URL+"/", resp.Data)
	seen := len(proxy.Seen())

	for _, address := range []string{proxy.URL, "socks5" + strings.TrimPrefix(socks.URL, "http")} {
		for _, target := range []string{
			"http://127.0.0.1:" + inside.port(), "https://127.0.0.1:" + inside.port(), "https://[::1]:" + inside.port(),
			"http://localhost:" + inside.port(), "https://localhost:" + inside.port(), "https://169.254.169.254/",
		} {
			_, err := through(&mtlshttp.Proxy{URL: address}).Do(t.Context(), &mtlshttp.Request{URL: target})
			refusedBy(t, err, "address")
		}
		_, err = through(&mtlshttp.Proxy{URL: address}).Do(t.Context(), &mtlshttp.Request{URL: "https://metadata.google.internal/"})
		refusedBy(t, err, "host")
		_, err = through(&mtlshttp.Proxy{URL: address}).Do(t.Context(), &mtlshttp.Request{URL: "https://no-such-host.invalid/"})
		assert.Equal(t, mtlshttp.KindDNS, failureOf(t, err).Kind, "what cannot be judged is not sent")
	}
	assert.Len(t, proxy.Seen(), seen)
	assert.Zero(t, socks.conns.Load())

	// What goes past the proxy is judged as well. (CVE-2025-22870: a zone
	// that looks like the suffix of an exception.)
	direct := through(&mtlshttp.Proxy{URL: proxy.URL, Exceptions: []string{"127.0.0.1", "localhost", "*.example"}})
	for _, target := range []string{inside.URL, "http://localhost:" + inside.port()} {
		_, err := direct.Do(t.Context(), &mtlshttp.Request{URL: target})
		refusedBy(t, err, "address")
	}
	zoned := "http://[::1%25.example]:" + inside.port() + "/"
	_, err = direct.Do(t.Context(), &mtlshttp.Request{URL: zoned})
	assert.Equal(t, mtlshttp.KindURL, failureOf(t, err).Kind)
	client, err := direct.Client(t.Context(), &mtlshttp.Request{URL: there.URL})
	require.NoError(t, err)
	_, err = client.Get(zoned)
	refusedBy(t, err, "host")
	assert.Len(t, proxy.Seen(), seen)
	assert.Zero(t, inside.conns.Load())
}

// SSRF-06: a tunnel to what is allowed comes about.
func TestSSRF06TunnelToWhatIsAllowed(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	config, err := ca.ServerConfig(outside)
	require.NoError(t, err)
	config.ClientAuth = tls.NoClientCert
	l, err := net.Listen("tcp", outside+":0")
	require.NoError(t, err)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(hello))
	_ = srv.Listener.Close()
	srv.Listener, srv.TLS = l, config
	srv.StartTLS()
	t.Cleanup(srv.Close)
	proxy := startProxy(t, nil)
	e := guarded(t)
	e.Proxy = &mtlshttp.Proxy{URL: proxy.URL}
	resp, err := e.Do(t.Context(), &mtlshttp.Request{URL: srv.URL, Roots: ca.Roots()})
	require.NoError(t, err)
	assert.Equal(t, "hello", resp.Data)
	assert.Equal(t, proxy.Listener.Addr().String(), resp.Receipt.Proxy)
}

// SSRF-07: the environment names no proxy unless it is asked.
func TestSSRF07EnvironmentIsNotAsked(t *testing.T) {
	there := startPlace(t, "127.0.0.1:0", hello)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"} {
		t.Setenv(name, "http://127.0.0.1:1")
	}
	resp, err := newExecutor(t).Do(t.Context(), &mtlshttp.Request{URL: there.URL})
	require.NoError(t, err)
	assert.Equal(t, "hello", resp.Data)
}

// SSRF-08 to SSRF-10 and SSRF-13: what is in doubt is no URL.
func TestSSRF08To13URLs(t *testing.T) {
	inside := startPlace(t, "127.0.0.1:0", hello)
	e := newExecutor(t)
	e.Egress = mtlshttp.PublicOnly()
	for id, targets := range map[string][]string{
		"SSRF-08": {"http://a.test:0/", "http://a.test:99999/", "http://a.test:-1/", "http://a.test:+80/", "http://a.test:8 0/"},
		"SSRF-09": {"http:/127.0.0.1/", "http:127.0.0.1/", "//127.0.0.1/", "http://", "http:///x", "file:///etc/passwd", "gopher://127.0.0.1/", "127.0.0.1"},
		"SSRF-10": {"http://a.com%00.b/", "http://a%2ecom/", "http://xn--a.test/", "http://a.com\\@127.0.0.1/x", "http://a.com /", "http://[127.0.0.1]/"},
		"SSRF-13": {"unix:///var/run/docker.sock", "http+unix://%2Fvar%2Frun/x", "unix:@abstract", "ftp://127.0.0.1/", "http://%2Fvar%2Frun%2Fdocker.sock/"},
	} {
		for _, target := range targets {
			_, err := e.Do(t.Context(), &mtlshttp.Request{URL: target})
			assert.Contains(t, []mtlshttp.Kind{mtlshttp.KindURL, mtlshttp.KindEgress}, failureOf(t, err).Kind, "%s %s", id, target)
		}
	}
	for _, target := range []string{"http://good.com@127.0.0.1:" + inside.port(), "http://good.com:80@127.0.0.1:" + inside.port() + "/#@a.com"} {
		_, err := e.Do(t.Context(), &mtlshttp.Request{URL: target})
		assert.Contains(t, refusedBy(t, err, "address").URL, "127.0.0.1", "SSRF-10: the host that is shown is the one that is judged")
	}
	e = guarded(t)
	e.Egress.DenyPorts = []uint16{22, 25, 6379}
	for _, port := range []string{"22", "25", "6379"} {
		_, err := e.Do(t.Context(), &mtlshttp.Request{URL: "http://" + outside + ":" + port})
		refusedBy(t, err, "port")
	}
	assert.Zero(t, inside.conns.Load())
}

// SSRF-11: a Host header names a host, so the policy's names hold for it.
func TestSSRF11HostHeader(t *testing.T) {
	there := startPlace(t, outside+":0", hello)
	e := guarded(t)
	e.Egress.AllowHosts = []string{outside, "shop.example"}
	for host, allowed := range map[string]bool{"shop.example": true, "shop.example:8080": true, "admin.internal": false, "metadata.google.internal": false} {
		_, err := e.Do(t.Context(), &mtlshttp.Request{URL: there.URL, Headers: []mtlshttp.Header{{Name: "Host", Value: host}}})
		if allowed {
			require.NoError(t, err, host)
		} else {
			refusedBy(t, err, "host")
		}
	}
}

// SSRF-12: an error tells nothing of what a name resolves to, unless it shall.
func TestSSRF12NothingIsRevealed(t *testing.T) {
	e := guarded(t)
	_, err := e.Do(t.Context(), &mtlshttp.Request{URL: "http://localhost:9/"})
	f := refusedBy(t, err, "address")
	document, jsonErr := json.Marshal(f)
	require.NoError(t, jsonErr)
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", f), fmt.Sprintf("%+v", f.Err), fmt.Sprintf("%#v", f.Err), string(document)} {
		assert.NotContains(t, text, "127.0.0")
		assert.NotContains(t, text, "::1")
		assert.NotContains(t, text, "loopback")
	}
	e = guarded(t)
	e.Egress.Explain = true
	_, err = e.Do(t.Context(), &mtlshttp.Request{URL: "http://localhost:9/"})
	assert.Regexp(t, `127\.0\.0\.1:9|\[::1\]:9`, refusedBy(t, err, "address").Error())
}

// SSRF-14: the guard holds for the embedder's own dialer; what has no address
// is refused.
func TestSSRF14DialHook(t *testing.T) {
	inside := startPlace(t, "127.0.0.1:0", func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") })
	there := startPlace(t, outside+":0", hello)
	for name, c := range map[string]struct {
		dial   func(context.Context, string, string) (net.Conn, error)
		reason string
	}{
		"leads inside": {func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, inside.Listener.Addr().String())
		}, "address"},
		"leads to where it should": {new(net.Dialer).DialContext, ""},
		"has no IP address": {func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			_ = there.Close()
			return here, nil
		}, "address"},
		"has no address at all": {func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			_ = there.Close()
			return nowhere{here}, nil
		}, "address"},
	} {
		t.Run(name, func(t *testing.T) {
			e := guarded(t)
			e.Dial = c.dial
			_, err := e.Do(t.Context(), &mtlshttp.Request{URL: there.URL})
			if c.reason == "" {
				require.NoError(t, err)
			} else {
				refusedBy(t, err, c.reason)
			}
		})
	}
}

type nowhere struct{ net.Conn }

func (nowhere) RemoteAddr() net.Addr { return nil }

// A policy that cannot be understood lets nothing through.
func TestEgressPolicyIsValidated(t *testing.T) {
	for name, policy := range map[string]*mtlshttp.EgressPolicy{
		"allowed host": {AllowHosts: []string{"*"}}, "denied host": {DenyHosts: []string{"https://a.test"}},
		"allowed network": {AllowNetworks: []netip.Prefix{{}}}, "denied network": {DenyNetworks: []netip.Prefix{{}}},
	} {
		e := newExecutor(t)
		e.Egress = policy
		_, err := e.Do(t.Context(), &mtlshttp.Request{URL: "http://a.test"})
		assert.Equal(t, mtlshttp.KindConfig, failureOf(t, err).Kind, name)
		assert.Equal(t, "egress", failureOf(t, err).Field, name)
	}
}

func ExamplePublicOnly() {
	e := &mtlshttp.Executor{Egress: mtlshttp.PublicOnly()}
	defer e.Close()
	_, err := e.Do(context.Background(), &mtlshttp.Request{URL: "http://169.254.169.254/latest/meta-data/"})
	fmt.Println(err)
	// Output: mtlshttp: egress(address): http://169.254.169.254/latest/meta-data/: the egress policy does not allow this address
}
