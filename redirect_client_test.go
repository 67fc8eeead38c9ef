package mtlshttp_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

// TestRedirectPolicyOfTheClient holds for a client whose caller has wrapped or
// replaced what is around the policy.
func TestRedirectPolicyOfTheClient(t *testing.T) {
	n := newNetwork(t, "https://a.test", "http://a.test")
	r := n.request("https://a.test/")
	r.Identity = n.identity("alice")
	client, err := n.executor().Client(t.Context(), r)
	require.NoError(t, err)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return nil }
	n.redirect(302, map[string]string{"https://a.test/": "http://a.test/"})
	_, err = client.Get("https://a.test/")
	assert.Equal(t, "downgrade", failureOf(t, err).Reason, "what must not be followed is refused below CheckRedirect")

	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	n.redirect(302, map[string]string{"https://a.test/": "/x?token=1"})
	resp, err := client.Get("https://a.test/")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, "https://a.test/x?token=1", resp.Header.Get("Location"), "resolved")
}

// A Location that net/http cannot parse is hidden from it. Whoever asks for the
// answer as it is gets its status and an escaped Location, and whoever follows
// everything is not led to what no server said.
func TestBadLocationForAnotherPolicy(t *testing.T) {
	n := newNetwork(t, "https://a.test")
	n.behave(func(w http.ResponseWriter, _ *arrival) {
		w.Header()["Location"] = []string{"http://[bad"}
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	client, err := n.executor().Client(t.Context(), n.request("https://a.test/"))
	require.NoError(t, err)
	post := func(body io.Reader) (int, string, error) {
		resp, err := client.Post("https://a.test/p", "text/plain", body)
		if err != nil {
			return 0, "", err
		}
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode, resp.Header.Get("Location"), nil
	}
	once := io.MultiReader(strings.NewReader("x"))
	for name, body := range map[string]io.Reader{"ours": strings.NewReader("x"), "ours, a body that is read once": once} {
		status, location, err := post(body)
		require.NoError(t, err, name)
		assert.Equal(t, 307, status, name)
		assert.Equal(t, "http://[bad", location, name)
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	status, location, err := post(strings.NewReader("x"))
	require.NoError(t, err)
	assert.Equal(t, 307, status)
	assert.Equal(t, "./http:%2F%2F%5Bbad", location)

	client.CheckRedirect = nil
	before := len(n.seen())
	_, _, err = post(strings.NewReader("x"))
	f := failureOf(t, err)
	assert.Equal(t, "redirect location", string(f.Kind)+" "+f.Reason)
	assert.Len(t, n.seen(), before+1)
}

// A dot at the end of a name makes no other origin: all goes along, and comes
// back.
func TestRedirectToADotAtTheEnd(t *testing.T) {
	n := newNetwork(t, "https://a.test")
	n.servers["a.test.:443"] = n.servers["a.test:443"]
	n.eachSender(t, func(t *testing.T, send sender) {
		n.redirect(302, map[string]string{"https://a.test/": "https://a.test./x", "https://a.test/x": "https://a.test/y"})
		r := n.request("https://a.test/")
		r.Headers = append(with("Authorization", "Bearer x"), mtlshttp.Header{Name: "X-Api-Key", Value: "k"})
		require.NoError(t, send(r).err)
		seen := n.seen()
		require.Len(t, seen, 3)
		for _, a := range seen {
			assert.Equal(t, "Bearer x", a.Header.Get("Authorization"), a.URL)
			assert.Equal(t, "k", a.Header.Get("X-Api-Key"), a.URL)
		}
	})
}

// A Host header of the request's gives way to the caller's own.
func TestHostOfTheClientsCaller(t *testing.T) {
	n := newNetwork(t, "https://a.test")
	r := n.request("https://a.test/")
	r.Headers = with("Host", "configured.test")
	client, err := n.executor().Client(t.Context(), r)
	require.NoError(t, err)
	for host, want := range map[string]string{"": "configured.test", "callers.test": "callers.test"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://a.test/", nil)
		require.NoError(t, err)
		if host != "" {
			req.Host = host
		}
		resp, err := client.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, want, n.last().Host)
	}
}

// What wraps the transport sends a hop's request to its own origin: the identity
// and the policy are that one's.
func TestWrapKeepsTheOrigin(t *testing.T) {
	n := newNetwork(t, "https://a.test", "https://b.test")
	for host, refused := range map[string]bool{"a.test": false, "a.test:443": false, "b.test": true, "a.test:8443": true} {
		e := n.executor()
		e.Wrap = func(inner http.RoundTripper) http.RoundTripper {
			return roundTripper(func(req *http.Request) (*http.Response, error) {
				out := req.Clone(req.Context())
				out.URL.Host = host
				return inner.RoundTrip(out)
			})
		}
		r := n.request("https://a.test/")
		r.Identity = n.identity("alice")
		before := len(n.seen())
		_, err := e.Do(t.Context(), r)
		if refused {
			f := failureOf(t, err)
			assert.Equal(t, "config wrap", string(f.Kind)+" "+f.Reason, host)
			assert.Len(t, n.seen(), before, host)
			continue
		}
		require.NoError(t, err, host)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
