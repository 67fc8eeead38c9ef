package step_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/examples/internal/step"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

type server struct{ *mtlstest.Server }

// request names the credential and the authority, as a document does.
func (s server) request(path string) *mtlshttp.Request {
	return &mtlshttp.Request{URL: s.URL + path, Credentials: "bank", Roots: mtlshttp.Roots{Name: "ca", Only: true}}
}

// serve starts a server that demands client certificates, and makes a runner with
// its credential, a store and three secrets.
func serve(t *testing.T, handle http.HandlerFunc) (server, *step.Runner) {
	t.Helper()
	srv := server{mtlstest.NewServer(t, handle)}
	keychain := new(mtlshttp.Keychain)
	keychain.Add("bank", srv.Credential)
	keychain.AddRoots("ca", srv.Certificate())
	folder, err := step.OpenFolder(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, folder.Close()) })
	executor := &mtlshttp.Executor{Credentials: keychain, Files: folder}
	t.Cleanup(func() { assert.NoError(t, executor.Close()) })
	return srv, &step.Runner{Executor: executor, Store: folder, Secrets: step.SecretFiles{FS: fstest.MapFS{
		"token":    {Data: []byte("Bearer t0ken\n")},
		"password": {Data: []byte("correct horse")},
		"huge":     {Data: make([]byte, 1<<20)},
	}}}
}

func stepOf(t *testing.T, r *mtlshttp.Request) step.Step {
	t.Helper()
	s, err := step.New(r)
	require.NoError(t, err)
	return s
}

func TestSecretsByName(t *testing.T) {
	srv, runner := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		fmt.Fprintf(w, "%s %s:%s %s", r.TLS.PeerCertificates[0].Subject.CommonName, user, password, r.Header.Get("X-Token"))
	})
	s := stepOf(t, srv.request("/"))
	s.Secrets = map[string]string{"X-Token": "token"}
	s.Auth = &step.Auth{User: "ann", Password: "password"}
	result, err := runner.Do(t.Context(), s, step.Call{})
	require.NoError(t, err)
	assert.Equal(t, "client ann:correct horse Bearer t0ken", data(t, result))

	for _, name := range []string{"missing", "../token", "", "huge"} {
		s.Secrets = map[string]string{"X-Token": name}
		_, err = runner.Do(t.Context(), s, step.Call{})
		e := asError(t, err)
		assert.Equal(t, "no-secret", e.Reason, name)
		assert.False(t, e.Retryable)
	}
	runner.Secrets = nil
	_, err = runner.Do(t.Context(), s, step.Call{})
	assert.Equal(t, "no-secret", asError(t, err).Reason)

	s.Auth = &step.Auth{User: "u"}
	_, err = runner.Do(t.Context(), s, step.Call{})
	assert.Equal(t, "auth", asError(t, err).Field, "no password is not an empty one")
}

// What is too large for a payload goes to the store: a body by itself, then the
// bundle.
func TestLargeResults(t *testing.T) {
	large := strings.Repeat(`{"amount": 12.5} `, 100_000)
	srv, runner := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, large)
	})
	s := stepOf(t, srv.request("/"))
	result, err := runner.Do(t.Context(), s, step.Call{})
	require.NoError(t, err)
	assert.Less(t, len(result.Response), 4096)
	assert.Equal(t, result.Body, data(t, result), "the bundle's data refers to the body")
	assert.Equal(t, large, stored(t, runner, result.Body))
	assert.Empty(t, result.Bundle)

	kept := s
	kept.Keep = true
	again, err := runner.Do(t.Context(), kept, step.Call{})
	require.NoError(t, err)
	assert.Equal(t, result.Body, again.Body, "the same body is stored once")

	tiny, err := runner.Do(t.Context(), s, step.Call{Inline: 100})
	require.NoError(t, err)
	assert.Empty(t, tiny.Response)
	assert.Equal(t, 200, tiny.StatusCode)
	assert.JSONEq(t, `200`, member(t, stored(t, runner, tiny.Bundle), "statusCode"))

	runner.Store = nil
	_, err = runner.Do(t.Context(), s, step.Call{})
	e := asError(t, err)
	assert.Equal(t, mtlshttp.KindResource, e.Kind)
	assert.True(t, e.Retryable, "with a key the request may be done again")
	for _, faulty := range []step.Step{kept, {Request: s.Request, Send: result.Body}} {
		_, err = runner.Do(t.Context(), faulty, step.Call{})
		assert.Equal(t, "no-store", asError(t, err).Reason)
	}
}

// A stored body is sent from the store: raw, or as a form's file.
func TestSendStored(t *testing.T) {
	srv, runner := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if file, _, err := r.FormFile("file"); err == nil {
			r.Body = file
		}
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %d %s", r.Method, len(body), r.Header.Get("Content-Type")[:9])
	})
	ref, err := runner.Store.Put(t.Context(), "", strings.NewReader(strings.Repeat("x", 3<<20)))
	require.NoError(t, err)

	r := srv.request("/")
	r.Method = "PUT"
	s := stepOf(t, r)
	s.Send, s.SendType = ref, "image/png"
	result, err := runner.Do(t.Context(), s, step.Call{})
	require.NoError(t, err)
	assert.Equal(t, "PUT 3145728 image/png", data(t, result))

	form := srv.request("/")
	form.Method, form.Body = "POST", mtlshttp.Multipart(mtlshttp.Part{Name: "file", FileName: "a.bin", Path: ref})
	result, err = runner.Do(t.Context(), stepOf(t, form), step.Call{})
	require.NoError(t, err)
	assert.Equal(t, "POST 3145728 multipart", data(t, result))

	r.Body = mtlshttp.Text("", "another")
	both := stepOf(t, r)
	both.Send = ref
	_, err = runner.Do(t.Context(), both, step.Call{})
	assert.Equal(t, "ambiguous", asError(t, err).Reason)
	for _, missing := range []string{"sha256-" + strings.Repeat("0", 64), "../../etc/passwd", "."} {
		s.Send = missing
		_, err = runner.Do(t.Context(), s, step.Call{})
		assert.Equal(t, "not-found", asError(t, err).Reason)
	}
}

func TestFailedPutLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	folder, err := step.OpenFolder(dir)
	require.NoError(t, err)
	defer folder.Close()
	broken := io.MultiReader(strings.NewReader("a part"), &failing{})
	_, err = folder.Put(context.Background(), "", broken)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, entries)
}

type failing struct{}

func (*failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func data(t *testing.T, result *step.Result) string {
	t.Helper()
	var text string
	require.NoError(t, json.Unmarshal([]byte(member(t, string(result.Response), "data")), &text))
	return text
}

func member(t *testing.T, document, name string) string {
	t.Helper()
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(document), &members))
	return string(members[name])
}

func stored(t *testing.T, runner *step.Runner, ref string) string {
	t.Helper()
	file, err := runner.Store.Open(ref)
	require.NoError(t, err)
	defer file.Close()
	content, err := io.ReadAll(file)
	require.NoError(t, err)
	return string(content)
}
