package faults_test

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// A connection that ends without a word is told as a refusal of the client's
// certificate only where it ends right after it: a peer that has begun an answer,
// had served before or took its time had taken the certificate.
func TestWordlessEnd(t *testing.T) {
	wait := func(d time.Duration) func(*peer) {
		return func(p *peer) {
			p.request()
			p.wait(d)
		}
	}
	for _, c := range []struct {
		name   string
		script func(*peer)
		before int // requests that are answered on the connection
		upload bool
		kind   mtlshttp.Kind
		reason string
		cause  string // of the diagnosis; empty: none
		writes bool   // the write that fails may be seen first
	}{
		{name: "right after the certificate", script: func(p *peer) { p.handshake() }, kind: mtlshttp.KindTLSClientCert, reason: "rejected", cause: "client-cert-rejected"},
		{name: "right after the request", script: wait(0), kind: mtlshttp.KindTLSClientCert, reason: "rejected", cause: "client-cert-rejected"},
		{name: "in an upload", script: func(p *peer) { p.head() }, upload: true, kind: mtlshttp.KindTLSClientCert, reason: "rejected", cause: "client-cert-rejected"},
		{name: "long after the request", script: wait(20 * time.Second), kind: mtlshttp.KindProtocol, reason: "empty-reply"},
		{name: "late in an upload", script: func(p *peer) { p.head(); p.wait(20 * time.Second) }, upload: true, writes: true, kind: mtlshttp.KindProtocol, reason: "empty-reply"},
		{name: "after an answer that is none", script: answers("no HTTP at all\r\n\r\n"), kind: mtlshttp.KindProtocol},
		{name: "in an answer's fields", script: answers(okLine + "Content-Length: 4\r\n"), kind: mtlshttp.KindTruncated, reason: "headers"},
		{name: "after 103", script: answers("HTTP/1.1 103 Early Hints\r\n\r\n"), kind: mtlshttp.KindTruncated, reason: "headers"},
		{name: "on a connection that has served", before: 1, script: wait(0), kind: mtlshttp.KindProtocol, reason: "empty-reply"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				script := func(p *peer) {
					for range c.before {
						p.request()
						p.say(okLine + "Content-Length: 0\r\n\r\n")
					}
					c.script(p)
				}
				l := bubble(t, script, script)
				l.server.tls.ClientAuth = tls.RequireAnyClientCert
				id, err := l.server.ca.Issue(mtlstest.Client{})
				require.NoError(t, err)
				r := l.request("https://fault.test/")
				r.Identity, r.Method = id.Credential, http.MethodPost // which is not sent again
				for range c.before {
					_, err := l.Do(t.Context(), r)
					require.NoError(t, err)
				}
				if c.upload {
					r.Body = mtlshttp.Text("text/plain", strings.Repeat("x", 1<<20))
				}
				_, err = l.Do(t.Context(), r)
				f := failureOf(t, err)
				if !c.writes || f.Kind != mtlshttp.KindWrite {
					assert.Equal(t, c.kind, f.Kind, "%v", err)
					assert.Equal(t, c.reason, f.Reason, "%v", err)
				}
				if c.cause == "" {
					assert.Nil(t, f.Diagnosis)
				} else if assert.NotNil(t, f.Diagnosis) {
					assert.Equal(t, c.cause, f.Diagnosis.Cause)
					assert.Equal(t, "low", f.Diagnosis.Confidence)
				}
			})
		})
	}
}

// A peer that speaks HTTP/2 has taken the certificate: what ends the connection
// then, its own doing or what we cannot take of it, is told as what it is.
func TestEndOfHTTP2IsNoRefusal(t *testing.T) {
	nothingLeft(t)
	ends := func(frame func(p *framePeer)) func(*peer) {
		return frames(func(p *framePeer, _ uint32) bool {
			frame(p)
			p.finish()
			return false
		})
	}
	for _, c := range []struct {
		name   string
		script func(*peer)
		reason string
	}{
		{"an end after SETTINGS", func(p *peer) {
			if f := greet(p); f != nil {
				_ = f.WriteSettings()
			}
		}, "empty-reply"},
		{"an end after the request", frames(func(*framePeer, uint32) bool { return false }), "empty-reply"},
		{"GOAWAY to slow down", ends(func(p *framePeer) { _ = p.WriteGoAway(1, http2.ErrCodeEnhanceYourCalm, nil) }), ""},
		{"GOAWAY for the suite", ends(func(p *framePeer) { _ = p.WriteGoAway(1, http2.ErrCodeInadequateSecurity, nil) }), ""},
		{"a frame that is too large", ends(func(p *framePeer) { p.say("\xff\xff\xff\x00\x00\x00\x00\x00\x01") }), ""},
		{"a promise", ends(func(p *framePeer) {
			_ = p.WritePushPromise(http2.PushPromiseParam{StreamID: 1, PromiseID: 2, BlockFragment: []byte{0x88}, EndHeaders: true})
		}), ""},
		{"HTTP/1.1", func(p *peer) {
			if f := greet(p); f != nil {
				f.say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
				f.finish()
			}
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
				l := newFaultLab(t, serveFaults(t, c.script, c.script))
				l.server.tls.ClientAuth, l.server.tls.NextProtos, l.server.tls.MaxVersion = tls.RequireAnyClientCert, []string{"h2"}, version
				id, err := l.server.ca.Issue(mtlstest.Client{})
				require.NoError(t, err)
				r := l.request("https://fault.test/")
				r.Identity, r.Method = id.Credential, http.MethodPost
				_, err = l.Do(t.Context(), r)
				f := failureOf(t, err)
				if c.reason == "" || f.Kind != mtlshttp.KindWrite { // the write that fails may be seen first
					assert.Equal(t, mtlshttp.KindProtocol, f.Kind, "%v", err)
					assert.Equal(t, c.reason, f.Reason, "%v", err)
				}
				assert.Nil(t, f.Diagnosis, "%v", err)
				require.NoError(t, l.Close())
			}
		})
	}
}
