package publication

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHandler(t *testing.T) {
	readable := func(context.Context) *Certificate {
		return &Certificate{Report: map[string]string{"subject": "CN=a"}, Rows: [][2]string{{"Subject", "CN=<a>"}}, PEM: "-----BEGIN"}
	}
	h := Handler(func() []Entry {
		return []Entry{{Name: "a", Path: "a", Read: readable}, {Name: "b", Generation: "next", Path: "b/next", Read: func(context.Context) *Certificate { return nil }}}
	})
	get := func(method, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		return w
	}
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/":            {http.StatusOK, "<h2>b, next</h2>\n<p><a href=\"./b/next.pem\">PEM</a>"},
		"/index.html":  {http.StatusOK, "The certificate cannot be read now."},
		"/index.json":  {http.StatusOK, `"generation": "next",` + "\n    \"certificate\": null"},
		"/a.pem":       {http.StatusOK, "-----BEGIN"},
		"/a.json":      {http.StatusOK, `"subject": "CN=a"`},
		"/a.html":      {http.StatusOK, "<td>CN=&lt;a&gt;</td>"},
		"/b/next.pem":  {http.StatusServiceUnavailable, "cannot be read now"},
		"/a.key":       {http.StatusNotFound, ""},
		"/a":           {http.StatusNotFound, ""},
		"/../a.pem":    {http.StatusNotFound, ""},
		"/c.pem":       {http.StatusNotFound, ""},
		"/b/next.html": {http.StatusServiceUnavailable, ""},
	} {
		w := get(http.MethodGet, path)
		assert.Equal(t, want.status, w.Code, path)
		assert.Contains(t, w.Body.String(), want.text, path)
	}
	assert.Equal(t, http.StatusMethodNotAllowed, get(http.MethodPost, "/").Code)
	assert.Empty(t, get(http.MethodHead, "/a.pem").Body.String())
	assert.Equal(t, "[]\n", func() string {
		w := httptest.NewRecorder()
		Handler(func() []Entry { return nil }).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/index.json", nil))
		return w.Body.String()
	}())
}
