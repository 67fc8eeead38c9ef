package faults_test

import (
	"cmp"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/slack"
)

// connects reads a CONNECT and says something.
func connects(text string) func(*peer) {
	return func(p *peer) {
		if p.head() != nil {
			p.say(text)
		}
	}
}

// plainly speaks no TLS, whatever comes.
func plainly(text string) func(*peer) {
	return func(p *peer) {
		if _, err := p.r.Peek(1); err == nil {
			p.say(text)
			_, _ = io.Copy(io.Discard, p.r) // an end with octets unread would overtake it
		}
	}
}

// socks is a SOCKS 5 proxy that reads a greeting and says one thing, and
// another to what comes then.
func socks(first, second string) func(*peer) {
	return func(p *peer) {
		buf := make([]byte, 600)
		if _, err := io.ReadAtLeast(p.r, buf, 3); err != nil {
			return
		}
		p.say(first)
		if second == "" {
			return
		}
		if _, err := io.ReadAtLeast(p.r, buf, 3); err == nil {
			p.say(second)
		}
	}
}

func TestFaultsOfProxies(t *testing.T) {
	nothingLeft(t)
	const noAuth, withAuth = "\x05\x00", "\x05\x02"
	rows := []struct {
		name   string
		scheme string
		script func(*peer)
		within time.Duration
		kind   mtlshttp.Kind
		reason string
		again  bool
		cause  string // where the proxy has decided
	}{
		{"FLT-59 407", "http", connects("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"), 0, mtlshttp.KindProxy, "status", false, ""},
		{"FLT-59 403 with a body", "http", connects("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nhell"), 0, mtlshttp.KindProxy, "status", false, ""},
		{"FLT-59 502", "http", connects("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"), 0, mtlshttp.KindProxy, "status", true, ""},
		{"FLT-59 an end amid the answer", "http", connects("HTTP/1.1 200 Conn"), 0, mtlshttp.KindProxy, "", true, ""},
		{"FLT-59 an end without an answer", "http", connects(""), 0, mtlshttp.KindProxy, "", true, ""},
		{"FLT-59 no HTTP", "http", connects("SSH-2.0-OpenSSH_9.9\r\n"), 0, mtlshttp.KindProxy, "", true, ""},
		{"FLT-59 one long line", "http", connects(strings.Repeat("\x01", 60_000) + "\r\n"), 0, mtlshttp.KindProxy, "", true, ""},
		{"FLT-59 200 with a body", "http", connects("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"), 0, mtlshttp.KindProxy, "", true, ""},
		{"FLT-59 headers of 1 MB", "http", connects("HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("x", 1<<20) + "\r\n\r\n"), 0, mtlshttp.KindProxy, "", true, ""},
		{"FLT-59 an answer byte by byte", "http", func(p *peer) { p.head(); p.drip(okLine + strings.Repeat("X-A: b\r\n", 1000)) }, 2 * time.Second, mtlshttp.KindTimeout, "", true, ""},
		{"FLT-59 an alert of TLS", "http", connects("\x15\x03\x01\x00\x02\x02\x46"), 0, mtlshttp.KindProxy, "tls", false, ""},
		{"FLT-59 no TLS", "https", plainly("HTTP/1.1 400 Bad Request\r\n\r\n"), 0, mtlshttp.KindProxy, "tls", false, ""},
		{"FLT-59 no status of HTTP", "http", connects("HTTP/1.1 000 OK\r\n\r\n"), 0, mtlshttp.KindProxy, "", true, ""},
		{"FLT-59 a status beyond HTTP", "http", connects("HTTP/1.1 999 OK\r\n\r\n"), 0, mtlshttp.KindProxy, "", true, ""},
		{"FLT-59 another protocol", "http", connects("HTTP/1.1 101 Switching Protocols\r\n\r\n"), 0, mtlshttp.KindProxy, "status", false, ""},
		{"FLT-59 an interim answer alone", "http", connects("HTTP/1.1 100 Continue\r\n\r\n"), 0, mtlshttp.KindProxy, "", true, ""},
		{"FLT-59 interim answers without end", "http", connects(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 10_000)), 0, mtlshttp.KindProxy, "", true, ""},
		{"FLT-60 another version", "socks5", socks("\x04\x00", ""), 0, mtlshttp.KindProxy, "", true, ""},
		{"FLT-60 no method", "socks5", socks("\x05\xff", ""), 0, mtlshttp.KindProxy, "refused", false, "proxy-auth-required"},
		{"FLT-60 wrong password", "socks5", socks(withAuth, "\x01\x01"), 0, mtlshttp.KindProxy, "refused", false, "proxy-auth-required"},
		{"FLT-60 refused", "socks5", socks(noAuth, "\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00"), 0, mtlshttp.KindProxy, "", true, ""},
		{"FLT-60 against its rules", "socks5", socks(noAuth, "\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00"), 0, mtlshttp.KindProxy, "refused", false, "proxy-refused"},
		{"FLT-60 no such command", "socks5", socks(noAuth, "\x05\x07\x00\x01\x00\x00\x00\x00\x00\x00"), 0, mtlshttp.KindProxy, "refused", false, "proxy-refused"},
		{"FLT-60 an answer that is cut", "socks5", socks(noAuth, "\x05\x00"), 0, mtlshttp.KindProxy, "", true, ""},
		{"FLT-60 an answer of no known kind", "socks5", socks(noAuth, "\x05\x00\x00\x77xxxxxxxx"), 0, mtlshttp.KindProxy, "", true, ""},
		{"FLT-60 silence", "socks5", func(p *peer) { p.stall() }, 2 * time.Second, mtlshttp.KindTimeout, "", true, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			inTime(t, row.within, func(t *testing.T, begin beginLab) {
				l := begin(t, row.script, row.script)
				l.Proxy = &mtlshttp.Proxy{URL: row.scheme + "://user:canary-password@proxy.test"}
				ctx, cancel := context.WithTimeout(t.Context(), cmp.Or(row.within, slack.For(20*time.Second)))
				defer cancel()
				resp, err := l.Do(ctx, l.request("https://fault.test/"))
				f := failureOf(t, err)
				assert.Nil(t, resp)
				assert.Equal(t, row.kind, f.Kind, "%v", err)
				if row.reason != "" {
					assert.Equal(t, row.reason, f.Reason)
				}
				if row.kind == mtlshttp.KindProxy {
					assert.EqualValues(t, "proxy", f.Phase)
					assert.LessOrEqual(t, len(f.Err.Error()), 200)
				}
				assert.Equal(t, row.again, f.Retryable, "%v", err)
				if row.reason == "refused" && assert.NotNil(t, f.Diagnosis) {
					assert.Equal(t, row.cause, f.Diagnosis.Cause)
				}
				l.nothingLeaked(resp, err, "")
			})
		})
	}
	t.Run("FLT-59 refused", func(t *testing.T) {
		l := newFaultLab(t, serveFaults(t))
		once(func(ctx context.Context) (net.Conn, error) { return refusedDial(ctx) })(l)
		l.Proxy = &mtlshttp.Proxy{URL: "http://user:canary-password@proxy.test"}
		resp, err := l.Do(t.Context(), l.request("https://fault.test/"))
		f := failureOf(t, err)
		assert.Contains(t, []mtlshttp.Kind{mtlshttp.KindProxy, mtlshttp.KindConnect}, f.Kind)
		assert.True(t, f.Retryable)
		l.nothingLeaked(resp, err, "")
	})
	t.Run("FLT-60 a long name", func(t *testing.T) {
		l := newFaultLab(t, serveFaults(t, socks(noAuth, ""), socks(noAuth, "")))
		l.Proxy = &mtlshttp.Proxy{URL: "socks5://proxy.test"}
		name := strings.Repeat(strings.Repeat("a", 60)+".", 5) + "test"
		resp, err := l.Do(t.Context(), l.request("https://"+name+"/"))
		f := failureOf(t, err)
		assert.Contains(t, []mtlshttp.Kind{mtlshttp.KindProxy, mtlshttp.KindURL}, f.Kind, "%v", err)
		require.Nil(t, resp)
		l.nothingLeaked(resp, err, "")
	})
}

// A proxy that is called by the wrong scheme is told in words.
func TestFaultsOfProxySchemes(t *testing.T) {
	for scheme, c := range map[string]struct{ answer, says string }{
		"http":  {"\x15\x03\x01\x00\x02\x02\x46", "it speaks TLS"},
		"https": {"HTTP/1.1 400 Bad Request\r\n\r\n", "it does not speak TLS"},
	} {
		l := newFaultLab(t, serveFaults(t, plainly(c.answer)))
		l.Proxy = &mtlshttp.Proxy{URL: scheme + "://proxy.test"}
		resp, err := l.Do(t.Context(), l.request("https://fault.test/"))
		require.Nil(t, resp)
		assert.ErrorContains(t, err, c.says)
		l.nothingLeaked(resp, err, "")
	}
}
