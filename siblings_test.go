package mtlshttp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// as gives a request of ours the server's roots and its client's identity.
func as(srv *mtlstest.Server, r *mtlshttp.Request) *mtlshttp.Request {
	given := srv.Request("/")
	r.Roots, r.Identity = given.Roots, given.Identity
	return r
}

func TestGetFileAndRetrieveHeaders(t *testing.T) {
	var clients, methods []string
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		clients = append(clients, r.TLS.PeerCertificates[0].Subject.CommonName)
		methods = append(methods, r.Method)
		w.Header().Set("X-Kind", "file")
		_, _ = io.WriteString(w, "content")
	}))
	e := newExecutor(t)
	file := filepath.Join(t.TempDir(), "file")
	resp, err := e.Do(t.Context(), as(srv, mtlshttp.GetFile(srv.URL+"/file", mtlshttp.Output{File: file})))
	require.NoError(t, err)
	assert.Equal(t, file, resp.Data)
	resp, err = e.Do(t.Context(), as(srv, mtlshttp.RetrieveHeaders(srv.URL+"/file")))
	require.NoError(t, err)
	assert.Equal(t, "file", resp.Header("X-Kind"))
	assert.Nil(t, resp.Data)
	assert.Equal(t, []string{"client", "client"}, clients)
	assert.Equal(t, []string{"GET", "HEAD"}, methods)
}

func TestUseMutualTLSOfSiblings(t *testing.T) {
	srv := mtlstest.NewServer(t, whoami)
	keychain := new(mtlshttp.Keychain)
	keychain.Add("platform", srv.Issue(t, mtlstest.Client{Name: "platform"}))
	session := mtlshttp.Session{Executor: newExecutor(t), Credentials: keychain, Platform: "platform"}
	r := mtlshttp.GetFile(srv.URL, mtlshttp.Output{})
	r.Roots, r.UseMutualTLS, r.Parse = srv.Request("/").Roots, true, true
	resp, err := session.Do(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, "platform", resp.Data.(map[string]any)["client"])
	where, err := session.ResolveTarget(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, srv.URL+"/", where)
	token := mtlshttp.OAuthClient{ID: "app"}.ClientCredentials(r)
	token.Parse = true
	resp, err = session.Do(t.Context(), token)
	require.NoError(t, err)
	assert.Equal(t, "platform", resp.Data.(map[string]any)["client"], "the call for the token too")
}

func TestResolveTarget(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.Method+" "+r.URL.Path)
		mu.Unlock()
		switch {
		case r.URL.Path == "/short":
			http.Redirect(w, r, "/long?token=secret", http.StatusFound)
		case r.URL.Path == "/no-head" && r.Method == http.MethodHead:
			w.WriteHeader(http.StatusMethodNotAllowed)
		case r.URL.Path == "/no-head":
			http.Redirect(w, r, "/long", http.StatusMovedPermanently)
		case r.URL.Path == "/silent" && r.Method == http.MethodHead:
			panic(http.ErrAbortHandler)
		case r.URL.Path == "/stuck" && r.Method == http.MethodHead:
			<-r.Context().Done()
		}
	}))
	e := newExecutor(t)
	for path, want := range map[string]string{"/short": "/long?token=secret", "/no-head": "/long", "/silent": "/silent", "/stuck": "/stuck", "/long": "/long"} {
		r := srv.Request(path)
		if path == "/stuck" {
			r.Timeout = 3 * time.Second
		}
		where, err := e.ResolveTarget(t.Context(), r)
		require.NoError(t, err, path)
		assert.Equal(t, srv.URL+want, where)
	}
	assert.Contains(t, asked, "GET /silent")
	assert.NotContains(t, asked, "GET /short")
	r := srv.Request("/")
	r.Identity = nil
	_, err := e.ResolveTarget(t.Context(), r)
	assert.Equal(t, mtlshttp.KindTLSClientCert, failureOf(t, err).Kind)
	_, err = e.ResolveTarget(t.Context(), nil)
	assert.Equal(t, mtlshttp.KindConfig, failureOf(t, err).Kind)
}

func TestKeys(t *testing.T) {
	base := &mtlshttp.Request{URL: "https://a.test/?x=1", Auth: &mtlshttp.BasicAuth{User: "u"},
		Headers: []mtlshttp.Header{{Name: "authorization", Value: "old"}, {Name: "A", Value: "1"}}}
	header := base.WithKeyHeader("X-Mine", "key")
	assert.Equal(t, []string{"X-Mine"}, header.Secret)
	assert.Contains(t, header.Headers, mtlshttp.Header{Name: "X-Mine", Value: "key"})
	query := base.WithKeyQuery("key", "k")
	assert.Equal(t, []mtlshttp.Param{{Name: "key", Value: "k"}}, query.Query)
	bearer := base.WithBearer("t")
	assert.Nil(t, bearer.Auth)
	assert.Equal(t, []mtlshttp.Header{{Name: "A", Value: "1"}, {Name: "Authorization", Value: "Bearer t"}}, bearer.Headers)
	assert.Len(t, base.Headers, 2)
	assert.NotNil(t, base.Auth)
	assert.Nil(t, base.Query)

	var got []*http.Request
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got = append(got, r) }))
	r := srv.Request("/?x=1").WithKeyQuery("key", "a b").WithKeyHeader("X-Mine", "k").WithBearer("t")
	_, err := newExecutor(t).Do(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, url.Values{"x": {"1"}, "key": {"a b"}}, got[0].URL.Query())
	assert.Equal(t, "k", got[0].Header.Get("X-Mine"))
	assert.Equal(t, "Bearer t", got[0].Header.Get("Authorization"))
}

func ExampleGetFile() {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "a long statement")
	}))
	defer srv.Close()
	folder, err := os.MkdirTemp("", "statements")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)

	file := filepath.Join(folder, "2026-10.txt")
	r := mtlshttp.GetFile(srv.URL+"/statements/2026-10", mtlshttp.Output{File: file})
	resp, err := mtlshttp.Do(context.Background(), r)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.FileSize, resp.Data == file)
	// Output: 16 true
}
