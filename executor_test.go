package mtlshttp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

func TestMain(m *testing.M) {
	if os.Getenv(benchServerEnv) != "" {
		serveBench()
		return
	}
	goleak.VerifyTestMain(m)
}

var versions = map[string]mtlshttp.Protocol{
	"TLS 1.2, HTTP/1.1": {MaxTLS: tls.VersionTLS12, HTTP: 1},
	"TLS 1.3, HTTP/1.1": {MinTLS: tls.VersionTLS13, HTTP: 1},
	"TLS 1.2, HTTP/2":   {MaxTLS: tls.VersionTLS12, HTTP: 2},
	"TLS 1.3, HTTP/2":   {MinTLS: tls.VersionTLS13, HTTP: 2},
}

func TestDoPresentsTheCredential(t *testing.T) {
	srv := mtlstest.NewServer(t, whoami)
	for name, protocol := range versions {
		t.Run(name, func(t *testing.T) {
			r := srv.Request("/")
			r.Parse, r.Protocol = true, protocol
			resp, err := newExecutor(t).Do(t.Context(), r)
			require.NoError(t, err)
			assert.Equal(t, 200, resp.StatusCode)
			assert.Equal(t, "client", resp.Data.(map[string]any)["client"])
			require.NotNil(t, resp.Receipt)
			c := resp.Receipt.ClientCertificate
			assert.True(t, c.Requested)
			assert.Equal(t, []string{"CN=mtlstest CA"}, c.AcceptableCAs)
			require.NotNil(t, c.Presented)
			assert.Equal(t, "CN=client", c.Presented.Subject)
			assert.Equal(t, "added", resp.Receipt.Server.TrustedBy)
			assert.Equal(t, "CN=server", resp.Receipt.Server.Chain[0].Subject)
			assert.Nil(t, resp.Diagnosis)
			assert.Len(t, resp.Hops, 1)
		})
	}
}

func TestWithoutCredentialTheCauseIsNamed(t *testing.T) {
	srv := mtlstest.NewServer(t, whoami)
	bodies := map[string]mtlshttp.Body{
		"GET":       {},
		"POST":      mtlshttp.Text("text/plain", "hello"),
		"POST 2 MB": mtlshttp.Raw("text/plain", make([]byte, 2<<20)),
	}
	for version, protocol := range versions {
		for name, body := range bodies {
			t.Run(version+" "+name, func(t *testing.T) {
				e := newExecutor(t)
				for range 10 {
					r := srv.Request("/")
					r.Identity, r.Protocol, r.Body = nil, protocol, body
					if name != "GET" {
						r.Method = "POST"
					}
					resp, err := e.Do(t.Context(), r)
					assert.Nil(t, resp)
					f := failureOf(t, err)
					require.Equal(t, mtlshttp.KindTLSClientCert, f.Kind, "%v", err)
					assert.Equal(t, "required", f.Reason)
					require.NotNil(t, f.Diagnosis)
					assert.Equal(t, "client-cert-missing", f.Diagnosis.Cause)
					require.NotNil(t, f.Receipt())
					assert.True(t, f.Receipt().ClientCertificate.Requested)
					assert.False(t, f.Retryable)
					assert.Equal(t, "ConnectionError", f.Type)
				}
			})
		}
	}
}

func TestEqualSettingsShareOverSessions(t *testing.T) {
	var dials atomic.Int32
	srv := mtlstest.NewServer(t, whoami)
	e := newExecutor(t)
	e.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		dials.Add(1)
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	for range 20 {
		s := &mtlshttp.Session{Executor: e}
		_, err := s.Do(t.Context(), srv.Request("/"))
		require.NoError(t, err)
	}
	assert.EqualValues(t, 1, dials.Load())
}

func TestRedirectWithABodyThatCannotBeReplayed(t *testing.T) {
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/next", http.StatusTemporaryRedirect)
			return
		}
		fmt.Fprintf(w, "%s %s", r.Method, body)
	}))
	e := newExecutor(t)
	send := func(body mtlshttp.Body) (*mtlshttp.Response, error) {
		r := srv.Request("/")
		r.Method, r.Body, r.Redirect.All = "post", body, true
		return e.Do(t.Context(), r)
	}
	resp, err := send(mtlshttp.Reader("text/plain", io.MultiReader(strings.NewReader("once")), 4))
	f := failureOf(t, err)
	assert.Equal(t, mtlshttp.KindRedirect, f.Kind)
	assert.Equal(t, "body-not-replayable", f.Reason)
	assert.ErrorIs(t, err, mtlshttp.ErrNotReplayable)
	require.NotNil(t, resp)
	assert.Equal(t, 307, resp.StatusCode)
	for name, body := range map[string]mtlshttp.Body{
		"raw":    mtlshttp.Text("text/plain", "again"),
		"seeker": mtlshttp.Reader("text/plain", strings.NewReader("again"), -1),
	} {
		resp, err := send(body)
		require.NoError(t, err, name)
		assert.Equal(t, "POST again", resp.Data, name)
		assert.Len(t, resp.Hops, 2, name)
	}
}

func TestDeadlineHoldsWhenTheBodyReaderBlocks(t *testing.T) {
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	for version, protocol := range versions {
		t.Run(version, func(t *testing.T) {
			pr, pw := io.Pipe()
			defer pw.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			r := srv.Request("/")
			r.Method, r.Body, r.Protocol = "POST", mtlshttp.Reader("", pr, -1), protocol
			begun := time.Now()
			_, err := newExecutor(t).Do(ctx, r)
			assert.Less(t, time.Since(begun), 10*time.Second)
			f := failureOf(t, err)
			assert.Equal(t, mtlshttp.KindTimeout, f.Kind, "%v", err)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		})
	}
}

func TestCancelKeepsItsCause(t *testing.T) {
	release := make(chan struct{})
	cause := errors.New("the scenario was stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer close(release)
	sent := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { cancel(cause) }}
	_, err := newExecutor(t).Do(httptrace.WithClientTrace(ctx, sent), srv.Request("/"))
	f := failureOf(t, err)
	assert.Equal(t, mtlshttp.KindCanceled, f.Kind)
	assert.EqualValues(t, "wait", f.Phase)
	assert.ErrorIs(t, err, context.Canceled)
	assert.ErrorIs(t, err, cause)
	assert.NotContains(t, err.Error(), "\n")
}

func TestCloseAbortsAndRefuses(t *testing.T) {
	started := make(chan struct{}, 10)
	release := make(chan struct{})
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { started <- struct{}{}; <-release }))
	defer close(release)
	e := new(mtlshttp.Executor)
	client, err := e.Client(t.Context(), srv.Request("/"))
	require.NoError(t, err)
	errs := make(chan error, 10)
	for range 10 {
		go func() { _, err := e.Do(context.Background(), srv.Request("/")); errs <- err }()
	}
	for range 10 {
		<-started
	}
	require.NoError(t, e.Close())
	for range 10 {
		assert.Equal(t, mtlshttp.KindClosed, failureOf(t, <-errs).Kind)
	}
	_, err = e.Do(t.Context(), srv.Request("/"))
	assert.Equal(t, mtlshttp.KindClosed, failureOf(t, err).Kind)
	_, err = client.Get(srv.URL)
	assert.Equal(t, mtlshttp.KindClosed, failureOf(t, err).Kind)
	require.NoError(t, e.Close())
}
