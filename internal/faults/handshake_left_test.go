package faults_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// serverHello is a ServerHello of a version that chose a suite (RFC 5246, section
// 7.4.1.3).
func serverHello(version, suite string) string {
	return "\x16\x03\x03\x00\x2a\x02\x00\x00\x26" + version + strings.Repeat("r", 32) + "\x00" + suite + "\x00"
}

// repliesTLS says something instead of a server's hello.
func repliesTLS(text string) func(*peer) {
	return func(p *peer) {
		_, _ = p.r.Peek(64)
		p.say(text)
		p.gone()
	}
}

// A handshake that we leave for what the peer sent has a cause too, no surer than
// it was seen.
func TestHandshakesThatWeLeave(t *testing.T) {
	nothingLeft(t)
	anothers, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	wrongKey := func(version uint16) func(*tls.Config) {
		return func(c *tls.Config) {
			certificate := c.Certificates[0]
			certificate.PrivateKey = anothers
			c.Certificates, c.MaxVersion = []tls.Certificate{certificate}, version
		}
	}
	for _, row := range []struct {
		name   string
		script func(*peer)
		change func(*tls.Config)
		cause  string
		sure   string
		seen   string
	}{
		{"an old version", repliesTLS(serverHello("\x03\x01", "\xc0\x13")), nil, "protocol-version", "certain", "the server chose TLS 1.0"},
		{"a suite that was not offered", repliesTLS(serverHello("\x03\x03", "\x00\x05")), nil, "not-tls", "low", "it began TLS"},
		{"a request for a hello", repliesTLS("\x16\x03\x03\x00\x04\x00\x00\x00\x00"), nil, "not-tls", "low", "it began TLS"},
		{"a key that is another's, TLS 1.3", func(p *peer) { p.handshake() }, wrongKey(tls.VersionTLS13), "server-cert-untrusted", "low", "was taken"},
		{"a key that is another's, TLS 1.2", func(p *peer) { p.handshake() }, wrongKey(tls.VersionTLS12), "server-cert-untrusted", "low", "was taken"},
	} {
		t.Run(row.name, func(t *testing.T) {
			l := newFaultLab(t, serveFaults(t, row.script))
			ours := l.server.tls
			if row.change != nil {
				l.server.tls = ours.Clone()
				row.change(l.server.tls)
			}
			resp, err := l.Do(t.Context(), l.request("https://fault.test/"))
			f := failureOf(t, err)
			assert.Equal(t, mtlshttp.KindTLSHandshake, f.Kind, "%v", err)
			assert.EqualValues(t, "tls", f.Phase)
			assert.False(t, f.Retryable)
			if assert.NotNil(t, f.Diagnosis, "%v", err) {
				assert.Equal(t, row.cause, f.Diagnosis.Cause)
				assert.Equal(t, row.sure, f.Diagnosis.Confidence)
				assert.Contains(t, f.Diagnosis.Seen, row.seen)
			}
			l.server.tls = ours
			l.nothingLeaked(resp, err, "https")
		})
	}
}

// A server that leaves TLS after the handshake has not ended without a word, and
// has refused no certificate, whether it closes then or stays.
func TestServerThatLeavesTLS(t *testing.T) {
	nothingLeft(t)
	for name, then := range map[string]func(*peer){"stays": (*peer).gone, "closes": (*peer).finish} {
		t.Run(name, func(t *testing.T) {
			l := newFaultLab(t, serveFaults(t, func(p *peer) {
				p.request()
				_, _ = io.WriteString(p.raw, fine)
				then(p)
			}))
			l.server.tls.ClientAuth = tls.RequestClientCert
			alice, err := l.server.ca.Issue(mtlstest.Client{Name: "alice"})
			require.NoError(t, err)
			r := l.request("https://fault.test/")
			r.Identity = alice.Credential
			resp, err := l.Do(t.Context(), r)
			f := failureOf(t, err)
			assert.Equal(t, mtlshttp.KindProtocol, f.Kind, "%v", err)
			assert.Empty(t, f.Reason)
			assert.False(t, f.Retryable)
			if assert.NotNil(t, f.Diagnosis) {
				assert.Equal(t, "not-tls", f.Diagnosis.Cause)
				assert.Contains(t, f.Diagnosis.Seen, `"HTTP/"`)
			}
			l.nothingLeaked(resp, err, "https")
		})
	}
}

// A server of another protocol that speaks first is told in words, whether the
// request met them or not.
func TestServersThatSpeakFirst(t *testing.T) {
	nothingLeft(t)
	const times = 20
	scripts := make([]func(*peer), times)
	for i := range scripts {
		scripts[i] = func(p *peer) {
			p.say("SSH-2.0-OpenSSH_9.6\r\n")
			p.gone()
		}
	}
	l := newFaultLab(t, serveFaults(t, scripts...))
	for range times {
		_, err := l.Do(t.Context(), l.request("http://fault.test/"))
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindProtocol, f.Kind, "%v", err)
		assert.Empty(t, f.Reason)
		assert.False(t, f.Retryable)
		assert.NotContains(t, err.Error(), "%!")
	}
	l.nothingLeaked(nil, nil, "http")
}
