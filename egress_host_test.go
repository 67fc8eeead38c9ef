package mtlshttp_test

import (
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

// A proxy that is sent plain HTTP goes by the target alone: it is the URL's, with
// whatever Host header (SSRF-03, SSRF-11).
func TestTargetOfAForwardedRequest(t *testing.T) {
	there, proxy := startPlace(t, outside+":0", hello), startProxy(t, nil)
	for _, host := range []string{"", "127.0.0.1:1", "169.254.169.254", "localhost"} {
		e := guarded(t)
		e.Proxy = &mtlshttp.Proxy{URL: proxy.URL}
		r := &mtlshttp.Request{URL: there.URL + "/a//b%2Fc?q=%20", Auth: &mtlshttp.BasicAuth{User: "u", Password: "p"}}
		if host != "" {
			r.Headers = with("Host", host)
		}
		resp, err := e.Do(t.Context(), r)
		require.NoError(t, err, host)
		assert.Equal(t, r.URL, resp.Data, "what the proxy was told to fetch, with Host %q", host)
	}
}

// A client's caller may write what stands in the place of the path, and no host
// into it.
func TestOpaqueURLs(t *testing.T) {
	there := startPlace(t, outside+":0", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RequestURI) })
	proxy := startProxy(t, nil)
	for name, p := range map[string]*mtlshttp.Proxy{"direct": nil, "by proxy": {URL: proxy.URL}} {
		for opaque, ok := range map[string]bool{"/raw%2Fpath": true, "//169.254.169.254/latest": false, "169.254.169.254": false} {
			e := guarded(t)
			e.Proxy = p
			c, err := e.Client(t.Context(), &mtlshttp.Request{URL: there.URL})
			require.NoError(t, err)
			u, err := url.Parse(there.URL)
			require.NoError(t, err)
			u.Opaque = opaque
			before := len(proxy.Seen())
			resp, err := c.Do((&http.Request{Method: "GET", URL: u, Header: http.Header{}}).WithContext(t.Context()))
			if !ok {
				f := failureOf(t, err)
				assert.Equal(t, "url host", string(f.Kind)+" "+f.Reason, "%s: %s", name, opaque)
				assert.Len(t, proxy.Seen(), before)
				continue
			}
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			want := opaque
			if p != nil {
				want = there.URL + opaque
			}
			assert.Equal(t, want, string(body), name)
		}
	}
}

// Servers find a name in a Host header that is no host and port; where hosts are
// judged, it is refused (SSRF-15).
func TestHostHeaderThatCannotBeRead(t *testing.T) {
	there := startPlace(t, outside+":0", hello)
	try := func(host string, allow, deny []string) error {
		e := guarded(t)
		e.Egress.AllowHosts, e.Egress.DenyHosts = allow, deny
		_, err := e.Do(t.Context(), &mtlshttp.Request{URL: there.URL, Headers: with("Host", host)})
		return err
	}
	denied := []string{"admin.internal"}
	for _, host := range []string{"admin.internal", "ADMIN.internal.", "admin.internal:8080", "admin.internal:", "admin.internal:080",
		"admin.internal:0", "admin.internal:99999", "admin.internal..", "metadata.google.internal:", "admin.internal:x.shop.example"} {
		f := failureOf(t, try(host, nil, denied))
		assert.Equal(t, "egress host", string(f.Kind)+" "+f.Reason, host)
	}
	assert.NoError(t, try("other.internal:8080", nil, denied))
	assert.Error(t, try("admin.internal:x.shop.example", []string{outside, "*.shop.example"}, nil))
	assert.NoError(t, try("a.shop.example", []string{outside, "*.shop.example"}, nil))
}
