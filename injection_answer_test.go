package mtlshttp_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/cookiejar"
	"github.com/mtlshttp/mtlshttp/internal/testpeer"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// No octet of a server's reaches a log or an error's text that a terminal or a
// reader of logs would act upon.
func testLogInjection(t *testing.T) {
	const bad = "\x1b[2J\u202e\u2028\x07"
	srv := testpeer.ServeBytes(t)
	var logged bytes.Buffer
	e := &mtlshttp.Executor{Dial: srv.Dial, Logger: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	defer func() { require.NoError(t, e.Close()) }()
	for _, answer := range []string{
		"HTTP/1.1 500 " + bad + "\r\nX-A: " + bad + "\r\nSet-Cookie: a=" + bad + "\r\nContent-Type: text/" + bad + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: ftp://b.test/" + bad + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: http://b.test/" + bad + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: http://u:p@[" + bad + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n" + bad,
		"HTTP/1.1 200 OK\r\nContent-Encoding: " + bad + "\r\nContent-Length: 1\r\n\r\nx",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + bad + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: " + bad + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\n" + bad + "\r\n\r\n", "HTTP/1.1 " + bad + "\r\n\r\n", bad + bad + "\r\n\r\n",
	} {
		srv.Say("/", answer)
		resp, err := e.Do(t.Context(), &mtlshttp.Request{URL: "http://a.test/", StatusErrors: true, Parse: true})
		text := logged.String()
		logged.Reset()
		for _, v := range []any{resp, err} {
			text += fmt.Sprintf("%v %+v %s", v, v, v)
		}
		slog.New(slog.NewTextHandler(&logged, nil)).Error("failed", "err", err, "response", resp)
		if resp != nil {
			for _, h := range resp.Headers {
				text += h.String()
			}
		}
		for _, r := range strings.ReplaceAll(text+logged.String(), "\n", "") {
			assert.True(t, unicode.IsPrint(r), "%U after %q: %q", r, answer, text)
		}
		logged.Reset()
	}
}

// Nor is what others named tokens, certificates, modules and cookies printed so
// that it ends a line.
func TestNamesOfOthersArePrintable(t *testing.T) {
	const bad = "x\nlevel=ERROR \x1b[2J\u202e"
	ca := newCA(t)
	own := issue(t, ca, mtlstest.Client{Name: bad, Expired: true}).credential
	keychain := new(mtlshttp.Keychain)
	keychain.Add(bad, own)
	ended, err := keychain.Expiring(t.Context(), 0)
	require.NoError(t, err)
	require.Len(t, ended, 1)
	module := mtlshttp.Module{ID: bad, Name: bad}
	report := own.Report()
	report.DNSNames, report.PEM = []string{bad}, ""
	lines := strings.Count(report.String(), "\n")
	report.DNSNames[0] = "a.test"
	assert.Equal(t, strings.Count(report.String(), "\n"), lines)
	report.DNSNames[0] = bad
	shown := []any{mtlshttp.Token{Type: bad}, mtlshttp.OAuthClient{ID: bad}, own, ended[0], module, mtlshttp.Scenario{Name: bad, Modules: []mtlshttp.Module{module}}.LogValue(),
		cookiejar.Entry{Name: bad, Domain: bad, Path: bad}, strings.ReplaceAll(report.String(), "\n", " ")}
	e := newExecutor(t)
	warnings, err := e.Check(t.Context(), &mtlshttp.Request{URL: "https://a.test/", Identity: own})
	require.NoError(t, err)
	require.NotEmpty(t, warnings)
	for _, w := range warnings {
		shown = append(shown, w.Message)
	}
	for _, v := range shown {
		for _, r := range fmt.Sprintf("%v", v) {
			assert.True(t, unicode.IsPrint(r), "%U in %T: %q", r, v, v)
		}
	}
}

func testResponseSplitting(t *testing.T) {
	srv := testpeer.ServeBytes(t)
	e := &mtlshttp.Executor{Dial: srv.Dial}
	defer func() { require.NoError(t, e.Close()) }()
	for i := range 30 {
		srv.Say("/first", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
		srv.Say("/second", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue")
		first, err := e.Do(t.Context(), &mtlshttp.Request{URL: "http://a.test/first"})
		require.NoError(t, err)
		assert.Equal(t, "ok", string(first.Bytes()))
		second, err := e.Do(t.Context(), &mtlshttp.Request{URL: "http://a.test/second"})
		require.NoError(t, err)
		assert.Equal(t, "true", string(second.Bytes()), "round %d", i)
	}
}

// Each of very many requests that are tried again at once arrives with its own
// octets, and is answered with them.
