package mtlstest_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestClientsGoodAndBad(t *testing.T) {
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	for name, c := range map[string]struct {
		client mtlstest.Client
		cause  string // "": it is let in
	}{
		"valid":             {mtlstest.Client{Name: "alice"}, ""},
		"intermediate":      {mtlstest.Client{Name: "alice", Intermediate: true}, ""},
		"weak":              {mtlstest.Client{Name: "alice", Weak: true}, ""}, // Go's servers take it
		"expired":           {mtlstest.Client{Expired: true}, "client-cert-expired"},
		"not yet valid":     {mtlstest.Client{NotYetValid: true}, "client-cert-not-yet-valid"},
		"wrong usage":       {mtlstest.Client{WrongUsage: true}, "client-cert-wrong-usage"},
		"stranger":          {mtlstest.Client{Stranger: true}, "client-cert-untrusted"},
		"no intermediate":   {mtlstest.Client{OmitIntermediate: true}, "client-cert-untrusted"},
		"no credential set": {mtlstest.Client{}, "client-cert-missing"},
	} {
		t.Run(name, func(t *testing.T) {
			r := srv.Request("/")
			r.Identity = srv.Issue(t, c.client)
			if c.cause == "client-cert-missing" {
				r.Identity = nil
			}
			resp, err := mtlshttp.Do(t.Context(), r)
			if c.cause == "" {
				require.NoError(t, err)
				assert.Equal(t, "alice", resp.Data)
				return
			}
			var e *mtlshttp.Error
			require.True(t, errors.As(err, &e), "%v", err)
			require.NotNil(t, e.Diagnosis, "%v", err)
			assert.Equal(t, c.cause, e.Diagnosis.Cause, "%v", err)
			assert.Equal(t, mtlshttp.KindTLSClientCert, e.Kind)
		})
	}
}

func TestFilesOfAnIdentity(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	id, err := ca.Issue(mtlstest.Client{Name: "alice", Intermediate: true})
	require.NoError(t, err)
	p12, err := id.PKCS12("secret")
	require.NoError(t, err)
	certificate, key, err := id.PEM()
	require.NoError(t, err)
	fromP12, err := mtlshttp.Extract(t.Context(), p12, &mtlshttp.ExtractOptions{Password: []byte("secret")})
	require.NoError(t, err)
	fromPEM, err := mtlshttp.ExtractPair(t.Context(), key, certificate, nil) // the wrong way round
	require.NoError(t, err)
	for _, inv := range []*mtlshttp.Inventory{fromP12, fromPEM} {
		c, err := inv.Credential()
		require.NoError(t, err)
		assert.Equal(t, id.Credential.String(), c.String())
		assert.Len(t, inv.Identities[0].ChainSHA256, 1)
	}
}
