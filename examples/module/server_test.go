package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/mtlshttp/mtlshttp"
)

func TestMain(m *testing.M) {
	// net/http waits half a second for who sends a body that was refused.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// secret is the password of everything that a test gives away.
const secret = "kept-to-itself-4711"

// client calls a server as the page does, and looks into every answer.
type client struct {
	t       *testing.T
	server  *server
	address string
	http    *http.Client
}

func start(t *testing.T, egress *mtlshttp.EgressPolicy) *client {
	t.Helper()
	w, err := newWorld()
	require.NoError(t, err)
	t.Cleanup(w.Close)
	listener, err := listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	s, err := newServer(listener, w, egress)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Serve(ctx) }()
	transport := new(http.Transport)
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		cancel()
		require.NoError(t, <-done)
	})
	return &client{t, s, s.Address(), &http.Client{Transport: transport}}
}

// send sends a request as it is and returns status and body.
func (c *client) send(r *http.Request) (int, string) {
	c.t.Helper()
	resp, err := c.http.Do(r)
	require.NoError(c.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	c.isPublic(string(body))
	return resp.StatusCode, string(body)
}

// isPublic: no answer whatever holds a key or a password.
func (c *client) isPublic(text string) {
	c.t.Helper()
	for _, s := range []string{secret, samplePassword, "PRIVATE KEY", c.server.token} {
		assert.NotContains(c.t, text, s)
	}
}

func (c *client) get(path string) string {
	c.t.Helper()
	r, err := http.NewRequest(http.MethodGet, c.address+path, nil)
	require.NoError(c.t, err)
	status, body := c.send(r)
	require.Equal(c.t, http.StatusOK, status, body)
	return body
}

// post calls and returns the status, with the answer read into v.
func (c *client) post(path string, call, v any) int {
	c.t.Helper()
	data, err := json.Marshal(call)
	require.NoError(c.t, err)
	r, err := http.NewRequest(http.MethodPost, c.address+path, bytes.NewReader(data))
	require.NoError(c.t, err)
	r.Header.Set("Content-Type", "application/json")
	status, body := c.send(r)
	require.NoError(c.t, json.Unmarshal([]byte(body), v), "%d: %s", status, body)
	return status
}

func TestThePageAndItsFiles(t *testing.T) {
	c := start(t, nil)
	page := c.get("")
	assert.Contains(t, page, `src="js/app.js"`)
	for _, path := range []string{"js/app.js", "css/base.css", "icon.svg"} {
		resp, err := c.http.Get(c.address + path)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, http.StatusOK, resp.StatusCode, path)
		assert.NotEmpty(t, resp.Header.Get("Content-Type"), path)
		assert.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
		assert.Equal(t, "no-referrer", resp.Header.Get("Referrer-Policy"), "the address has the token in it")
		policy := resp.Header.Get("Content-Security-Policy")
		assert.Contains(t, policy, "default-src 'none'")
		assert.NotContains(t, policy, "unsafe")
	}
	assert.JSONEq(t, string(mtlshttp.RequestSchema()), c.get("api/schema"))

	r, err := http.NewRequest(http.MethodGet, c.address+"../main.go", nil)
	require.NoError(t, err)
	r.URL.Opaque = "/" + c.server.token + "/../main.go"
	status, _ := c.send(r)
	assert.NotEqual(t, http.StatusOK, status)
}

// No file of the page names another host, save in examples and namespaces, and
// none is too long to be read.
func TestThePageStandsAlone(t *testing.T) {
	address := regexp.MustCompile(`(?i)https?://[\w.-]+`)
	require.NoError(t, fs.WalkDir(pageFiles, "page", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := pageFiles.ReadFile(path)
		for _, found := range address.FindAllString(string(data), -1) {
			assert.Contains(t, []string{"http://www.w3.org", "https://api.example"}, found, path)
		}
		assert.LessOrEqual(t, bytes.Count(data, []byte("\n")), 400, path)
		assert.NotEmpty(t, contentTypes[filepath.Ext(path)], path)
		return err
	}))
}

// Who does not know the token, comes by another name, or from another site,
// gets nothing; neither does a form of another site, which can send no JSON.
func TestGuard(t *testing.T) {
	c := start(t, nil)
	port := c.server.listener.Addr().(*net.TCPAddr).AddrPort().Port()
	require.NotZero(t, port)
	own := "http://" + c.server.listener.Addr().String()
	for name, test := range map[string]struct {
		method, path string
		change       func(*http.Request)
		status       int
	}{
		"the page":                     {"GET", "", nil, 200},
		"typed into a browser":         {"GET", "", header("Sec-Fetch-Site", "none"), 200},
		"a link on another site":       {"GET", "", headers("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"), 200},
		"a frame on another site":      {"GET", "", headers("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"), 403},
		"an image on another site":     {"GET", "icon.svg", headers("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"), 403},
		"a link to a call":             {"GET", "api/credentials", headers("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"), 403},
		"another port of this host":    {"GET", "api/credentials", header("Sec-Fetch-Site", "same-site"), 403},
		"its own call":                 {"POST", "api/check", headers("Origin", own, "Sec-Fetch-Site", "same-origin"), 400},
		"another origin":               {"POST", "api/check", header("Origin", "https://evil.example"), 403},
		"an origin on another port":    {"POST", "api/check", header("Origin", "http://127.0.0.1:1"), 403},
		"an origin of null":            {"POST", "api/check", header("Origin", "null"), 403},
		"localhost":                    {"GET", "", func(r *http.Request) { r.Host = strings.Replace(r.Host, "127.0.0.1", "localhost", 1) }, 200},
		"a name that was pointed here": {"GET", "", func(r *http.Request) { r.Host = strings.Replace(r.Host, "127.0.0.1", "evil.example", 1) }, 421},
		"no port":                      {"GET", "", func(r *http.Request) { r.Host = "127.0.0.1" }, 421},
		"no token":                     {"GET", "", func(r *http.Request) { r.URL.Path = "/" }, 403},
		"a call without it":            {"GET", "", func(r *http.Request) { r.URL.Path = "/api/credentials" }, 403},
		"another token":                {"GET", "", func(r *http.Request) { r.URL.Path = "/" + strings.Repeat("A", len(c.server.token)) + "/" }, 403},
		"the beginning of the token":   {"GET", "", func(r *http.Request) { r.URL.Path = "/" + c.server.token[:20] + "/" }, 403},
		"the token alone":              {"GET", "", func(r *http.Request) { r.URL.Path = "/" + c.server.token }, 403},
		"a form's content type":        {"POST", "api/run", header("Content-Type", "text/plain"), 415},
		"a call by GET":                {"GET", "api/run", nil, 404},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequest(test.method, c.address+test.path, strings.NewReader(`{}`))
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/json")
			if test.change != nil {
				test.change(r)
			}
			status, body := c.send(r)
			assert.Equal(t, test.status, status, body)
		})
	}
}

func header(name, value string) func(*http.Request) { return headers(name, value) }

func headers(pairs ...string) func(*http.Request) {
	return func(r *http.Request) {
		for i := 0; i < len(pairs); i += 2 {
			r.Header.Set(pairs[i], pairs[i+1])
		}
	}
}

func TestACallIsBounded(t *testing.T) {
	c := start(t, nil)
	var refused struct{ Error struct{ Message string } }
	assert.Equal(t, http.StatusBadRequest, c.post("api/import", map[string]string{"text": strings.Repeat("x", maxDocument)}, &refused))
	assert.Contains(t, refused.Error.Message, "too large")
	assert.Equal(t, http.StatusBadRequest, c.post("api/import", map[string]string{"txt": ""}, &refused))
	assert.Contains(t, refused.Error.Message, "txt")
}
