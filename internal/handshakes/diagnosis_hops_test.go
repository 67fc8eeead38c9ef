package handshakes_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// A hop is judged by what may be shown on it: at another origin nothing is
// configured, so a refusal there says nothing of certificates.
func TestDiagnosisIsOfTheHop(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	forbids := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	there, err := ca.Start(forbids)
	require.NoError(t, err)
	defer there.Close()
	there.TLS.ClientAuth = tls.NoClientCert
	here, err := ca.Start(http.RedirectHandler(there.URL, http.StatusFound))
	require.NoError(t, err)
	defer here.Close()
	id, err := ca.Issue(mtlstest.Client{})
	require.NoError(t, err)
	e := newExecutor(t)
	resp, err := e.Do(t.Context(), &mtlshttp.Request{URL: here.URL, Identity: id.Credential, Roots: ca.Roots()})
	require.NoError(t, err)
	assert.Equal(t, 403, resp.StatusCode)
	assert.Nil(t, resp.Diagnosis)
	assert.False(t, hasWarning(resp.Receipt, "client-cert-not-requested"))

	resp, err = e.Do(t.Context(), &mtlshttp.Request{URL: here.URL, Identity: id.Credential, Roots: ca.Roots(), Origins: []string{there.URL}})
	require.NoError(t, err)
	require.NotNil(t, resp.Diagnosis, "here it is configured")
	assert.Equal(t, "client-cert-not-requested", resp.Diagnosis.Cause)
	assert.True(t, hasWarning(resp.Receipt, "client-cert-not-requested"))
}

// rotating is a source whose one credential can be replaced.
type rotating struct {
	now atomic.Pointer[mtlshttp.Credential]
}

func (s *rotating) Credential(context.Context, string) (*mtlshttp.Credential, error) {
	return s.now.Load(), nil
}

// A client that was handed out is diagnosed by the identity that it presented,
// not by the one that it was made with.
func TestDiagnosisFollowsARotation(t *testing.T) {
	srv := mtlstest.NewServer(t, whoami)
	source := new(rotating)
	source.now.Store(srv.Issue(t, mtlstest.Client{Name: "before"}))
	e := &mtlshttp.Executor{Credentials: source}
	defer e.Close()
	r := srv.Request("/")
	r.Identity, r.Credentials = nil, "bank"
	client, err := e.Client(t.Context(), r)
	require.NoError(t, err)
	get := func() (string, error) {
		resp, err := client.Get(r.URL)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		return string(text), err
	}
	_, err = get()
	require.NoError(t, err)

	expired := srv.Issue(t, mtlstest.Client{Name: "after", Expired: true})
	source.now.Store(expired)
	_, err = get()
	var f *mtlshttp.Error
	require.ErrorAs(t, err, &f)
	require.NotNil(t, f.Diagnosis)
	assert.Equal(t, "client-cert-expired", f.Diagnosis.Cause)
	assert.Contains(t, f.Diagnosis.Seen, "CN=after")
	assert.Equal(t, "CN=after", f.Receipt().ClientCertificate.Presented.Subject)

	unwanted := *expired
	unwanted.AllowExpired = false
	source.now.Store(&unwanted)
	_, err = get()
	require.ErrorAs(t, err, &f)
	assert.Equal(t, mtlshttp.KindConfig, f.Kind, "one that nobody insists on is not sent")

	source.now.Store(srv.Issue(t, mtlstest.Client{Name: "last"}))
	_, err = get()
	assert.NoError(t, err)
}
