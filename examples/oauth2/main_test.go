package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// bank is an authorization server that binds tokens to the certificate that
// asks for them, and an API that holds them to it.
type bank struct {
	mu     sync.Mutex
	asked  []string // client_id and scope of each call for a token
	used   int
	secret string // of the client; empty: its certificate is enough
}

func (b *bank) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	sum := sha256.Sum256(r.TLS.PeerCertificates[0].Raw)
	presented := base64.RawURLEncoding.EncodeToString(sum[:])
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/token" {
		id, secret, _ := r.BasicAuth()
		if id == "" {
			id = r.PostFormValue("client_id")
		}
		if plain, err := url.QueryUnescape(secret); err != nil || plain != b.secret { // RFC 6749, section 2.3.1
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_client"}`)
			return
		}
		b.asked = append(b.asked, id+" "+r.PostFormValue("scope"))
		payload, _ := json.Marshal(map[string]any{"sub": id, "cnf": map[string]string{"x5t#S256": presented}})
		token := "e30." + base64.RawURLEncoding.EncodeToString(payload) + ".c2ln"
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, token)
		return
	}
	b.used++
	if thumbprint(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")) != presented {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	fmt.Fprint(w, `{"accounts":[9007199254740993]}`)
}

// start gives a bank, an executor with the client's credential, and a request
// to a path of the bank's.
func start(t *testing.T, b *bank) (*mtlstest.Server, *mtlshttp.Executor, func(path string) *mtlshttp.Request) {
	srv := mtlstest.NewServer(t, b)
	keychain := new(mtlshttp.Keychain)
	keychain.Add(credentialName, srv.Credential)
	e := &mtlshttp.Executor{Credentials: keychain}
	t.Cleanup(func() { assert.NoError(t, e.Close()) })
	return srv, e, func(path string) *mtlshttp.Request {
		return &mtlshttp.Request{URL: srv.URL + path, Credentials: credentialName, Roots: srv.CA.Roots(), Parse: true}
	}
}

// The call for the token and the call with it present one certificate, which
// the token is bound to, and the token is asked for once.
func TestBoundToken(t *testing.T) {
	b := new(bank)
	srv, e, request := start(t, b)
	tokens, err := tokenSource(t.Context(), e, request("/token"), clientcredentials.Config{ClientID: "our-app", Scopes: []string{"accounts"}})
	require.NoError(t, err)
	for range 2 {
		a, err := call(t.Context(), e, tokens, request("/accounts"))
		require.NoError(t, err)
		assert.Equal(t, srv.Credential.Report().X5TS256, a.BoundTo)
		assert.Equal(t, "Bearer", a.Type)
		assert.Equal(t, map[string]any{"accounts": []any{json.Number("9007199254740993")}}, a.Response.Data)
	}
	assert.Equal(t, []string{"our-app accounts"}, b.asked)

	// Another's certificate: refused before it is sent, and by the API.
	token, err := tokens.Token()
	require.NoError(t, err)
	thief := new(mtlshttp.Keychain)
	thief.Add(credentialName, srv.Issue(t, mtlstest.Client{Name: "thief"}))
	e.Credentials = thief
	_, err = call(t.Context(), e, tokens, request("/accounts"))
	assert.ErrorIs(t, err, errOtherCertificate)
	assert.Equal(t, 2, b.used)
	resp, err := e.Do(t.Context(), request("/accounts").WithBearer(token.AccessToken))
	require.NoError(t, err)
	assert.Equal(t, http.StatusUnauthorized, resp.StatusCode)
}

func TestSecretBesideTheCertificate(t *testing.T) {
	b := &bank{secret: "p:w"}
	_, e, request := start(t, b)
	for secret, want := range map[string]string{"p:w": "", "wrong": "invalid_client"} {
		tokens, err := tokenSource(t.Context(), e, request("/token"), clientcredentials.Config{ClientID: "app", ClientSecret: secret, AuthStyle: oauth2.AuthStyleInHeader})
		require.NoError(t, err)
		_, err = call(t.Context(), e, tokens, request("/accounts"))
		var refused *oauth2.RetrieveError
		if want == "" {
			require.NoError(t, err)
		} else if assert.ErrorAs(t, err, &refused) {
			assert.Equal(t, want, refused.ErrorCode)
		}
	}
}

// A server that does not get the certificate it wants says so through
// golang.org/x/oauth2, with our diagnosis.
func TestDiagnosisComesThrough(t *testing.T) {
	_, e, request := start(t, new(bank))
	endpoint := request("/token")
	endpoint.Credentials = ""
	tokens, err := tokenSource(t.Context(), e, endpoint, clientcredentials.Config{ClientID: "app"})
	require.NoError(t, err)
	_, err = tokens.Token()
	var f *mtlshttp.Error
	require.ErrorAs(t, err, &f)
	require.NotNil(t, f.Diagnosis)
	assert.Equal(t, "client-cert-missing", f.Diagnosis.Cause)
}

func TestThumbprintOfOpaqueTokens(t *testing.T) {
	for _, token := range []string{"", "opaque", "a.b.c", "e30.e30.c2ln", "e30.W10.c2ln", "a.b.c.d"} {
		assert.Empty(t, thumbprint(token), token)
	}
}

func TestRun(t *testing.T) {
	srv, _, _ := start(t, new(bank))
	ours, err := srv.CA.Issue(mtlstest.Client{Name: "our-app"})
	require.NoError(t, err)
	file, err := ours.PKCS12("sesame")
	require.NoError(t, err)
	dir := t.TempDir()
	p12, ca := filepath.Join(dir, "client.p12"), filepath.Join(dir, "ca.pem")
	require.NoError(t, os.WriteFile(p12, file, 0o600))
	require.NoError(t, os.WriteFile(ca, srv.CA.PEM(), 0o600))
	t.Setenv("P12_PASSWORD", "sesame")

	var out, diagnostics bytes.Buffer
	args := []string{"-token-url", srv.URL + "/token", "-client-id", "our-app", "-credential", p12, "-password-env", "P12_PASSWORD", "-ca", ca, srv.URL + "/accounts"}
	require.NoError(t, run(t.Context(), args, &out, &diagnostics))
	var printed struct {
		BoundTo  string
		Response struct{ StatusCode int }
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &printed))
	assert.Equal(t, ours.Credential.Report().X5TS256, printed.BoundTo)
	assert.Equal(t, 200, printed.Response.StatusCode)
	assert.NotContains(t, out.String(), "e30.", "the token is not shown")

	require.Error(t, run(t.Context(), nil, &out, &diagnostics))
	assert.Contains(t, diagnostics.String(), "usage: oauth2")
}
