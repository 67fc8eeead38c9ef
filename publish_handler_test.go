package mtlshttp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

func TestPublicCertificates(t *testing.T) {
	ca := newCA(t)
	alice, next := issue(t, ca, mtlstest.Client{Name: "<alice>"}), issue(t, ca, mtlstest.Client{Name: "next"})
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"tls.crt": next.certificate, "all.pem": append(alice.certificate, alice.key...)})
	k := new(mtlshttp.Keychain)
	k.AddFiles("eu-2026", mtlshttp.CredentialFiles{Dir: dir, File: "all.pem"})
	k.AddFiles("eu-2027", mtlshttp.CredentialFiles{Dir: dir}) // its key is not there yet
	k.AddFiles("broken", mtlshttp.CredentialFiles{Dir: dir, File: "hunter2"})
	k.Add("internal", issue(t, ca, mtlstest.Client{Name: "internal"}).credential)
	require.NoError(t, k.AddPlatform("eu", mtlshttp.Platform{Current: "eu-2026", Next: "eu-2027"}))
	handler := http.StripPrefix("/certificates", k.PublicCertificates("eu", "eu-2027", "broken"))
	get := func(path string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/certificates/"+path, nil)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		body := w.Body.String()
		assert.NotContains(t, body, "PRIVATE KEY", path)
		assert.NotContains(t, body, "hunter2", path)
		assert.NotContains(t, body, "internal", path)
		assert.NotContains(t, body, "<alice>", path)
		return w
	}

	pem := get("eu.pem")
	assert.Equal(t, 200, pem.Code)
	assert.Equal(t, "application/pem-certificate-chain", pem.Header().Get("Content-Type"))
	assert.Equal(t, alice.credential.Report().PEM, pem.Body.String())
	assert.Equal(t, "public, max-age=300", pem.Header().Get("Cache-Control"))
	assert.Equal(t, "nosniff", pem.Header().Get("X-Content-Type-Options"))
	assert.Equal(t, next.credential.Report().PEM, get("eu/next.pem").Body.String())
	assert.Equal(t, next.credential.Report().PEM, get("eu-2027.pem").Body.String())

	var report mtlshttp.CertificateReport
	answer := get("eu.json")
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &report))
	assert.Equal(t, *alice.credential.Report(), report)
	assert.Contains(t, answer.Body.String(), `"x5t#S256"`)

	var index []struct {
		Name, Generation string
		Certificate      *mtlshttp.CertificateReport
	}
	require.NoError(t, json.Unmarshal(get("index.json").Body.Bytes(), &index))
	require.Len(t, index, 4)
	assert.Equal(t, []string{"eu current", "eu next", "eu-2027 ", "broken "}, []string{
		index[0].Name + " " + index[0].Generation, index[1].Name + " " + index[1].Generation,
		index[2].Name + " " + index[2].Generation, index[3].Name + " " + index[3].Generation})
	assert.Equal(t, report.SHA256, index[0].Certificate.SHA256)
	assert.Nil(t, index[3].Certificate)

	page := get("")
	assert.Equal(t, "text/html; charset=utf-8", page.Header().Get("Content-Type"))
	assert.Contains(t, page.Body.String(), "CN=\\&lt;alice\\&gt;")
	assert.Contains(t, page.Body.String(), report.NotAfter.Format("2006-01-02 15:04:05")+" UTC")
	assert.Contains(t, page.Body.String(), `<a href="./eu/next.pem">`)
	assert.Contains(t, get("eu.html").Body.String(), report.X5TS256)

	assert.Equal(t, 503, get("broken.pem").Code)
	for _, path := range []string{"internal.pem", "eu", "eu.key", "eu/previous.pem", "nobody.json", "../internal.pem", "eu/current.pem/"} {
		assert.Equal(t, 404, get(path).Code, path)
	}

	tag := pem.Header().Get("ETag")
	assert.NotEmpty(t, tag)
	assert.Equal(t, 304, get("eu.pem", "If-None-Match", tag).Code)
	require.NoError(t, k.AddPlatform("eu", mtlshttp.Platform{Previous: "eu-2026", Current: "eu-2027"}))
	changed := get("eu.pem", "If-None-Match", tag)
	assert.Equal(t, 200, changed.Code)
	assert.Equal(t, next.credential.Report().PEM, changed.Body.String())
	assert.Equal(t, alice.credential.Report().PEM, get("eu/previous.pem").Body.String())

	post := httptest.NewRecorder()
	handler.ServeHTTP(post, httptest.NewRequest("POST", "/certificates/eu.pem", nil))
	assert.Equal(t, 405, post.Code)
	assert.Equal(t, "GET, HEAD", post.Header().Get("Allow"))
	head := httptest.NewRecorder()
	handler.ServeHTTP(head, httptest.NewRequest("HEAD", "/certificates/eu.pem", nil))
	assert.Equal(t, 200, head.Code)
	assert.Zero(t, head.Body.Len())
}

func ExampleKeychain_PublicCertificates() {
	_, file, _, stop := bank()
	defer stop()
	keychain := new(mtlshttp.Keychain)
	keychain.Add("eu", must(must(mtlshttp.Extract(context.Background(), file, &mtlshttp.ExtractOptions{Password: []byte("secret")})).Credential()))

	mux := http.NewServeMux()
	mux.Handle("/certificates/", http.StripPrefix("/certificates", keychain.PublicCertificates("eu")))
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest("GET", "/certificates/eu.pem", nil))
	fmt.Println(answer.Code, answer.Header().Get("Content-Type"))
	fmt.Println(strings.SplitN(answer.Body.String(), "\n", 2)[0])
	// Output:
	// 200 application/pem-certificate-chain
	// -----BEGIN CERTIFICATE-----
}
