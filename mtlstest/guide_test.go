package mtlstest_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// TestGuide holds docs/testing.md to this file and the examples: each block of
// Go in it stands there, and so compiles and passes.
func TestGuide(t *testing.T) {
	guide, err := os.ReadFile("../docs/testing.md")
	require.NoError(t, err)
	var sources string
	for _, name := range []string{"guide_test.go", "example_test.go"} {
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		sources += string(source)
	}
	blocks := strings.Split(string(guide), "```go\n")[1:]
	for _, block := range blocks {
		code, _, closed := strings.Cut(block, "```")
		assert.True(t, closed)
		assert.Contains(t, sources, code)
	}
	assert.NotEmpty(t, blocks)
	for server := range map[string]bool{"nginx": true, "apache": true, "haproxy": true, "node": true, "java": true, "openssl": true, "stunnel": true, "gnutls": true, "go": true} {
		assert.Contains(t, string(guide), "`"+server+"`")
	}
}

// router is what a user tests: his own handler.
func router() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "balance of ", r.TLS.PeerCertificates[0].Subject.CommonName)
	})
}

func TestMyHandlerKnowsItsClients(t *testing.T) {
	mine := httptest.NewUnstartedServer(router())
	mine.Config.ReadHeaderTimeout = 10 * time.Second
	srv := mtlstest.Demand(t, mine)

	r := srv.Request("/balance")
	r.Identity = srv.Issue(t, mtlstest.Client{Name: "alice"})
	resp, err := mtlshttp.Do(t.Context(), r)
	if err != nil || resp.Data != "balance of alice" {
		t.Fatal(resp, err)
	}
}

func TestRefusesTheExpired(t *testing.T) {
	srv := mtlstest.NewServer(t, router())
	r := srv.Request("/balance")
	r.Identity = srv.Issue(t, mtlstest.Client{Expired: true})
	_, err := mtlshttp.Do(t.Context(), r)
	var e *mtlshttp.Error
	if !errors.As(err, &e) || e.Diagnosis.Cause != "client-cert-expired" {
		t.Error(err)
	}
}

func TestCredentialsByName(t *testing.T) {
	srv := mtlstest.NewServer(t, nil)
	alice, err := srv.CA.Issue(mtlstest.Client{Name: "alice"})
	if err != nil {
		t.Fatal(err)
	}
	file, err := alice.PKCS12("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "alice.p12"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "password"), []byte("correct horse"), 0o600); err != nil {
		t.Fatal(err)
	}
	keychain, err := mtlshttp.ReadKeychain([]byte(`{"bank": {"file": "alice.p12", "passwordFile": "password"}}`), dir)
	if err != nil {
		t.Fatal(err)
	}
	executor := srv.Executor()
	executor.Credentials = keychain

	r := srv.Request("/")
	r.Identity, r.Credentials = nil, "bank"
	resp, err := executor.Do(t.Context(), r)
	if err != nil || resp.Data != "alice" {
		t.Fatal(resp, err)
	}
}

// charge is what a user tests: code that takes an *http.Client.
func charge(client *http.Client, url string) error {
	resp, err := client.Post(url+"/charge", "text/plain", strings.NewReader("12.50"))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not charged: %s", resp.Status)
	}
	return nil
}

func TestChargeGivesUp(t *testing.T) {
	for _, option := range []mtlstest.Option{
		mtlstest.Refuse(mtlstest.Refusal{Alert: 46}),
		mtlstest.Refuse(mtlstest.Refusal{Status: 403}),
		mtlstest.Refuse(mtlstest.Refusal{Reset: true}),
		mtlstest.Stall(mtlstest.AtHeaders),
	} {
		srv := mtlstest.NewServer(t, nil, option)
		r := srv.Request("/")
		r.Timeout = 2 * time.Second
		client, err := srv.Executor().Client(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if err := charge(client, srv.URL); err == nil {
			t.Error("charged")
		}
	}
}

func TestAPartnersAllowlist(t *testing.T) {
	partner := mtlstest.NewServer(t, nil, mtlstest.Like("nginx"), mtlstest.Allow())
	resp, err := partner.Executor().Do(t.Context(), partner.Request("/"))
	if err != nil || resp.StatusCode != http.StatusForbidden {
		t.Fatal(resp, err)
	}
	partner.Allow(partner.Credential) // the partner has taken it up
	resp, err = partner.Executor().Do(t.Context(), partner.Request("/"))
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp, err)
	}
}

func TestIdentityStaysWithItsOrigin(t *testing.T) {
	elsewhere := mtlstest.NewServer(t, nil, mtlstest.Optional())
	srv := mtlstest.NewServer(t, mtlstest.RedirectTo(elsewhere.URL), mtlstest.By(elsewhere.CA))
	resp, err := mtlshttp.Do(t.Context(), srv.Request("/"))
	if err != nil || resp.Data != "nobody" {
		t.Fatal(resp, err)
	}
}

func TestAsNginxAndAsJava(t *testing.T) {
	for server, says := range map[string]string{"nginx": "high", "java": "medium"} {
		srv := mtlstest.NewServer(t, nil, mtlstest.Like(server))
		r := srv.Request("/")
		r.Identity = nil
		resp, err := mtlshttp.Do(t.Context(), r)
		var diagnosis *mtlshttp.Diagnosis
		if e := (*mtlshttp.Error)(nil); errors.As(err, &e) {
			diagnosis = e.Diagnosis // java closes the connection
		} else {
			diagnosis = resp.Diagnosis // nginx answers 400
		}
		if diagnosis.Cause != "client-cert-missing" || diagnosis.Confidence != says {
			t.Error(server, diagnosis)
		}
	}
}

func TestAYearOfRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network mtlstest.Network
		srv := mtlstest.NewServer(t, nil, network.At("bank.test:443"))
		keychain := new(mtlshttp.Keychain)
		srv.CA.Renew(t, keychain, "bank", mtlstest.Client{Name: "alice", Lifetime: 90 * 24 * time.Hour}, 45*24*time.Hour)
		executor := srv.Executor()
		executor.Credentials = keychain

		for range 12 {
			r := srv.Request("/")
			r.Identity, r.Credentials = nil, "bank"
			resp, err := executor.Do(t.Context(), r)
			if err != nil || resp.Data != "alice" || len(resp.Receipt.Warnings) > 0 {
				t.Fatal(resp, err)
			}
			time.Sleep(30 * 24 * time.Hour)
		}
	})
}

func TestNobodyRenews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network mtlstest.Network
		srv := mtlstest.NewServer(t, nil, network.At("bank.test:443"))
		keychain := new(mtlshttp.Keychain)
		keychain.Add("bank", srv.Credential) // it has 90 days
		var reminded []int
		t.Cleanup(keychain.OnExpiring(func(e mtlshttp.Expiry) { reminded = append(reminded, int(e.Left.Hours()/24)) }))

		time.Sleep(91 * 24 * time.Hour)
		synctest.Wait()
		if fmt.Sprint(reminded) != "[30 14 7 1]" {
			t.Error(reminded)
		}
		_, err := srv.Executor().Do(t.Context(), srv.Request("/"))
		var e *mtlshttp.Error
		if !errors.As(err, &e) || e.Kind != mtlshttp.KindConfig || e.Reason != "expired" {
			t.Error(err) // nothing was sent
		}
	})
}
