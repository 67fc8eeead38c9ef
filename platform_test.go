package mtlshttp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/corpus"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// generations is a keychain with three of one platform.
func generations(t testing.TB, ca *mtlstest.CA) *mtlshttp.Keychain {
	k := new(mtlshttp.Keychain)
	for _, name := range []string{"eu-2025", "eu-2026", "eu-2027"} {
		k.Add(name, issue(t, ca, mtlstest.Client{Name: name}).credential)
	}
	return k
}

func TestPlatformChoosesGenerationByOrigin(t *testing.T) {
	k := generations(t, newCA(t))
	require.NoError(t, k.AddPlatform("eu", mtlshttp.Platform{
		Previous: "eu-2025", Current: "eu-2026", Next: "eu-2027",
		PreviousFor: []string{"slow.example", "*.bank.example"}, NextFor: []string{"https://quick.example:8443", "api.bank.example"},
	}))
	for origin, want := range map[string]string{
		"https://other.example":       "eu-2026",
		"https://slow.example":        "eu-2025",
		"https://slow.example:8443":   "eu-2026",
		"https://old.bank.example":    "eu-2025",
		"https://api.bank.example":    "eu-2027",
		"https://QUICK.example.:8443": "eu-2027",
	} {
		c, err := k.CredentialFor(t.Context(), "eu", origin)
		require.NoError(t, err, origin)
		assert.Equal(t, want, c.Leaf().Subject.CommonName, origin)
	}
	c, err := k.Credential(t.Context(), "eu")
	require.NoError(t, err)
	assert.Equal(t, "eu-2026", c.Leaf().Subject.CommonName)
	c, err = k.CredentialFor(t.Context(), "eu-2025", "https://quick.example:8443")
	require.NoError(t, err)
	assert.Equal(t, "eu-2025", c.Leaf().Subject.CommonName, "what is no platform identity is the same everywhere")
	_, err = k.CredentialFor(t.Context(), "eu", "quick.example")
	assert.Equal(t, "origin", failureOf(t, err).Reason)
}

func TestPlatformFaults(t *testing.T) {
	k := generations(t, newCA(t))
	for _, p := range []mtlshttp.Platform{
		{}, {Next: "eu-2027"}, {Current: "eu"}, {Current: "eu-2026", Next: "eu"}, {Current: "eu-2026", NextFor: []string{"a.test"}},
		{Current: "eu-2026", PreviousFor: []string{"a.test"}}, {Current: "eu-2026", Next: "eu-2027", NextFor: []string{"ftp://a.test"}},
	} {
		assert.Equal(t, mtlshttp.KindConfig, failureOf(t, k.AddPlatform("eu", p)).Kind, "%+v", p)
	}
	require.NoError(t, k.AddPlatform("eu", mtlshttp.Platform{Current: "eu-2028"}))
	require.NoError(t, k.AddPlatform("us", mtlshttp.Platform{Current: "eu"}))
	_, err := k.Credential(t.Context(), "eu")
	assert.Equal(t, "no-credential", failureOf(t, err).Reason)
	_, err = k.Credential(t.Context(), "us")
	assert.Equal(t, "platform", failureOf(t, err).Reason)
}

// echo says who calls; /other redirects there, /hang answers when it is let go.
func echo(other string, letGo <-chan struct{}) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/other":
			http.Redirect(w, r, other, http.StatusFound)
			return
		case "/hang":
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-letGo
		}
		who := "nobody"
		if len(r.TLS.PeerCertificates) > 0 {
			who = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		_, _ = io.WriteString(w, who)
	})
}

// Each origin sees its own generation, also by way of a redirect.
func TestPlatformGenerationOverARedirect(t *testing.T) {
	ca := newCA(t)
	config, err := ca.ServerConfig()
	require.NoError(t, err)
	second := startServer(t, config, echo("", nil))
	first := startServer(t, config, echo(second, nil))
	k := generations(t, ca)
	require.NoError(t, k.AddPlatform("eu", mtlshttp.Platform{Current: "eu-2026", Next: "eu-2027", NextFor: []string{second}}))
	e := &mtlshttp.Executor{Credentials: k}
	defer func() { require.NoError(t, e.Close()) }()
	s := &mtlshttp.Session{Executor: e, Platform: "eu"}

	who := func(url string, origins ...string) string {
		resp, err := s.Do(t.Context(), &mtlshttp.Request{URL: url, UseMutualTLS: true, Roots: ca.Roots(), Origins: origins})
		require.NoError(t, err)
		return resp.Data.(string)
	}
	assert.Equal(t, "eu-2026", who(first))
	assert.Equal(t, "eu-2027", who(second))
	assert.Equal(t, "eu-2027", who(first+"/other", second))
	_, err = s.Do(t.Context(), &mtlshttp.Request{URL: first + "/other", UseMutualTLS: true, Roots: ca.Roots()})
	assert.Equal(t, mtlshttp.KindTLSClientCert, failureOf(t, err).Kind, "the origin rule holds for every generation")
}

// A change-over reaches sessions and clients that were handed out before, and
// cuts no request that is under way.
func TestPlatformChangeOver(t *testing.T) {
	ca := newCA(t)
	config, err := ca.ServerConfig()
	require.NoError(t, err)
	letGo := make(chan struct{})
	url := startServer(t, config, echo("", letGo))
	k := generations(t, ca)
	require.NoError(t, k.AddPlatform("eu", mtlshttp.Platform{Previous: "eu-2025", Current: "eu-2026", Next: "eu-2027"}))
	e := &mtlshttp.Executor{Credentials: k}
	defer func() { require.NoError(t, e.Close()) }()
	s := &mtlshttp.Session{Executor: e, Platform: "eu"}
	request := &mtlshttp.Request{URL: url, UseMutualTLS: true, Roots: ca.Roots()}
	client, err := s.Client(t.Context(), request)
	require.NoError(t, err)

	underWay, err := client.Get(url + "/hang")
	require.NoError(t, err)
	require.NoError(t, k.AddPlatform("eu", mtlshttp.Platform{Previous: "eu-2026", Current: "eu-2027"}))

	resp, err := s.Do(t.Context(), request)
	require.NoError(t, err)
	assert.Equal(t, "eu-2027", resp.Data)
	after, err := client.Get(url)
	require.NoError(t, err)
	assert.Equal(t, "eu-2027", bodyOf(t, after))
	close(letGo)
	assert.Equal(t, "eu-2026", bodyOf(t, underWay))
}

func bodyOf(t testing.TB, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

// The platforms' real certificates, which are public and without their keys.
func TestConformancePlatform(t *testing.T) {
	folder := corpus.Folder(t, "platform", "")
	paths, err := filepath.Glob(filepath.Join(folder, "*.pem"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	now := time.Now()
	var failing []string
	for _, path := range paths {
		if !conforms(t, path, now) {
			failing = append(failing, filepath.Base(path))
		}
	}
	corpus.Report(t, "platform", len(paths)-len(failing), len(paths), failing)
}

func conforms(t *testing.T, path string, now time.Time) bool {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	inventory, err := mtlshttp.Extract(t.Context(), data, nil)
	require.NoError(t, err)
	_, err = inventory.Credential()
	ok := assert.Equal(t, "no-key", failureOf(t, err).Reason, path)

	k := new(mtlshttp.Keychain)
	k.AddFiles("a", mtlshttp.CredentialFiles{File: path})
	_, err = k.Credential(t.Context(), "a")
	ok = assert.Equal(t, "no-key", failureOf(t, err).Reason) && ok
	r, err := k.Report(t.Context(), "a")
	require.NoError(t, err)

	first, last := inventory.Certificates[0], inventory.Certificates[len(inventory.Certificates)-1]
	ok = assert.Equal(t, first.SHA256, r.SHA256) && ok
	ok = assert.Regexp(t, `^CN=app(-[a-z-]+)?\.workfrontfusion\.com,O=Adobe Inc\.,L=San Jose,ST=California,C=US$`, r.Subject) && ok
	ok = assert.Len(t, r.Chain, len(inventory.Certificates)-1) && ok
	ok = assert.Equal(t, r.PEM, strings.TrimSpace(strings.ReplaceAll(string(data), "\r", ""))+"\n") && ok

	var want []string
	if now.After(first.NotAfter) {
		want = append(want, fmt.Sprintf("the certificate %q expired on %s", first.Subject, first.NotAfter.Format(time.DateOnly)))
	}
	if first.SHA256 == last.SHA256 {
		want = append(want, fmt.Sprintf("the certificate %q is without its issuer %q; add it, since others cannot verify the one without the other",
			first.Subject, first.Issuer))
	}
	ok = assert.Equal(t, want, inventory.Warnings, path) && ok

	soon, err := k.Expiring(t.Context(), 0)
	require.NoError(t, err)
	return assert.Equal(t, now.After(first.NotAfter), len(soon) > 0) && ok
}

func ExampleKeychain_AddPlatform() {
	url, file, ca, stop := bank()
	defer stop()
	keychain := new(mtlshttp.Keychain)
	keychain.Add("eu-2026", must(must(mtlshttp.Extract(context.Background(), file, &mtlshttp.ExtractOptions{Password: []byte("secret")})).Credential()))
	keychain.Add("eu-2027", must(ca.Issue(mtlstest.Client{Name: "alice, renewed"})).Credential)

	// The bank has the new certificate on its list already; the others follow.
	if err := keychain.AddPlatform("eu", mtlshttp.Platform{Current: "eu-2026", Next: "eu-2027", NextFor: []string{url}}); err != nil {
		panic(err)
	}
	executor := &mtlshttp.Executor{Credentials: keychain}
	defer executor.Close()
	session := &mtlshttp.Session{Executor: executor, Platform: "eu"}
	response := must(session.Do(context.Background(), &mtlshttp.Request{URL: url, UseMutualTLS: true, Roots: ca.Roots(), Parse: true}))
	fmt.Println(response.Data)
	// Output:
	// map[hello:alice, renewed]
}
