package mtlstest_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// outcome says in short what became of a request: the data of an answer, its
// status where it is none of success, or the error's kind and the cause.
func outcome(t testing.TB, e *mtlshttp.Executor, r *mtlshttp.Request) string {
	t.Helper()
	resp, err := e.Do(t.Context(), r)
	if err == nil && resp.StatusCode < 400 {
		return fmt.Sprint(resp.Data)
	}
	cause := ""
	if resp != nil && resp.Diagnosis != nil {
		cause = " " + resp.Diagnosis.Cause
	}
	var f *mtlshttp.Error
	if errors.As(err, &f) {
		if f.Diagnosis != nil {
			cause = " " + f.Diagnosis.Cause
		}
		return string(f.Kind) + cause
	}
	return fmt.Sprint(resp.StatusCode) + cause
}

func TestDemandTurnsAServerOfYoursIntoOne(t *testing.T) {
	mine := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	mine.Config.ReadHeaderTimeout = time.Minute
	srv := mtlstest.Demand(t, mine)
	assert.Same(t, mine, srv.Server)
	assert.Equal(t, time.Minute, srv.Config.ReadHeaderTimeout, "its Config is yours")
	assert.Equal(t, "client", outcome(t, srv.Executor(), srv.Request("/")))
	r := srv.Request("/")
	r.Identity = nil
	assert.Equal(t, "tls-client-cert client-cert-missing", outcome(t, srv.Executor(), r))
}

func TestDemandLeavesAStartedServerAsItIs(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.TLS != nil)
	}))
	defer plain.Close()
	srv := mtlstest.Demand(t, plain)
	assert.Equal(t, "true", outcome(t, srv.Executor(), srv.Request("/")))
	assert.Equal(t, "false", outcome(t, srv.Executor(), &mtlshttp.Request{URL: plain.URL}))
}

func TestClientOfNetHTTPAlone(t *testing.T) {
	var network mtlstest.Network
	for _, srv := range []*mtlstest.Server{mtlstest.NewServer(t, nil), mtlstest.NewServer(t, nil, network.At("bank.test:443"))} {
		assert.Equal(t, "client", get(t, srv.Client(), srv.URL))
	}
}

func TestServeOutsideOfATest(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	srv, err := ca.Serve(nil, mtlstest.Like("haproxy"))
	require.NoError(t, err)
	assert.Same(t, ca, srv.CA)
	assert.Equal(t, "client", outcome(t, srv.Executor(), srv.Request("/")))
	executor := srv.Executor()
	srv.Close()
	srv.Close()
	assert.Equal(t, "closed", outcome(t, executor, srv.Request("/")))

	_, err = ca.Serve(nil, mtlstest.Like("iis"))
	assert.ErrorContains(t, err, `"nginx"`, "the error lists what there is")
	_, err = ca.Serve(nil, mtlstest.Like("openssl"), mtlstest.Protect("/private"))
	assert.Error(t, err)
	_, err = ca.Serve(nil, mtlstest.Versions(tls.VersionTLS13, tls.VersionTLS12))
	assert.Error(t, err)
}

func TestRedirectToAnotherServer(t *testing.T) {
	bank := mtlstest.NewServer(t, nil, mtlstest.Optional())
	front := mtlstest.NewServer(t, mtlstest.RedirectTo(bank.URL), mtlstest.By(bank.CA))
	r := front.Request("/a?b=c")
	assert.Equal(t, "nobody", outcome(t, front.Executor(), r), "the certificate stays with its origin")
	r.Identity = front.Issue(t, mtlstest.Client{})
	r.Identity.Origins = []string{bank.URL}
	assert.Equal(t, "client", outcome(t, front.Executor(), r))
	resp, err := front.Executor().Do(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, bank.URL+"/a?b=***", resp.URL, "values are not told")
}

// What a unit test waits for: an authority, a server and a client.
func BenchmarkNewServer(b *testing.B) {
	for b.Loop() {
		ca, err := mtlstest.NewCA()
		if err != nil {
			b.Fatal(err)
		}
		srv, err := ca.Serve(nil)
		if err != nil {
			b.Fatal(err)
		}
		srv.Close()
	}
}

// The same with one request of its own executor.
func BenchmarkNewServerAndRequest(b *testing.B) {
	for b.Loop() {
		ca, err := mtlstest.NewCA()
		if err != nil {
			b.Fatal(err)
		}
		srv, err := ca.Serve(nil)
		if err != nil {
			b.Fatal(err)
		}
		if resp, err := srv.Executor().Do(b.Context(), srv.Request("/")); err != nil || resp.Data != "client" {
			b.Fatal(resp, err)
		}
		srv.Close()
	}
}
