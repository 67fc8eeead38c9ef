package mtlshttp_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/slack"
)

// What the keys of a document do, seen from the server.

// site is a server without TLS, and a session that sends documents to it.
type site struct {
	t       testing.TB
	url     string
	session *mtlshttp.Session
}

func newSite(t testing.TB, handler http.HandlerFunc) site {
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return site{t, srv.URL, &mtlshttp.Session{Executor: newExecutor(t), Jar: new(mtlshttp.Jar)}}
}

// send sends a document of the members that it is given.
func (s site) send(path, members string) (*mtlshttp.Response, error) {
	s.t.Helper()
	if members != "" {
		members = ", " + members
	}
	r := new(mtlshttp.Request)
	require.NoError(s.t, json.Unmarshal(fmt.Appendf(nil, `{"url": %q%s}`, s.url+path, members), r), members)
	return s.session.Do(s.t.Context(), r)
}

func (s site) data(path, members string) any {
	s.t.Helper()
	resp, err := s.send(path, members)
	require.NoError(s.t, err, members)
	return resp.Data
}

func TestHandleErrors(t *testing.T) {
	date := time.Now().Add(90 * time.Second)
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.RawQuery {
		case "seconds":
			w.Header().Set("Retry-After", " 7 ")
		case "date":
			w.Header().Set("Retry-After", date.UTC().Format(http.TimeFormat))
		case "past":
			w.Header().Set("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT")
		case "nonsense":
			w.Header().Set("Retry-After", "soon")
		}
		status, err := strconv.Atoi(r.URL.Path[1:])
		assert.NoError(t, err)
		w.WriteHeader(status)
		fmt.Fprint(w, `why`)
	})
	for status, want := range map[int]struct {
		name      string
		retryable bool
	}{
		400: {"BundleValidationError", false}, 404: {"BundleValidationError", false},
		401: {"AccountValidationError", false}, 403: {"AccountValidationError", false},
		429: {"RateLimitError", true}, 503: {"ConnectionError", true}, 504: {"ConnectionError", true},
		402: {"RuntimeError", false}, 405: {"RuntimeError", false}, 408: {"RuntimeError", true}, 409: {"RuntimeError", false}, 410: {"RuntimeError", false},
		422: {"RuntimeError", false}, 499: {"RuntimeError", false}, 500: {"RuntimeError", true}, 501: {"RuntimeError", false}, 502: {"RuntimeError", true}, 599: {"RuntimeError", false},
	} {
		path := fmt.Sprintf("/%d", status)
		for _, off := range []string{``, `"handleErrors": false`} {
			resp, err := s.send(path, off)
			require.NoError(t, err, status)
			assert.Equal(t, status, resp.StatusCode)
			assert.Equal(t, "why", resp.Data)
		}
		resp, err := s.send(path, `"handleErrors": true`)
		fault := failureOf(t, err)
		assert.Equal(t, want.name, fault.Type, status)
		assert.Equal(t, mtlshttp.KindStatus, fault.Kind)
		assert.Equal(t, want.retryable, fault.Retryable, status)
		assert.Same(t, resp, fault.Response)
		assert.Equal(t, "why", resp.Data, "the bundle stands beside it")
		_, err = s.send(path, `"handleErrors": true, "method": "post"`)
		assert.False(t, failureOf(t, err).Retryable, "a POST may have been done")
	}
	for _, status := range []int{200, 204, 299, 302, 304, 399} { // no Location: it leads nowhere
		resp, err := s.send(fmt.Sprintf("/%d", status), `"handleErrors": true`)
		require.NoError(t, err, status)
		assert.Equal(t, status, resp.StatusCode)
	}
	for query, want := range map[string]time.Duration{"": 0, "seconds": 7 * time.Second, "past": 0, "nonsense": 0} {
		_, err := s.send("/429?"+query, `"handleErrors": true`)
		assert.Equal(t, want, failureOf(t, err).RetryAfter, query)
	}
	_, err := s.send("/503?date", `"handleErrors": true`)
	assert.InDelta(t, 90, failureOf(t, err).RetryAfter.Seconds(), 5)
}

func TestShareCookies(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/set" {
			http.SetCookie(w, &http.Cookie{Name: r.URL.RawQuery, Value: "1", Path: "/"})
			http.Redirect(w, r, "/seen", http.StatusFound)
			return
		}
		fmt.Fprint(w, r.Header.Get("Cookie"))
	})
	const shared = `"shareCookies": true`
	assert.Equal(t, nil, s.data("/set?a", ""), "not even to the next hop")
	assert.Equal(t, nil, s.data("/seen", shared), "none entered")
	assert.Equal(t, "b=1", s.data("/set?b", shared), "at once, to the next hop")
	assert.Equal(t, "b=1", s.data("/seen", shared))
	assert.Equal(t, nil, s.data("/seen", ""), "none leaves")
	assert.Equal(t, "mine=2; b=1", sorted(s.data("/seen", shared+`, "headers": {"Cookie": "mine=2"}`)))
	assert.Equal(t, "mine=2", s.data("/seen", `"headers": {"Cookie": "mine=2"}`))

	other := site{t, s.url, &mtlshttp.Session{Executor: s.session.Executor, Jar: new(mtlshttp.Jar)}}
	assert.Equal(t, nil, other.data("/seen", shared), "another session, another jar")
	same := site{t, s.url, &mtlshttp.Session{Executor: newExecutor(t), Jar: s.session.Jar}}
	assert.Equal(t, "b=1", same.data("/seen", shared))

	for _, session := range []*mtlshttp.Session{{Executor: s.session.Executor}} {
		_, err := site{t, s.url, session}.send("/set?c", shared)
		assert.Equal(t, "shareCookies", failureOf(t, err).Field)
		assert.ErrorIs(t, err, mtlshttp.KindConfig)
	}
	r := &mtlshttp.Request{URL: s.url, ShareCookies: true}
	_, err := s.session.Executor.Do(t.Context(), r)
	assert.Equal(t, "shareCookies", failureOf(t, err).Field, "an executor has no jar")
}

// sorted puts the caller's cookie first: the order between them is no matter.
func sorted(cookies any) string {
	list := strings.Split(fmt.Sprint(cookies), "; ")
	if len(list) == 2 && list[1] == "mine=2" {
		list[0], list[1] = list[1], list[0]
	}
	return strings.Join(list, "; ")
}

func TestGzip(t *testing.T) {
	const text = "hello, hello, hello"
	deflated := func(writer func(io.Writer) io.WriteCloser) string {
		var b bytes.Buffer
		w := writer(&b)
		_, err := io.WriteString(w, text)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		return b.String()
	}
	coded := map[string]string{
		"gzip":    deflated(func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }),
		"deflate": deflated(func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }),
		"br":      "\v\t\x80hello, hello, hello\x03",
		"zstd":    "(\xb5/\xfd\x04\x00\x99\x00\x00hello, hello, hellou\xf3\x98\x8e",
	}
	var asked []string
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header.Values("Accept-Encoding")
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Encoding", r.URL.Path[1:])
		_, _ = io.WriteString(w, coded[r.URL.Path[1:]])
	})
	for _, option := range []struct {
		members string
		asked   []string
	}{
		{`"gzip": true`, []string{"gzip, deflate, br, zstd"}},
		{`"gzip": false`, nil},
		{``, nil},
		{`"headers": {"accept-encoding": "br;q=0.5"}`, []string{"br;q=0.5"}},
		{`"gzip": true, "headers": {"Accept-Encoding": "identity"}`, []string{"identity"}},
	} {
		for coding := range coded {
			resp, err := s.send("/"+coding, option.members)
			require.NoError(t, err, "%s, %s", coding, option.members)
			assert.Equal(t, option.asked, asked, option.members)
			if asked == nil { // nothing is undone that was not asked for
				assert.Equal(t, []byte(coded[coding]), resp.Data, coding)
				assert.Len(t, resp.Notes, 1, coding)
				continue
			}
			assert.Equal(t, text, resp.Data, coding)
			assert.EqualValues(t, len(text), resp.FileSize, "the decoded length")
		}
	}
	// What is advertised is decoded: no name of it is missing above.
	_, err := s.send("/gzip", `"gzip": true`)
	require.NoError(t, err)
	for _, coding := range strings.Split(asked[0], ", ") {
		assert.Contains(t, coded, coding)
	}
}

func TestFollowing(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		if n > 0 {
			w.Header().Set("Location", fmt.Sprintf("/?n=%d", n-1))
			w.WriteHeader(http.StatusFound)
			return
		}
		body, _ := io.ReadAll(r.Body)
		fmt.Fprint(w, r.Method, string(body))
	})
	const body = `"bodyType": "raw", "data": "x", `
	for _, c := range []struct {
		members string
		n       int
		data    any // nil: the redirect itself is the answer
	}{
		{``, 10, "GET"},
		{`"method": "post"`, 1, nil},
		{body + `"method": "PUT", "followRedirect": true`, 1, nil},
		{body + `"method": "post", "followAllRedirects": true`, 2, "GET"},
		{`"followRedirect": false`, 1, nil},
		{`"followRedirect": false, "followAllRedirects": true`, 1, "GET"},
		{`"maxRedirects": 3`, 3, "GET"},
		{`"maxRedirects": 0`, 0, "GET"},
	} {
		resp, err := s.send(fmt.Sprintf("/?n=%d", c.n), c.members)
		require.NoError(t, err, c.members)
		assert.Equal(t, c.data, resp.Data, c.members)
		if c.data == nil {
			assert.Equal(t, 302, resp.StatusCode)
			assert.Len(t, resp.Hops, 1)
		} else {
			assert.Len(t, resp.Hops, c.n+1)
		}
	}
	for members, n := range map[string]int{``: 11, `"maxRedirects": 3`: 4, `"maxRedirects": 0`: 1} {
		resp, err := s.send(fmt.Sprintf("/?n=%d", n), members)
		fault := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindRedirect, fault.Kind, members)
		assert.Equal(t, "too-many", fault.Reason)
		assert.Len(t, fault.Hops, n)
		require.NotNil(t, resp)
		assert.Equal(t, 302, resp.StatusCode)
	}
}

func TestAuthUser(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Header.Get("Authorization")) })
	for members, want := range map[string]string{
		`"authUser": "user", "authPass": "pass"`: "user:pass",
		`"authUser": "user"`:                     "user:",
		`"authPass": "pass"`:                     ":pass",
		`"authUser": "ü", "authPass": "a:b:c €"`: "ü:a:b:c €",
	} {
		assert.Equal(t, "Basic "+base64.StdEncoding.EncodeToString([]byte(want)), s.data("/", members), members)
	}
	for _, members := range []string{``, `"authUser": "", "authPass": ""`, `"authUser": null`} {
		assert.Nil(t, s.data("/", members), members)
	}
	withUser := s
	withUser.url = strings.Replace(s.url, "://", "://us%65r:p%40ss@", 1)
	assert.Equal(t, "Basic "+base64.StdEncoding.EncodeToString([]byte("user:p@ss")), withUser.data("/", ""))
	resp, err := withUser.send("/", "")
	require.NoError(t, err)
	assert.Equal(t, s.url+"/", resp.URL, "it does not show again")
}

func TestTimeoutOfADocument(t *testing.T) {
	release := make(chan struct{})
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			w.(http.Flusher).Flush()
		}
		<-release
	})
	defer close(release)
	for path, phase := range map[string]string{"/": "wait", "/body": "body"} {
		begun := time.Now()
		_, err := s.send(path, `"timeout": "4"`)
		took := time.Since(begun)
		fault := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindTimeout, fault.Kind, "%v", err)
		assert.Equal(t, "ModuleTimeoutError", fault.Type)
		assert.EqualValues(t, phase, fault.Phase)
		assert.True(t, errors.Is(err, fault.Kind) && fault.Timeout())
		assert.GreaterOrEqual(t, took, 4*time.Second)
		assert.Less(t, took, 20*time.Second) // that it is prompt is measured in a bubble
	}
}

func TestQueryAndURLOfADocument(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Method, " ", r.RequestURI) })
	const two = `"qs": [{"name": "foo", "value": "bar"}, {"name": "foo", "value": "baz"}]`
	for _, c := range []struct{ path, members, want string }{
		{"/a?x=1&x=2", ``, "GET /a?x=1&x=2"},
		{"/a?x=1&x=2", `"qs": null`, "GET /a?x=1&x=2"},
		{"/a?x=1&x=2", `"qs": []`, "GET /a?x%5B0%5D=1&x%5B1%5D=2"},
		{"/a?x=1&x=2", `"qs": {}, "useQuerystring": true`, "GET /a?x=1&x=2"},
		{"/a", two, "GET /a?foo%5B0%5D=bar&foo%5B1%5D=baz"},
		{"/a", two + `, "useQuerystring": true`, "GET /a?foo=bar&foo=baz"},
		{"/a?foo=1&b=2", `"qs": {"foo": "3"}`, "GET /a?foo=3&b=2"},
		{"/a", `"method": "pAtCh"`, "PATCH /a"},
		{"/a b/é", `"serializeUrl": true`, "GET /a%20b/%C3%A9"},
	} {
		assert.Equal(t, c.want, s.data(c.path, c.members), "%s %s", c.path, c.members)
	}
}

func TestParseResponse(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		kind, body, _ := strings.Cut(r.URL.Query().Get("x"), " ")
		w.Header().Set("Content-Type", kind)
		_, _ = io.WriteString(w, body)
	})
	const parse = `"parseResponse": true`
	query := func(text string) string {
		return "/?x=" + strings.NewReplacer(" ", "+", "&", "%26", "+", "%2B").Replace(text)
	}
	for text, want := range map[string]any{
		`application/json {"a":[1.0,null,true]}`:        map[string]any{"a": []any{json.Number("1.0"), nil, true}},
		`application/problem+json "x"`:                  "x",
		`text/xml <a><b/></a>`:                          map[string]any{"a": map[string]any{"b": []any{""}}},
		`application/soap+xml <s:E xmlns:s="u">1</s:E>`: map[string]any{"s:E": map[string]any{"_value": "1", "_attributes": map[string]any{"xmlns:s": "u"}}},
		`text/plain a: 1`:                               `a: 1`,
		`application/octet-stream abc`:                  []byte("abc"),
		`application/json `:                             nil,
	} {
		assert.Equal(t, want, s.data(query(text), parse), text)
		if _, raw, _ := strings.Cut(text, " "); strings.Contains(text, "json") && raw != "" {
			assert.Equal(t, raw, s.data(query(text), ""), "off: %s", text)
		}
	}
	for _, text := range []string{`application/json {"a":`, `text/xml <a>`} {
		_, raw, _ := strings.Cut(text, " ")
		resp, err := s.send(query(text), parse)
		fault := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindParse, fault.Kind)
		assert.Equal(t, "DataError", fault.Type)
		require.NotNil(t, resp)
		assert.Equal(t, raw, resp.Data, "the text stays")
	}
	resp, err := s.send(query(`text/xml `+strings.Repeat("<a>", 600)+strings.Repeat("</a>", 600)), parse)
	assert.Equal(t, "depth", failureOf(t, err).Reason)
	assert.ErrorIs(t, err, mtlshttp.KindLimit)
	require.NotNil(t, resp)
}

func TestUnknownKeys(t *testing.T) {
	r := mtlshttp.Request{URL: "https://a.test", Extra: map[string]json.RawMessage{strings.Repeat("timeout", 1<<20): nil, "zzz": nil, "credential": nil}}
	begun := time.Now()
	fault := failureOf(t, r.Validate())
	assert.Less(t, time.Since(begun), slack.For(time.Second))
	require.Len(t, fault.Faults, 3)
	assert.ErrorContains(t, fault.Faults[0], `"credentials"`)
	assert.NotContains(t, fault.Faults[2].Err.Error(), "did you mean")
}
