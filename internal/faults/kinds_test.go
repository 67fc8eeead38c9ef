package faults_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/testclient"
)

// produced is a fault that really happens, for a row of the table of verdicts.
type produced struct {
	kind   mtlshttp.Kind
	reason string // that of the row; empty: any
	url    string
	script func(*peer)
	change func(l *faultLab, r *mtlshttp.Request)
	within time.Duration // the context's end, in virtual time
	cancel bool          // it is cancelled instead
	unsent bool          // nothing of the request goes out
}

// sends makes a request whose body cannot be read.
func sends(_ *faultLab, r *mtlshttp.Request) {
	r.Body = mtlshttp.Reader("text/plain", io.MultiReader(strings.NewReader("x"), failingReader{}), 0)
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, syscall.EIO }

func viaProxy(url string) func(*faultLab, *mtlshttp.Request) {
	return func(l *faultLab, _ *mtlshttp.Request) { l.Proxy = &mtlshttp.Proxy{URL: url} }
}

func dialsAs(errno syscall.Errno) func(*faultLab, *mtlshttp.Request) {
	return func(l *faultLab, _ *mtlshttp.Request) {
		l.Dial = func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errno}
		}
	}
}

func producedFaults() []produced {
	const http, https = "http://fault.test/", "https://fault.test/"
	names := func(code byte) func(*faultLab, *mtlshttp.Request) {
		return func(l *faultLab, _ *mtlshttp.Request) {
			resolves(func(q []byte) []byte { return dnsReply(q, code, typeA) })(l)
		}
	}
	return []produced{
		{kind: mtlshttp.KindConfig, url: http, change: func(_ *faultLab, r *mtlshttp.Request) { r.Timeout = -1 }},
		{kind: mtlshttp.KindURL, url: "ftp://fault.test/"},
		{kind: mtlshttp.KindEgress, url: http, change: func(l *faultLab, _ *mtlshttp.Request) { l.Egress = mtlshttp.PublicOnly() }},
		{kind: mtlshttp.KindDNS, reason: "not-found", url: http, change: names(3)},
		{kind: mtlshttp.KindDNS, url: http, change: names(2), unsent: true},
		{kind: mtlshttp.KindConnect, url: http, change: dialsAs(syscall.ECONNREFUSED), unsent: true},
		{kind: mtlshttp.KindProxy, reason: "status", url: https, script: connects("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"), change: viaProxy("http://proxy.test:3128")},
		{kind: mtlshttp.KindProxy, reason: "tls", url: https, script: func(p *peer) { p.handshake() }, change: viaProxy("https://proxy.test:3129")},
		{kind: mtlshttp.KindProxy, reason: "refused", url: https, script: socks("\x05\xff", ""), change: viaProxy("socks5://proxy.test:1080")},
		{kind: mtlshttp.KindProxy, url: https, script: connects(""), change: viaProxy("http://proxy.test:3128"), unsent: true},
		{kind: mtlshttp.KindTLSServerCert, url: https, change: func(_ *faultLab, r *mtlshttp.Request) { r.URL = "https://another.test/" }},
		{kind: mtlshttp.KindTLSClientCert, url: https, script: func(p *peer) { p.handshake(); p.gone() },
			change: func(l *faultLab, _ *mtlshttp.Request) { l.server.tls.ClientAuth = 2 }}, // any, but one
		{kind: mtlshttp.KindTLSHandshake, url: https, script: func(p *peer) { _, _ = p.r.Peek(64); p.say("\x16\x03\x03\x00\x04xxxx"); p.gone() }},
		{kind: mtlshttp.KindTimeout, url: http, script: func(p *peer) { p.request(); p.stall() }, within: 2 * time.Second},
		{kind: mtlshttp.KindCanceled, url: http, script: func(p *peer) { p.request(); p.stall() }, within: 2 * time.Second, cancel: true},
		{kind: mtlshttp.KindBodySource, url: http, script: func(p *peer) { p.request() }, change: sends},
		{kind: mtlshttp.KindWrite, url: http, change: func(l *faultLab, _ *mtlshttp.Request) {
			broken := &injector{most: 16, errno: syscall.EPIPE}
			broken.left.Store(4)
			serve := l.Dial
			l.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := serve(ctx, network, address)
				return &faultyConn{conn, broken}, err
			}
		}},
		{kind: mtlshttp.KindProtocol, reason: "empty-reply", url: http, script: answers("")},
		{kind: mtlshttp.KindProtocol, url: http, script: answers("no HTTP at all\r\n\r\n")},
		{kind: mtlshttp.KindTruncated, url: http, script: answers(okLine + "Content-Length: 9\r\n\r\nhalf")},
		{kind: mtlshttp.KindContentDecode, url: http, script: answers(zipped("no gzip stream")), change: func(_ *faultLab, r *mtlshttp.Request) { r.Compressed = true }},
		{kind: mtlshttp.KindLimit, reason: "memory", url: http, script: answers(fine), change: func(l *faultLab, _ *mtlshttp.Request) { l.Load.Memory = 3 }},
		{kind: mtlshttp.KindLimit, url: http, script: answers(fine), change: func(l *faultLab, _ *mtlshttp.Request) { l.Limits.Body = 3 }},
		{kind: mtlshttp.KindParse, url: http, script: answers(okLine + "Content-Type: application/json\r\nContent-Length: 1\r\n\r\n{"),
			change: func(_ *faultLab, r *mtlshttp.Request) { r.Parse = true }},
		{kind: mtlshttp.KindRedirect, url: http, script: answers("HTTP/1.1 303 X\r\nLocation: ftp://a.test/\r\nContent-Length: 0\r\n\r\n"),
			change: func(_ *faultLab, r *mtlshttp.Request) { r.Redirect.All = true }},
		{kind: mtlshttp.KindStatus, url: http, script: answers("HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n"),
			change: func(_ *faultLab, r *mtlshttp.Request) { r.StatusErrors = true }},
		{kind: mtlshttp.KindResource, url: http, change: dialsAs(syscall.EMFILE), unsent: true},
		{kind: mtlshttp.KindClosed, url: http, change: func(l *faultLab, _ *mtlshttp.Request) { _ = l.Close() }},
	}
}

// notProduced are the rows whose fault is not made here, and why.
var notProduced = map[string]string{
	"resource jar":          "it is of a jar's storage, not of a request: see below",
	"resource system-roots": "crypto/x509 reads a machine's roots once in a process",
	"resource transport":    "it is what crypto/tls may yet refuse of a setting that was checked",
}

// verdict is a row of the table of what may be tried again.
type verdict struct{ kind, reason, again string }

// documentedVerdicts reads the table of faults in docs/retries.md, which
// TestRetriesDocument keeps to the one in the code.
func documentedVerdicts(t *testing.T) (rows []verdict) {
	document, err := os.ReadFile("../../docs/retries.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(document), "| kind | reason | tried again | why |\n|---|---|---|---|\n")
	require.True(t, found)
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 6 {
			break
		}
		rows = append(rows, verdict{strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2]), strings.TrimSpace(cells[3])})
	}
	require.Greater(t, len(rows), 25)
	return rows
}

// Every kind of error that there is is produced, for a request that may be
// repeated and for one that may not, and says of each whether to try again what
// the table of verdicts says, for every row of that.
func TestEveryKindIsProduced(t *testing.T) {
	nothingLeft(t)
	verdicts := documentedVerdicts(t)
	missing := map[string]bool{}
	for _, row := range verdicts {
		missing[strings.TrimSpace(row.kind+" "+row.reason)] = true
	}
	kinds := map[string]bool{}
	for _, fault := range producedFaults() {
		name := strings.TrimSpace(string(fault.kind) + " " + fault.reason)
		again := ""
		for _, row := range verdicts {
			if row.kind == string(fault.kind) && row.reason == fault.reason {
				again = row.again
			}
		}
		require.NotEmpty(t, again, name)
		for _, method := range []string{"GET", "POST"} {
			t.Run(name+" "+method, func(t *testing.T) {
				var f *mtlshttp.Error
				inTime(t, fault.within, func(t *testing.T, begin beginLab) { f = fault.produce(t, method, begin) })
				require.Equal(t, fault.kind, f.Kind, "%v", f)
				if fault.reason != "" {
					require.Equal(t, fault.reason, f.Reason)
				}
				want := again == "any request" || again == "if repeatable" && (method == "GET" || fault.unsent)
				assert.Equal(t, want, f.Retryable, "%v", f)
				assert.NotEmpty(t, f.Type)
				kinds[string(f.Kind)] = true
			})
		}
		delete(missing, name)
	}
	t.Run("resource jar", func(t *testing.T) {
		f := failureOf(t, new(mtlshttp.Jar).WriteFile(filepath.Join(t.TempDir(), "no folder", "jar")))
		assert.Equal(t, mtlshttp.KindResource, f.Kind)
		assert.Equal(t, "jar", f.Reason)
		assert.False(t, f.Retryable)
	})
	for _, kind := range testclient.DeclaredKinds(t, "../../errors.go") {
		assert.True(t, kinds[kind], "%s is not produced", kind)
	}
	for name := range missing {
		assert.NotEmpty(t, notProduced[name], "%s is not produced", name)
	}
	fmt.Printf("kinds of errors: %d of %d\n", len(kinds), len(testclient.DeclaredKinds(t, "../../errors.go")))
}

func (p *produced) produce(t *testing.T, method string, begin beginLab) *mtlshttp.Error {
	var scripts []func(*peer)
	if p.script != nil {
		scripts = slices.Repeat([]func(*peer){p.script}, 3)
	}
	l := begin(t, scripts...)
	r := l.request(p.url)
	r.Method = method
	if method == "POST" {
		r.Body = mtlshttp.Text("text/plain", "body")
	}
	if p.change != nil {
		p.change(l, r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if p.within > 0 {
		if p.cancel {
			defer time.AfterFunc(p.within, cancel).Stop()
		} else {
			ctx, cancel = context.WithTimeout(ctx, p.within)
			defer cancel()
		}
	}
	_, err := l.Do(ctx, r)
	require.Error(t, err)
	l.noSecrets(nil, err)
	l.asked.Store(true)
	return failureOf(t, err)
}
