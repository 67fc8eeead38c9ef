package mtlshttp_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/canaries"
	"github.com/mtlshttp/mtlshttp/internal/testca"
	"github.com/mtlshttp/mtlshttp/internal/testpeer"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// planted are secrets of every sort that a request, a session and an executor
// are given, by where they stand.
type planted map[string]string

// newCanaries has all that are text; the key is added by identity.
func newCanaries() planted {
	c := planted(canaries.Secrets())
	delete(c, "PEM key")
	return c
}

// identity issues a credential with an Ed25519 key, which is octets that fmt
// would print, and adds the key to the canaries.
func (c planted) identity(t testing.TB) (credential *mtlshttp.Credential, file, key []byte) {
	ca, err := testca.New(testca.Options{})
	require.NoError(t, err)
	pair, err := ca.Issue(testca.Leaf{CommonName: "alice", Signer: ed25519.NewKeyFromSeed(canaries.Seed), Usages: testca.ClientAuth})
	require.NoError(t, err)
	key, err = pair.KeyPEM()
	require.NoError(t, err)
	require.Len(t, canaries.Scan(key), 1, "the key is the one that is looked for")
	file, err = pair.PKCS12(c["P12 password"], testca.Modern)
	require.NoError(t, err)
	c["PEM key"] = string(canaries.Seed)
	credential, err = mtlshttp.NewCredential(pair.Key, pair.Certificate)
	require.NoError(t, err)
	return credential, file, key
}

// free says that text has none of the canaries, in none of the forms in which
// octets are printed.
func (c planted) free(t *testing.T, from, text string) {
	t.Helper()
	for where, secret := range c {
		for _, form := range canaries.Spellings(secret) {
			if strings.Contains(text, form) {
				t.Errorf("%s shows the %s", from, where)
			}
		}
	}
}

// request has all canaries that a request can have.
func (c planted) request(at string, body mtlshttp.Body) *mtlshttp.Request {
	u, err := url.Parse(at)
	if err != nil {
		panic(err)
	}
	u.User, u.RawQuery = url.UserPassword("u", c["URL password"]), "api_key="+c["query key"]+"&"+c["query key"]
	return &mtlshttp.Request{Method: "POST", URL: u.String(), Auth: &mtlshttp.BasicAuth{User: "u", Password: c["basic password"]},
		Headers: []mtlshttp.Header{{Name: "X-Access-Token", Value: "Bearer " + c["bearer"]}, {Name: "x-api-key", Value: c["API key header"]},
			{Name: "X-Mine", Value: c["client secret"]}, {Name: "Cookie", Value: "a=" + c["cookie"]}, {Name: "Referer", Value: "https://r.test/?t=" + c["query key"]}},
		Query:  []mtlshttp.Param{{Name: "key", Value: c["query key"]}, {Name: "list", Value: []any{c["query key"]}}},
		Secret: []string{"X-Mine"}, Body: body, ShareCookies: true,
	}
}

func (c planted) form() mtlshttp.Body {
	return mtlshttp.Form(mtlshttp.Param{Name: "password", Value: c["form password"]}, mtlshttp.Param{Name: "client_secret", Value: c["client secret"]})
}

func (c planted) multipart() mtlshttp.Body {
	return mtlshttp.Multipart(mtlshttp.Part{Name: "a", Value: c["multipart value"]}, mtlshttp.Part{Name: "f", FileName: "x.txt", Data: []byte(c["multipart value"])})
}

// renderings are all that fmt and slog make of a value: itself, a pointer to
// it, and both within something else.
func renderings(v any) (texts []string) {
	values := []any{v, struct{ V any }{v}, []any{v}, map[string]any{"v": v}}
	if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer && !p.IsNil() && !holdsLock(p.Elem().Type()) {
		values = append(values, p.Elem().Interface(), struct{ V any }{p.Elem().Interface()})
	}
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			texts = append(texts, fmt.Sprintf(verb, v))
		}
	}
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "v", v)
	if kind := reflect.Indirect(reflect.ValueOf(v)).Kind(); kind != reflect.Slice { // of that it makes documents
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "v", v)
	}
	return append(texts, logged.String())
}

// holdsLock says whether a value of the type must not be copied.
func holdsLock(t reflect.Type) bool {
	return slices.Contains([]string{"Executor", "Jar", "Keychain"}, t.Name())
}

func TestSecrets(t *testing.T) {
	t.Run("SEC-01 twelve canaries through what goes wrong", testCanariesInFaults)
	t.Run("SEC-02 renderings of every exported type", testCanariesInRenderings)

	t.Run("SEC-03 curl command lines", func(t *testing.T) {
		c := newCanaries()
		credential, _, _ := c.identity(t)
		for _, body := range []mtlshttp.Body{c.form(), c.multipart(), mtlshttp.Text("text/plain", c["form password"]), mtlshttp.JSON(c)} {
			r := c.request("https://a.test/x", body)
			line, _, err := mtlshttp.FormatCurl(r, true)
			require.NoError(t, err)
			assert.Contains(t, line, c["bearer"], "it is revealed where that is asked for")
			r.Identity = credential
			line, notes, err := mtlshttp.FormatCurl(r, false)
			require.NoError(t, err)
			c.free(t, "the command line", line+fmt.Sprint(notes))
			assert.Contains(t, line, "https://")
		}
	})

	t.Run("SEC-04 names of secret headers", func(t *testing.T) {
		for _, name := range []string{
			"Authorization", "Proxy-Authorization", "Authentication", "Proxy-Authenticate", "WWW-Authenticate", "Cookie", "Cookie2", "Set-Cookie",
			"X-Api-Key", "Api-Key", "ApiKey", "X-ApiKey", "X_API_KEY", "X-Auth", "X-Auth-Token", "X-Auth-Key", "X-Authorization", "X-Access-Token",
			"X-Access-Key", "X-Amz-Security-Token", "X-Amz-Signature", "X-Goog-Api-Key", "Ocp-Apim-Subscription-Key", "X-Functions-Key",
			"DD-API-KEY", "DD-APPLICATION-KEY", "X-Rapidapi-Key", "X-Mashape-Key", "X-Honeycomb-Team", "Private-Token", "X-Gitlab-Token",
			"X-Hub-Signature", "X-Hub-Signature-256", "X-Csrf-Token", "X-Xsrf-Token", "X-Session-Id", "X-Session-Token", "X-Refresh-Token",
			"X-Client-Secret", "Client-Secret", "X-Password", "X-Vault-Token", "X-Jwt-Assertion", "X-Shopify-Access-Token", "X-Forwarded-Client-Cert",
			"X-Mailgun-Key", "X-Credential", "X-Private-Key", "X-Otp", "Signature", "Fastly-Key", "X-App-Key", "X-Subscription-Key", "X-Wsse",
		} {
			for _, spelled := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
				h := mtlshttp.Header{Name: spelled, Value: "canary"}
				assert.Equal(t, spelled+": ***", h.String())
			}
		}
		r := &mtlshttp.Request{URL: "http://a.test/", Secret: []string{"x-Mine"}, Headers: []mtlshttp.Header{{Name: "X-MINE", Value: "canary"}, {Name: "Accept", Value: "text/css"}}}
		assert.NotContains(t, r.String(), "canary")
		assert.Contains(t, r.String(), "text/css", "what is no secret is shown")
	})

	t.Run("SEC-05 bodies of a server in errors and logs", func(t *testing.T) {
		const line = "a line of the server's own body; "
		body := strings.Repeat(line, 200)
		var logged bytes.Buffer
		e := &mtlshttp.Executor{Logger: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))}
		defer func() { require.NoError(t, e.Close()) }()
		srv := testpeer.ServeBytes(t)
		e.Dial = srv.Dial
		for _, answer := range []string{
			fmt.Sprintf("HTTP/1.1 500 No\r\nContent-Length: %d\r\n\r\n%s", len(body), body),
			fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body),
			fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s", len(body), body),
			fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(body), body),
			body + "\r\n\r\n",
		} {
			srv.Say("/", answer)
			_, err := e.Do(t.Context(), &mtlshttp.Request{URL: "http://a.test/", StatusErrors: true, Parse: true, Compressed: true})
			require.Error(t, err)
			slog.New(slog.NewJSONHandler(&logged, nil)).Error("x", "err", err, "response", failureOf(t, err).Response)
			for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), logged.String()} {
				assert.LessOrEqual(t, strings.Count(text, line)*len(line), 256, text)
			}
			logged.Reset()
		}
	})

	t.Run("SEC-06 passwords are wiped", func(t *testing.T) {
		c := newCanaries()
		_, file, key := c.identity(t)
		for _, data := range [][]byte{file, key, []byte("no credential"), nil} {
			for _, pair := range []bool{false, true} {
				password, keyPassword := []byte(c["P12 password"]), []byte("another")
				o := &mtlshttp.ExtractOptions{Password: password, KeyPassword: keyPassword}
				if pair {
					_, _ = mtlshttp.ExtractPair(t.Context(), data, key, o)
				} else {
					_, _ = mtlshttp.Extract(t.Context(), data, o)
				}
				assert.Equal(t, make([]byte, len(password)), password)
				assert.Equal(t, make([]byte, len(keyPassword)), keyPassword)
			}
		}
	})

	t.Run("SEC-07 a bundle has nothing of its request", func(t *testing.T) {
		c := newCanaries()
		srv := mtlstest.NewServer(t, echo("", nil))
		r := c.request(srv.URL, c.form())
		r.Identity, r.Roots, r.ShareCookies = srv.Credential, srv.CA.Roots(), false
		resp, err := newExecutor(t).Do(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		document, err := json.Marshal(resp)
		require.NoError(t, err)
		c.free(t, "the bundle", string(document))
	})

	t.Run("SEC-08 profiles of a running request", func(t *testing.T) {
		c := newCanaries()
		var profiles bytes.Buffer
		srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			for _, debug := range []int{1, 2} {
				_ = pprof.Lookup("goroutine").WriteTo(&profiles, debug)
			}
		}))
		defer srv.Close()
		r := c.request(srv.URL, c.multipart())
		r.ShareCookies = false
		_, err := newExecutor(t).Do(t.Context(), r)
		require.NoError(t, err)
		require.NotEmpty(t, profiles.String())
		c.free(t, "a profile", profiles.String())
	})

	t.Run("SEC-09 no private key in the repository's data", func(t *testing.T) {
		block := regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----(\\[nr]|\s)+[A-Za-z0-9+/=]{16}`)
		files := 0
		require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && entry.Name() == ".git":
				return fs.SkipDir
			case entry.IsDir(), !strings.Contains(path, "testdata"+string(filepath.Separator)):
				return nil
			}
			data, err := os.ReadFile(path)
			assert.False(t, block.Match(data), "%s holds a private key", path)
			files++
			return err
		}))
		assert.NotZero(t, files)
		_, _, key := newCanaries().identity(t)
		assert.True(t, block.Match(key), "the scan finds one")
		assert.True(t, block.Match(bytes.ReplaceAll(key, []byte("\n"), []byte(`\n`))), "the scan finds one in JSON")
	})

	t.Run("SEC-10 no key log", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "keys.log")
		t.Setenv("SSLKEYLOGFILE", file)
		srv := mtlstest.NewServer(t, whoami)
		_, err := newExecutor(t).Do(t.Context(), srv.Request("/"))
		require.NoError(t, err)
		assert.NoFileExists(t, file)
	})
}

// testCanariesInRenderings renders a value of every exported struct of the
// package with the canaries in it.
func testCanariesInRenderings(t *testing.T) {
	c := newCanaries()
	credential, file, key := c.identity(t)
	srv := testpeer.ServeBytes(t)
	keychain := new(mtlshttp.Keychain)
	keychain.Add("alice", credential)
	keychain.AddFiles("files", mtlshttp.CredentialFiles{File: "a.p12", Password: []byte(c["P12 password"])})
	jar := new(mtlshttp.Jar)
	jar.SetCookies(&url.URL{Scheme: "http", Host: "a.test"}, []*http.Cookie{{Name: "a", Value: c["cookie"]}})
	proxy := &mtlshttp.Proxy{URL: "http://u:" + c["proxy password"] + "@proxy.test:3128", Identity: credential}
	executor := &mtlshttp.Executor{Credentials: keychain, Proxy: proxy, Dial: srv.Dial}
	session := &mtlshttp.Session{Executor: executor, Jar: jar, Credentials: keychain, Platform: "alice"}
	inventory, err := mtlshttp.Extract(t.Context(), file, &mtlshttp.ExtractOptions{Password: []byte(c["P12 password"])})
	require.NoError(t, err)
	roots := mtlshttp.Roots{PEM: string(key)}
	r := c.request("https://a.test/x", c.form())
	r.Identity, r.Roots, r.Extra = credential, roots, map[string]json.RawMessage{"x": json.RawMessage(`"` + c["client secret"] + `"`)}
	upload := c.request("https://a.test/x", c.multipart())
	curl, err := mtlshttp.ImportCurl("curl -u u:"+c["basic password"]+" --cert a.p12:"+c["P12 password"]+" -x http://u:"+c["proxy password"]+"@p.test http://a.test/", nil)
	require.NoError(t, err)
	_, err = session.Do(t.Context(), c.request("https://a.test/", c.form()))
	fault := failureOf(t, err)

	values := []any{r, upload, r.Redacted(), &r.Headers[0], &r.Headers[3], &r.Query[0], r.Auth, &r.Roots, &r.Body, &upload.Body,
		&mtlshttp.Part{Name: "a", Value: c["multipart value"]}, &mtlshttp.Part{Name: "a", Data: []byte(c["multipart value"])},
		credential, inventory, keychain, jar, proxy, executor, session, fault, curl, curl.Request, curl.Credential,
		&mtlshttp.ExtractOptions{Password: []byte(c["P12 password"]), KeyPassword: []byte(c["P12 password"])},
		&mtlshttp.CredentialFiles{File: "a.p12", Password: []byte(c["P12 password"])},
		&mtlshttp.Module{Request: upload}, &mtlshttp.Scenario{Modules: []mtlshttp.Module{{Request: upload}}},
		&mtlshttp.HeaderSecret{Name: "X-Token", Secret: "-----BEGIN " + c["bearer"]},
		&mtlshttp.Response{StatusCode: 200, Headers: []mtlshttp.Header{{Name: "set-cookie", Value: c["cookie"]}}, CookieHeaders: []string{c["cookie"]}, Data: c["form password"]},
		&mtlshttp.Known{Receipt: &mtlshttp.Receipt{}}, &mtlshttp.ProbeResult{Error: fault}, &mtlshttp.Rehearsal{ProbeResult: mtlshttp.ProbeResult{Error: fault}},
		&mtlshttp.OAuthClient{ID: "app", Secret: c["client secret"], Params: []mtlshttp.Param{{Name: "a", Value: c["form password"]}}},
		&mtlshttp.Token{Access: c["client secret"], Type: "Bearer", Refresh: c["form password"]},
		&mtlshttp.OAuthClient{ID: "id", Secret: c["client secret"], Params: r.Query}, &mtlshttp.Token{Access: c["bearer"], Refresh: c["bearer"]},
		&mtlshttp.Exchange{Request: r, Response: &mtlshttp.Response{Data: c["form password"]}, Err: fault}, &mtlshttp.Exchange{Request: upload, Err: errors.New(c["bearer"])},
		&mtlshttp.Event{Err: fault, Hops: fault.Hops, Diagnosis: fault.Diagnosis}, &mtlshttp.Metrics{Keychain: keychain},
		&mtlshttp.Stream{Response: &mtlshttp.Response{Data: c["form password"]}}, r.Headers[:2], r.Query, []*mtlshttp.Request{r},
	}
	seen := map[string]bool{}
	for _, v := range values {
		from := fmt.Sprintf("%T", v)
		seen[from[strings.LastIndexByte(from, '.')+1:]] = true
		for _, text := range renderings(v) {
			c.free(t, from, text)
		}
		switch v.(type) {
		case *mtlshttp.Request, []*mtlshttp.Request, *mtlshttp.Jar, []mtlshttp.Header, *mtlshttp.Header, *mtlshttp.Response, *mtlshttp.Stream, *mtlshttp.Token, *mtlshttp.Module, *mtlshttp.Scenario:
			continue // documents, complete
		}
		if document, err := json.Marshal(v); err == nil {
			c.free(t, "the document of "+from, string(document))
		}
	}
	assert.Equal(t, redactedDocument(t, r), redactedDocument(t, r.Redacted()), "what is redacted stays so")
	c.free(t, "the redacted document", redactedDocument(t, r))

	harmless := []string{ // nothing of theirs comes from a secret
		"Attempt", "CertificateFacts", "CertificateInfo", "CertificateReport", "ClientCertificateReceipt", "Diagnosis", "EgressPolicy", "Expiry",
		"Hop", "IdentityInfo", "KeyInfo", "Limits", "LoadPolicy", "MetricsSnapshot", "ModuleKeychain", "Note", "Output", "Platform", "Progress", "Protocol", "Receipt", "Redirect", "RetryPolicy",
		"ServerReceipt", "Shape", "Timings", "Unresolved", "Verify", "Warning", "WithheldCertificate",
	}
	for _, name := range exportedStructs(t) {
		assert.True(t, seen[name] || slices.Contains(harmless, name), "no value of type %s is rendered here", name)
	}
}

func redactedDocument(t *testing.T, r *mtlshttp.Request) string {
	document, err := json.Marshal(r.Redacted())
	require.NoError(t, err)
	return string(document)
}

// exportedStructs are the names of the package's exported struct types.
func exportedStructs(t *testing.T) (names []string) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				if s, ok := spec.(*ast.TypeSpec); ok && s.Name.IsExported() {
					if _, isStruct := s.Type.(*ast.StructType); isStruct {
						names = append(names, s.Name.Name)
					}
				}
			}
		}
	}
	require.NotEmpty(t, names)
	return names
}
