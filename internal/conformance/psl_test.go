package conformance_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/corpus"
	"github.com/mtlshttp/mtlshttp/internal/target"
	"github.com/mtlshttp/mtlshttp/internal/testpeer"
)

func init() {
	conformance["psl"] = func(t *testing.T) { t.Run("CK-02", conformPSL) }
}

// conformPSL asks for the registrable domain of each host of the list's tests
// by way of cookies: the host sets one for itself and one for every domain
// above, and what a host below it is sent then says which of them were taken.
func conformPSL(t *testing.T) {
	f, err := os.Open(filepath.Join(corpus.Folder(t, "psl", ""), "test_psl.txt"))
	require.NoError(t, err)
	defer f.Close()
	server := testpeer.ServeBytes(t)
	e := newExecutor(t)
	e.Dial = server.Dial
	row := regexp.MustCompile(`^checkPublicSuffix\('([^']*)', (?:null|'([^']*)')\);`)
	passed, total, failing := 0, 0, []string(nil)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		m := row.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		total++
		if got := registrable(t, e, server, m[1]); got != ascii(t, m[2]) {
			failing = append(failing, fmt.Sprintf("%s: want %s, got %s", m[1], m[2], got))
			continue
		}
		passed++
	}
	corpus.Report(t, "psl", passed, total, failing)
	assert.Equal(t, 77, total)
	assert.Equal(t, total, passed)
}

// registrable is the widest domain that a host may set cookies for, "" where it
// may for none, or is no host.
func registrable(t *testing.T, e *mtlshttp.Executor, server *testpeer.ByteServer, host string) string {
	session := &mtlshttp.Session{Executor: e, Jar: new(mtlshttp.Jar)}
	get := func(url string) error {
		_, err := session.Do(t.Context(), &mtlshttp.Request{URL: url, ShareCookies: true})
		return err
	}
	bare, err := target.Parse("http://"+host+"/", target.Options{})
	if err != nil {
		assert.Equal(t, mtlshttp.KindURL, failureOf(t, get("http://"+host+"/")).Kind)
		return ""
	}
	var answer strings.Builder
	answer.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n")
	for domain := bare.Host; domain != ""; _, domain, _ = strings.Cut(domain, ".") {
		fmt.Fprintf(&answer, "Set-Cookie: domain=%s; Domain=%s; Path=/%d\r\n", domain, domain, len(domain))
	}
	server.Say("/set", answer.String()+"\r\n")
	require.NoError(t, get("http://"+host+"/set"))
	widest := ""
	for domain := bare.Host; domain != ""; _, domain, _ = strings.Cut(domain, ".") {
		require.NoError(t, get(fmt.Sprintf("http://below.%s/%d", host, len(domain))))
		if server.Cookie() == "domain="+domain {
			widest = domain
		}
	}
	return widest
}

func ascii(t *testing.T, host string) string {
	if host == "" {
		return ""
	}
	parsed, err := target.Parse("http://"+host+"/", target.Options{})
	require.NoError(t, err)
	return parsed.Host
}
