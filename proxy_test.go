package mtlshttp_test

import (
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

func TestHTTPProxyTunnels(t *testing.T) {
	srv := mtlstest.NewServer(t, whoami)
	proxy := startProxy(t, nil)
	address := strings.Replace(proxy.URL, "http://", "http://user:pw@", 1)
	for version, protocol := range versions {
		t.Run(version, func(t *testing.T) {
			r := srv.Request("/")
			r.Parse, r.Protocol = true, protocol
			resp, err := withProxy(t, &mtlshttp.Proxy{URL: address}).Do(t.Context(), r)
			require.NoError(t, err)
			assert.Equal(t, "client", resp.Data.(map[string]any)["client"])
			assert.Equal(t, proxy.Listener.Addr().String(), resp.Receipt.Proxy)

			// What TLS 1.3 loses is recovered through the tunnel, too.
			r.Identity = nil
			_, err = withProxy(t, &mtlshttp.Proxy{URL: address}).Do(t.Context(), r)
			assert.Equal(t, "client-cert-missing", failureOf(t, err).Diagnosis.Cause)
			assert.NotContains(t, err.Error(), "pw")
		})
	}
	for _, r := range proxy.Seen() {
		assert.Equal(t, "CONNECT", r.Method)
		assert.Equal(t, "Basic "+base64.StdEncoding.EncodeToString([]byte("user:pw")), r.Header.Get("Proxy-Authorization"))
	}
}

func TestPlainRequestsAreForwarded(t *testing.T) {
	proxy := startProxy(t, nil)
	resp, err := withProxy(t, &mtlshttp.Proxy{URL: proxy.URL}).Do(t.Context(), &mtlshttp.Request{URL: "http://plain.test/a?b=c"})
	require.NoError(t, err)
	assert.Equal(t, "http://plain.test/a?b=c", resp.Data)
}

// TLS-24: an https proxy has its own identity and never sees the origin's.
func TestHTTPSProxyHasItsOwnIdentity(t *testing.T) {
	srv := mtlstest.NewServer(t, whoami)
	proxyCA, err := mtlstest.NewCA()
	require.NoError(t, err)
	config, err := proxyCA.ServerConfig()
	require.NoError(t, err)
	proxy := startProxy(t, config)
	id, err := proxyCA.Issue(mtlstest.Client{Name: "for the proxy"})
	require.NoError(t, err)

	r := srv.Request("/")
	r.Parse = true
	resp, err := withProxy(t, &mtlshttp.Proxy{URL: proxy.URL, Roots: proxyCA.Roots(), Identity: id.Credential}).Do(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, "client", resp.Data.(map[string]any)["client"])
	require.Len(t, proxy.Seen(), 1)
	assert.Equal(t, "for the proxy", proxy.Seen()[0].TLS.PeerCertificates[0].Subject.CommonName)

	for range 20 {
		_, err = withProxy(t, &mtlshttp.Proxy{URL: proxy.URL, Roots: proxyCA.Roots()}).Do(t.Context(), r)
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindProxy, f.Kind, "%v", err)
		require.NotNil(t, f.Diagnosis)
		assert.Equal(t, "proxy-client-cert-required", f.Diagnosis.Cause)
		assert.Contains(t, f.Diagnosis.Seen, "the proxy asked for a client certificate")
	}
}

// A proxy's certificate that is refused is told as the proxy's, not the server's.
func TestCertificateOfAProxy(t *testing.T) {
	srv := mtlstest.NewServer(t, whoami)
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	elsewhere, err := ca.ServerConfig("elsewhere.test")
	require.NoError(t, err)
	here, err := ca.ServerConfig()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		config *tls.Config
		roots  mtlshttp.Roots
		cause  string
		seen   string
	}{
		"another name":      {elsewhere, ca.Roots(), "server-name-mismatch", `; it names "elsewhere.test" and not "127.0.0.1"`},
		"unknown authority": {here, mtlshttp.Roots{}, "server-intermediate-missing", ""},
	} {
		proxy := startProxy(t, c.config)
		for _, url := range []string{srv.URL, "http://plain.test/"} {
			r := srv.Request("/")
			r.URL = url
			_, err = withProxy(t, &mtlshttp.Proxy{URL: proxy.URL, Roots: c.roots}).Do(t.Context(), r)
			f := failureOf(t, err)
			assert.Equal(t, mtlshttp.KindProxy, f.Kind, "%s: %v", name, err)
			assert.Equal(t, "tls", f.Reason, name)
			assert.False(t, f.Retryable)
			if assert.NotNil(t, f.Diagnosis, "%s, %s: %v", name, url, err) {
				assert.Equal(t, c.cause, f.Diagnosis.Cause, name)
				assert.Regexp(t, `^the proxy's certificate is ".+", issued by ".+"`, f.Diagnosis.Seen)
				assert.Contains(t, f.Diagnosis.Seen, c.seen)
				assert.Regexp(t, "^The proxy", f.Diagnosis.Advice)
			}
		}
		assert.Empty(t, proxy.Seen())
	}
}

func TestProxyRefuses(t *testing.T) {
	srv := mtlstest.NewServer(t, whoami)
	for status, cause := range map[int]string{403: "proxy-refused", 407: "proxy-auth-required", 502: "proxy-refused"} {
		proxy := startProxy(t, nil)
		proxy.Refuse(status)
		_, err := withProxy(t, &mtlshttp.Proxy{URL: proxy.URL}).Do(t.Context(), srv.Request("/"))
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindProxy, f.Kind)
		assert.Equal(t, "status", f.Reason)
		assert.Equal(t, cause, f.Diagnosis.Cause)
		assert.Equal(t, "certain", f.Diagnosis.Confidence)
	}
}

func TestProxyExceptions(t *testing.T) {
	srv := mtlstest.NewServer(t, whoami)
	proxy := startProxy(t, nil)
	proxy.Refuse(403)
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	for _, exception := range []string{"*", "127.0.0.1", "127.0.0.0/8", "127.0.0.1:" + port} {
		_, err := withProxy(t, &mtlshttp.Proxy{URL: proxy.URL, Exceptions: []string{exception}}).Do(t.Context(), srv.Request("/"))
		assert.NoError(t, err, exception)
	}
	for _, exception := range []string{"10.0.0.0/8", "example", "127.0.0.1:1", ".0.0.1.example"} {
		_, err := withProxy(t, &mtlshttp.Proxy{URL: proxy.URL, Exceptions: []string{exception}}).Do(t.Context(), srv.Request("/"))
		assert.Error(t, err, exception)
	}
}

func TestProxyThatCannotWork(t *testing.T) {
	for _, address := range []string{"ftp://a", "", "http://", "://x", "http://u:pw@[bad"} {
		_, err := withProxy(t, &mtlshttp.Proxy{URL: address}).Do(t.Context(), &mtlshttp.Request{URL: "https://a.test"})
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindConfig, f.Kind, address)
		assert.NotContains(t, err.Error(), "pw")
	}
}

func TestEnvironmentIsIgnoredAndSaidSo(t *testing.T) {
	srv := mtlstest.NewServer(t, whoami)
	t.Setenv("HTTPS_PROXY", "http://u:pw@proxy.invalid:3128")
	t.Setenv("NO_PROXY", "a.test, .b.test")
	resp, err := newExecutor(t).Do(t.Context(), srv.Request("/"))
	require.NoError(t, err)
	assert.Equal(t, "proxy.invalid:3128", resp.Receipt.IgnoredProxy)
	t.Setenv("NO_PROXY", "a.test, 127.0.0.0/8")
	resp, err = newExecutor(t).Do(t.Context(), srv.Request("/"))
	require.NoError(t, err)
	assert.Empty(t, resp.Receipt.IgnoredProxy, "the environment names none for this host")
	t.Setenv("NO_PROXY", "a.test, .b.test")
	p := mtlshttp.ProxyFromEnvironment()
	require.NotNil(t, p)
	assert.Equal(t, []string{"a.test", ".b.test"}, p.Exceptions)
	assert.NotContains(t, p.String(), "pw")
}

// A SOCKS 5 proxy resolves the name (RFC 1928).
func TestSOCKSProxy(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	config, err := ca.ServerConfig("a.test")
	require.NoError(t, err)
	url := startServer(t, config, whoami)
	asked := make(chan string, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go serveSOCKS(l, strings.TrimPrefix(url, "https://"), asked)
	id, err := ca.Issue(mtlstest.Client{})
	require.NoError(t, err)
	resp, err := withProxy(t, &mtlshttp.Proxy{URL: "socks5h://" + l.Addr().String()}).Do(t.Context(),
		&mtlshttp.Request{URL: "https://a.test:8443/", Identity: id.Credential, Roots: ca.Roots()})
	require.NoError(t, err)
	assert.Equal(t, 200, resp.StatusCode)
	assert.Equal(t, "a.test", <-asked)
}

// serveSOCKS serves one connection: no authentication, CONNECT by name.
func serveSOCKS(l net.Listener, there string, asked chan<- string) {
	conn, err := l.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	head := make([]byte, 3)
	_, _ = io.ReadFull(conn, head)
	_, _ = conn.Write([]byte{5, 0})
	request := make([]byte, 5)
	_, _ = io.ReadFull(conn, request)
	name := make([]byte, int(request[4])+2)
	_, _ = io.ReadFull(conn, name)
	asked <- string(name[:len(name)-2])
	_, _ = conn.Write([]byte{5, 0, 0, 1, 127, 0, 0, 1, 0, 0})
	server, err := net.Dial("tcp", there)
	if err != nil {
		return
	}
	defer server.Close()
	go func() { _, _ = io.Copy(server, conn); _ = server.Close() }()
	_, _ = io.Copy(conn, server)
}
