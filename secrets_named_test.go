package mtlshttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/canaries"
)

// vault is a source whose secrets can change.
type vault struct {
	mu      sync.Mutex
	secrets map[string]string
}

var errSealed = errors.New("the vault is sealed")

func (v *vault) Secret(ctx context.Context, name string) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if value, ok := v.secrets[name]; ok {
		return value, ctx.Err()
	}
	return "", errSealed
}

func (v *vault) set(name, value string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.secrets[name] = value
}

func newVault() *vault {
	return &vault{secrets: map[string]string{"password": canaries.BasicPassword, "token": canaries.APIKey}}
}

// seenHeaders is a server that tells the headers of each request.
func seenHeaders(t *testing.T, then http.HandlerFunc) (at string, seen func() []http.Header) {
	var mu sync.Mutex
	var got []http.Header
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		got = append(got, r.Header.Clone())
		mu.Unlock()
		if then != nil {
			then(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL, func() []http.Header {
		mu.Lock()
		defer mu.Unlock()
		return append([]http.Header(nil), got...)
	}
}

func readRequest(t *testing.T, document string) *mtlshttp.Request {
	t.Helper()
	r := new(mtlshttp.Request)
	require.NoError(t, json.Unmarshal([]byte(document), r))
	return r
}

func namesSecrets(at string) *mtlshttp.Request {
	return &mtlshttp.Request{URL: at, Auth: &mtlshttp.BasicAuth{User: "u", Secret: "password"},
		HeaderSecrets: []mtlshttp.HeaderSecret{{Name: "X-Odd", Secret: "token"}}}
}

func basicOf(h http.Header) string {
	_, password, _ := (&http.Request{Header: h}).BasicAuth()
	return password
}

func TestNamedSecretsAreSent(t *testing.T) {
	at, seen := seenHeaders(t, nil)
	e := newExecutor(t)
	e.Secrets = newVault()
	for _, headers := range []string{`[{"name": "X-Odd", "secret": "token"}]`, `{"X-Odd": {"secret": "token"}}`,
		`[{"name": "x-odd", "value": "other"}, {"name": "X-Odd", "secret": "token", "value": ""}]`} {
		r := readRequest(t, fmt.Sprintf(`{"url": %q, "authUser": "u", "authPass": {"secret": "password"}, "headers": %s}`, at, headers))
		assert.Equal(t, namesSecrets(at), r)
		_, err := e.Do(t.Context(), r)
		require.NoError(t, err)
		got := seen()[len(seen())-1]
		assert.Equal(t, canaries.BasicPassword, basicOf(got))
		assert.Equal(t, []string{canaries.APIKey}, got.Values("X-Odd"))
		again, err := json.Marshal(r)
		require.NoError(t, err)
		assert.Equal(t, r, readRequest(t, string(again)))
		assert.Contains(t, string(again), `{"name":"X-Odd","secret":"token"}`)
		assert.Contains(t, string(again), `"authPass":{"secret":"password"}`)
	}
	session := &mtlshttp.Session{Executor: e, Secrets: &vault{secrets: map[string]string{"password": "p", "token": "of the session"}}}
	_, err := session.Do(t.Context(), namesSecrets(at))
	require.NoError(t, err)
	assert.Equal(t, "of the session", seen()[len(seen())-1].Get("X-Odd"), "the session's goes before the executor's")
	r := namesSecrets(at)
	_, err = session.Do(t.Context(), r.WithBearer("b"))
	require.NoError(t, err)
	assert.Equal(t, "Bearer b", seen()[len(seen())-1].Get("Authorization"))
	_, err = session.Check(t.Context(), r)
	require.NoError(t, err)
}

func TestNamedSecretsReachHandedOutClients(t *testing.T) {
	there, seenThere := seenHeaders(t, nil)
	at, seen := seenHeaders(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/here":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/away":
			http.Redirect(w, r, there, http.StatusFound)
		}
	})
	source := newVault()
	e := newExecutor(t)
	e.Secrets = source
	client, err := e.Client(t.Context(), namesSecrets(at))
	require.NoError(t, err)
	get := func(u string) error {
		resp, err := client.Get(u)
		if err == nil {
			err = resp.Body.Close()
		}
		return err
	}
	require.NoError(t, get(at))
	source.set("token", "rotated")
	source.set("password", "rotated too")
	require.NoError(t, get(at+"/here"))
	require.Len(t, seen(), 3)
	assert.Equal(t, canaries.APIKey, seen()[0].Get("X-Odd"))
	for _, got := range seen()[1:] {
		assert.Equal(t, "rotated", got.Get("X-Odd"))
		assert.Equal(t, "rotated too", basicOf(got))
	}
	require.NoError(t, get(at+"/away"))
	require.NoError(t, get(there))
	_, err = e.Do(t.Context(), namesSecrets(at+"/away"))
	require.NoError(t, err)
	require.Len(t, seenThere(), 3)
	for _, got := range seenThere() {
		assert.Empty(t, got.Get("X-Odd"), "it never crosses an origin")
		assert.Empty(t, got.Get("Authorization"))
	}
	before := len(seen())
	source.set("token", canaries.APIKey+"\r\nX-Injected: 1")
	err = get(at)
	assert.Equal(t, "headers[0]", failureOf(t, err).Field)
	assert.NotContains(t, fmt.Sprintf("%+v", err), canaries.APIKey)
	assert.Len(t, seen(), before, "nothing was sent")
}

func TestNamedSecretsThatAreNotThere(t *testing.T) {
	at, seen := seenHeaders(t, nil)
	password := func(name string) *mtlshttp.Request {
		return &mtlshttp.Request{URL: at, Auth: &mtlshttp.BasicAuth{User: "u", Secret: name}}
	}
	header := func(name string) *mtlshttp.Request {
		return &mtlshttp.Request{URL: at, Headers: []mtlshttp.Header{{Name: "A", Value: "1"}}, HeaderSecrets: []mtlshttp.HeaderSecret{{Name: "X-Odd", Secret: name}}}
	}
	source := &vault{secrets: map[string]string{"empty": "", "line": canaries.APIKey + "\n", "long": strings.Repeat(canaries.APIKey, 1<<20)}}
	for _, c := range []struct {
		request       *mtlshttp.Request
		source        mtlshttp.SecretSource
		kind          mtlshttp.Kind
		field, reason string
	}{
		{password("x"), nil, mtlshttp.KindConfig, "authPass", "no-secret"},
		{password("x"), source, mtlshttp.KindConfig, "authPass", "no-secret"},
		{password("empty"), source, mtlshttp.KindConfig, "authPass", "no-secret"},
		{password("line"), source, mtlshttp.KindConfig, "authPass", "header"},
		{header("x"), nil, mtlshttp.KindConfig, "headers[1]", "no-secret"},
		{header("x"), source, mtlshttp.KindConfig, "headers[1]", "no-secret"},
		{header("line"), source, mtlshttp.KindConfig, "headers[1]", "header"},
		{header("long"), source, mtlshttp.KindLimit, "headers", "header-bytes"},
	} {
		e := newExecutor(t)
		e.Secrets = c.source
		_, err := e.Do(t.Context(), c.request)
		_, checked := e.Check(t.Context(), c.request)
		_, built := e.Client(t.Context(), c.request)
		for _, err := range []error{err, checked, built} {
			f := failureOf(t, err)
			assert.Equal(t, [3]string{string(c.kind), c.field, c.reason}, [3]string{string(f.Kind), f.Field, f.Reason})
			assert.NotContains(t, fmt.Sprintf("%+v", err), canaries.APIKey)
		}
	}
	e := newExecutor(t)
	e.Secrets = source
	_, err := e.Do(t.Context(), password("x"))
	assert.ErrorIs(t, err, errSealed)
	source.set("there", "x")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = e.Do(ended, password("there"))
	assert.Equal(t, mtlshttp.KindCanceled, failureOf(t, err).Kind)
	assert.Empty(t, seen(), "nothing was sent")
}

func TestNamedSecretsThatCannotBe(t *testing.T) {
	named := func(name, secret string, headers ...mtlshttp.Header) *mtlshttp.Request {
		return &mtlshttp.Request{URL: "https://a.test", Headers: headers, HeaderSecrets: []mtlshttp.HeaderSecret{{Name: name, Secret: secret}}}
	}
	twice := named("X-A", "s")
	twice.HeaderSecrets = append(twice.HeaderSecrets, mtlshttp.HeaderSecret{Name: "x-a", Secret: "t"})
	for field, requests := range map[string][]*mtlshttp.Request{
		"authPass":   {{URL: "https://a.test", Auth: &mtlshttp.BasicAuth{Password: "p", Secret: "s"}}},
		"headers[0]": {named("", "s"), named("X A", "s"), named("X\r\nA", "s"), named("Content-Length", "s"), named("connection", "s"), named("host", "s"), named("X-A", "")},
		"headers[1]": {twice, named("x-a", "s", mtlshttp.Header{Name: "X-A", Value: "1"})},
	} {
		for _, r := range requests {
			assert.Equal(t, field, failureOf(t, r.Validate()).Field, "%v", r.HeaderSecrets)
			_, err := r.MarshalJSON()
			assert.Equal(t, field, failureOf(t, err).Field, "it would not come back: %v", r.HeaderSecrets)
		}
	}
	for _, members := range []string{`"authPass": {}`, `"authPass": {"secret": ""}`, `"authPass": {"secret": 7}`, `"authPass": {"secret": "a", "b": 1}`,
		`"headers": [{"name": "A", "value": "hunter2", "secret": "s"}]`, `"headers": [{"name": "A", "secret": 7}]`, `"headers": [{"name": "A", "secret": ["s"]}]`,
		`"headers": {"A": {}}`, `"headers": {"A": {"secret": ""}}`, `"headers": {"A": [{"secret": "s"}]}`, `"headers": {"A": {"secret": "s", "value": "hunter2"}}`} {
		err := json.Unmarshal([]byte(`{"url": "https://a.test", `+members+`}`), new(mtlshttp.Request))
		assert.Equal(t, mtlshttp.KindConfig, failureOf(t, err).Kind, members)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

// What names secrets shows the names, and values that a server says again are
// as secret as what was sent.
func TestNamedSecretsAreNotShown(t *testing.T) {
	at, _ := seenHeaders(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Odd", r.Header.Get("X-Odd")) })
	e := newExecutor(t)
	e.Secrets = newVault()
	r := namesSecrets(at)
	resp, err := e.Do(t.Context(), r)
	require.NoError(t, err)
	texts := renderings(r)
	for _, reveal := range []bool{false, true} {
		line, notes, err := mtlshttp.FormatCurl(r, reveal)
		require.NoError(t, err)
		assert.Contains(t, line, "X-Odd: ***")
		assert.Contains(t, fmt.Sprint(notes), "X-Odd")
		texts = append(texts, line)
	}
	archive, err := mtlshttp.FormatHAR(false, mtlshttp.Exchange{Request: r, Response: resp})
	require.NoError(t, err)
	assert.Contains(t, string(archive), "X-Odd")
	texts = append(texts, string(archive), r.String())
	for _, text := range texts {
		for _, secret := range []string{canaries.APIKey, canaries.BasicPassword} {
			for _, form := range canaries.Spellings(secret) {
				assert.NotContains(t, text, form)
			}
		}
	}
	assert.Contains(t, r.String(), `"secret":"token"`)
	assert.Contains(t, r.String(), `"secret":"password"`)
}

// A request without named secrets asks nobody.
func TestNoNamedSecretsAskNobody(t *testing.T) {
	at, seen := seenHeaders(t, nil)
	e := newExecutor(t)
	e.Secrets = forbidden{t}
	_, err := e.Do(t.Context(), &mtlshttp.Request{URL: at, Auth: &mtlshttp.BasicAuth{User: "u", Password: "p"}})
	require.NoError(t, err)
	assert.Len(t, seen(), 1)
}

type forbidden struct{ t *testing.T }

func (f forbidden) Secret(context.Context, string) (string, error) {
	f.t.Error("the source was asked")
	return "", nil
}

// environment is a SecretSource of one's own.
type environment map[string]string

func (e environment) Secret(_ context.Context, name string) (string, error) {
	if value, ok := e[name]; ok {
		return value, nil
	}
	return "", errors.New("it is not set")
}

func ExampleSecretSource() {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		fmt.Fprint(w, password == "correct horse", r.Header.Get("X-Token") == "battery staple")
	}))
	defer srv.Close()
	executor := &mtlshttp.Executor{Secrets: environment{"BANK_PASSWORD": "correct horse", "BANK_TOKEN": "battery staple"}}
	defer executor.Close()

	request := &mtlshttp.Request{URL: srv.URL, Auth: &mtlshttp.BasicAuth{User: "acme", Secret: "BANK_PASSWORD"},
		HeaderSecrets: []mtlshttp.HeaderSecret{{Name: "X-Token", Secret: "BANK_TOKEN"}}}
	fmt.Println(must(executor.Do(context.Background(), request)).Data)

	request.Auth.Secret = "OLD_PASSWORD"
	_, err := executor.Do(context.Background(), request)
	fmt.Println(err)
	// Output:
	// true true
	// mtlshttp: config(no-secret): authPass: the secret "OLD_PASSWORD": it is not set
}
