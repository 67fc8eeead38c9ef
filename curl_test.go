package mtlshttp_test

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

func TestImportCurl(t *testing.T) {
	c, err := mtlshttp.ImportCurl(`curl --cert client.p12:s3cret --cert-type P12 --cacert roots.pem -x http://u:pw@proxy.test:3128 `+
		`--json '{"a":1}' -m 30 https://api.test/x`, nil)
	require.NoError(t, err)
	assert.Equal(t, "https://api.test/x", c.Request.URL)
	assert.Equal(t, "POST", c.Request.Method)
	require.NotNil(t, c.Credential)
	assert.Equal(t, "client.p12", c.Credential.File)
	assert.Equal(t, "s3cret", string(c.Credential.Password))
	assert.Equal(t, "roots.pem", c.CA.CA)
	assert.True(t, c.Request.Roots.Only)
	assert.NotContains(t, fmt.Sprintf("%v %+v", c.Credential, c.Proxy), "s3cret")
	assert.NotContains(t, c.Proxy.String(), "pw")

	for line, reason := range map[string]string{"wget x": "not-curl", "curl --no-such-thing x": "unknown-option", "curl 'x": "syntax", "curl": "url",
		"curl --digest -u a:b http://a.test": "unsupported", "curl -d @file http://a.test": "file"} {
		_, err := mtlshttp.ImportCurl(line, nil)
		assert.Equal(t, reason, failureOf(t, err).Reason, line)
	}
}

func TestFormatCurlHidesSecrets(t *testing.T) {
	r := &mtlshttp.Request{URL: "https://a.test/", Headers: []mtlshttp.Header{{Name: "Authorization", Value: "Bearer canary"}},
		Auth: nil, Body: mtlshttp.Text("text/plain", "it's")}
	r.Method = "POST"
	line, _, err := mtlshttp.FormatCurl(r, false)
	require.NoError(t, err)
	assert.NotContains(t, line, "canary")
	line, _, err = mtlshttp.FormatCurl(r, true)
	require.NoError(t, err)
	assert.Contains(t, line, "canary")
	back, err := mtlshttp.ImportCurl(line, nil)
	require.NoError(t, err)
	var sent, read struct{ Method, Data string }
	for v, r := range map[any]*mtlshttp.Request{&sent: r, &read: back.Request} {
		document, err := json.Marshal(r)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(document, v))
	}
	assert.Equal(t, "it's", sent.Data)
	assert.Equal(t, sent, read)
}

// wireTap keeps what arrives, in a form that can be compared.
type wireTap struct {
	mu   sync.Mutex
	seen []string
}

// escapes are the same in either case (RFC 3986, section 6.2.2.1); curl's changed
// with version 8.
var escapes = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// notCompared are the headers in which curl and we differ on purpose: who we
// are, which codings we take, and how the connection is kept.
var notCompared = []string{"User-Agent", "Accept-Encoding", "Connection", "Content-Length", "Transfer-Encoding", "Expect", "Referer"}

func (c *wireTap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	without := func(text string) string { return text }
	if _, params, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && params["boundary"] != "" {
		without = func(text string) string { return strings.ReplaceAll(text, params["boundary"], "BOUNDARY") }
	}
	var lines []string
	for name, values := range r.Header {
		if !slices.Contains(notCompared, name) {
			lines = append(lines, name+": "+without(strings.Join(values, ", ")))
		}
	}
	slices.Sort(lines)
	c.mu.Lock()
	c.seen = append(c.seen, fmt.Sprintf("%s %s %s\n%s\n\n%s", r.Method, escapes.ReplaceAllStringFunc(r.RequestURI, strings.ToUpper), r.Host, strings.Join(lines, "\n"), without(string(body))))
	c.mu.Unlock()
	if r.URL.Path == "/moved" {
		http.Redirect(w, r, "/there", http.StatusFound)
	}
}

func (c *wireTap) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := c.seen
	c.seen = nil
	return seen
}

// TestIntegrationCurl sends each command by the real curl and by us; what
// arrives is the same, apart from the headers that are listed.
func TestIntegrationCurl(t *testing.T) {
	if os.Getenv("MTLSHTTP_INTEGRATION") == "" {
		t.Skip("integration: set MTLSHTTP_INTEGRATION=1")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data.txt"), []byte("line one\nline & two\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file.json"), []byte(`{"from":"file"}`), 0o600))
	rec := &wireTap{}
	srv := httptest.NewServer(rec)
	defer srv.Close()
	e := &mtlshttp.Executor{Files: os.DirFS(dir)}
	defer e.Close()
	read := func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) }

	commands := curlCommands()
	require.GreaterOrEqual(t, len(commands), 60)
	for _, command := range commands {
		line := strings.ReplaceAll(command, "URL", srv.URL)
		shell := exec.Command("sh", "-c", strings.Replace(line, "curl ", "curl -s -o /dev/null --noproxy '*' -q ", 1))
		shell.Dir = dir
		out, err := shell.CombinedOutput()
		require.NoError(t, err, "%s: %s", command, out)
		theirs := rec.take()
		c, err := mtlshttp.ImportCurl(line, read)
		require.NoError(t, err, command)
		session := &mtlshttp.Session{Executor: e}
		if c.Request.ShareCookies {
			session.Jar = new(mtlshttp.Jar)
		}
		_, err = session.Do(t.Context(), c.Request)
		require.NoError(t, err, command)
		assert.Equal(t, theirs, rec.take(), command)
	}
	if !t.Failed() {
		fmt.Printf("curl: %d of %d commands arrive as curl's own\n", len(commands), len(commands))
	}
}

// curlCommands are as people write them. Braces in a path are not among them:
// curl sends them as they are, the module escapes them.
func curlCommands() []string {
	var list []string
	for _, options := range []string{
		`URL/`, `URL/a?b=c`, `-X DELETE URL/thing/7`, `-X PUT -d x=1 URL/put`, `-I URL/head`, `-X OPTIONS URL/`, `-X PATCH -d '{}' URL/`,
		`-d a=b URL/form`, `-d a=b -d c=d URL/form`, `-d 'a=b c' URL/`, `--data-raw '@notafile' URL/`, `--data-binary @data.txt URL/`,
		`-d @data.txt URL/`, `--data-urlencode 'q=a b&c' URL/`, `--data-urlencode 'name@data.txt' URL/`, `--data-urlencode '=a&b' URL/`,
		`-G -d a=b -d c=d URL/search`, `-G --data-urlencode 'q=ä ö' URL/search`, `-G -d x=1 'URL/search?y=2'`, `--json '{"a":1}' URL/`,
		`--json @file.json URL/`, `-H 'X-One: 1' URL/`, `-H 'X-One: 1' -H 'X-Two: 2' URL/`, `-H 'X-Empty;' URL/`, `-H 'Accept: text/plain' URL/`,
		`-H 'Accept:' URL/`, `-H 'Content-Type: text/xml' -d '<a/>' URL/`, `-u user:pass URL/`, `-u 'us er:p:a:s' URL/`, `-b 'a=b; c=d' URL/`,
		`-e 'http://ref.test/' URL/`, `-A 'agent/1' URL/`, `-F a=b URL/`, `-F a=b -F 'c=d e' URL/`, `-F 'f=@data.txt' URL/`,
		`-F 'f=@data.txt;filename=other.bin' URL/`, `-F 'f=@data.txt;type=text/x-ours' URL/`, `--form-string 'a=@b' URL/`, `-F 'q=a"b' URL/`, `-F 'f=@file.json' -F x=1 URL/`, `-L URL/moved`, `URL/moved`,
		`--compressed URL/`, `-m 20 URL/`, `--connect-timeout 5 URL/`, `--url URL/`, `--url-query 'a=b c' URL/`, `--http1.1 URL/`, `-sS URL/`,
		`-v URL/`, `-k URL/`, `-XPOST URL/`, `-XPOST -d '' URL/`, `-d "double \"quoted\" \$x" URL/`, `-d $'tab\there' URL/`,
		`-H "X-Q: it's" URL/`, `'URL/a%20b?c=%2F'`, `'URL/[1]' -g`, `URL/ -d last=1`, `--request POST --header 'X-A: b' --data a=1 URL/`,
		`-d a=b -H 'Content-Type:' URL/`, `--oauth2-bearer tok URL/`, `-H 'Authorization: Bearer tok' URL/`, `-H 'Cookie: a=b' URL/`,
	} {
		list = append(list, "curl "+options)
	}
	return slices.DeleteFunc(list, func(c string) bool { return strings.Contains(c, "$'") }) // sh is not bash
}
