package mtlshttp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

func TestGrants(t *testing.T) {
	var form url.Values
	var user, password string
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.Method != http.MethodPost {
			w.WriteHeader(http.StatusBadRequest)
		}
		form = r.PostForm
		user, password, _ = r.BasicAuth()
		_, _ = fmt.Fprint(w, `{"access_token": "A", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "R", "scope": "s"}`)
	}))
	e := newExecutor(t)
	ask := func(r *mtlshttp.Request) *mtlshttp.Token {
		resp, err := e.Do(t.Context(), r)
		require.NoError(t, err)
		now := time.Unix(1000, 0)
		token, err := mtlshttp.TokenOf(resp, now)
		require.NoError(t, err)
		assert.Equal(t, now.Add(time.Hour), token.Expires)
		return token
	}
	endpoint := srv.Request("/token")
	basic := mtlshttp.OAuthClient{ID: "my app", Secret: "p:w", Scope: "read write", Params: []mtlshttp.Param{{Name: "audience", Value: "api"}}}
	token := ask(basic.ClientCredentials(endpoint))
	assert.Equal(t, "A", token.Access)
	assert.Equal(t, url.Values{"grant_type": {"client_credentials"}, "scope": {"read write"}, "audience": {"api"}}, form)
	assert.Equal(t, []string{"my+app", "p%3Aw"}, []string{user, password})

	inBody := mtlshttp.OAuthClient{ID: "app", Secret: "pw", SecretInBody: true}
	ask(inBody.Refresh(endpoint, token.Refresh))
	assert.Equal(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"R"}, "client_id": {"app"}, "client_secret": {"pw"}}, form)
	assert.Empty(t, user)

	ask(mtlshttp.OAuthClient{ID: "app"}.ClientCredentials(endpoint))
	assert.Equal(t, url.Values{"grant_type": {"client_credentials"}, "client_id": {"app"}}, form)

	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		assert.Equal(t, "token(Bearer)", fmt.Sprintf(verb, *token))
		assert.Equal(t, "token(Bearer)", fmt.Sprintf(verb, token))
	}
}

func TestTokenRefused(t *testing.T) {
	srv := mtlstest.NewServer(t, answering)
	e := newExecutor(t)
	for _, c := range []struct {
		query  string
		kind   mtlshttp.Kind
		reason string
	}{
		{`status=400&body={"error":"invalid_grant"}`, mtlshttp.KindStatus, "invalid_grant"},
		{`status=401&body={"error":"invalid_client","error_description":"sesame"}`, mtlshttp.KindStatus, "invalid_client"},
		{`status=500&body=<html>`, mtlshttp.KindStatus, ""},
		{`body={"error":"SECRET sesame"}`, mtlshttp.KindStatus, ""},
		{`body={"token_type":"Bearer"}`, mtlshttp.KindParse, "token"},
		{`body=sesame`, mtlshttp.KindParse, "token"},
	} {
		query, err := url.ParseQuery(c.query)
		require.NoError(t, err)
		resp, err := e.Do(t.Context(), srv.Request("/?"+query.Encode()))
		require.NoError(t, err)
		_, err = mtlshttp.TokenOf(resp, time.Now())
		f := failureOf(t, err)
		assert.Equal(t, c.kind, f.Kind, c.query)
		assert.Equal(t, c.reason, f.Reason, c.query)
		assert.NotContains(t, strings.ToLower(err.Error()), "sesame")
	}
}

// TestCertificateBoundToken goes through RFC 8705: the token is bound to the
// certificate that it was asked for with, and with another one it is worth
// nothing.
func TestCertificateBoundToken(t *testing.T) {
	thumbprint := func(r *http.Request) string {
		sum := sha256.Sum256(r.TLS.PeerCertificates[0].Raw)
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}
	bound := map[string]string{} // tokens to x5t#S256
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			bound["T1"] = thumbprint(r)
			_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "T1", "token_type": "Bearer", "expires_in": "60"})
			return
		}
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if bound[token] != thumbprint(r) {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	e := newExecutor(t)
	resp, err := e.Do(t.Context(), mtlshttp.OAuthClient{ID: "app"}.ClientCredentials(srv.Request("/token")))
	require.NoError(t, err)
	token, err := mtlshttp.TokenOf(resp, time.Now())
	require.NoError(t, err)

	r := srv.Request("/accounts").WithBearer(token.Access)
	resp, err = e.Do(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, 200, resp.StatusCode)
	r.Identity = srv.Issue(t, mtlstest.Client{Name: "thief"})
	resp, err = e.Do(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, 401, resp.StatusCode)
}

// A token that is bound to the client's certificate (RFC 8705): the same
// credential asks for it and uses it.
func ExampleOAuthClient() {
	endpoint := &mtlshttp.Request{URL: "https://auth.bank.example/token", Credentials: "bank"}
	ask := mtlshttp.OAuthClient{ID: "our-app", Scope: "accounts"}.ClientCredentials(endpoint)
	fmt.Println(ask.Method, ask.URL, ask.Credentials)

	use := (&mtlshttp.Request{URL: "https://api.bank.example/accounts", Credentials: "bank"}).WithBearer("from TokenOf")
	fmt.Println(use.Headers[0].Name, use.Credentials)
	// Output:
	// POST https://auth.bank.example/token bank
	// Authorization bank
}
