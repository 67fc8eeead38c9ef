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
