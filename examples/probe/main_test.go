package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// line is what the contract has in a line of output.
type line struct {
	URL     string
	Receipt struct {
		TLSVersion        string
		ALPN              string
		ClientCertificate struct {
			Requested bool
			Presented *struct{ Subject string }
		}
		Server struct{ TrustedBy string }
	}
	Diagnosis *struct{ Cause, Confidence, Seen, Advice string }
	Accepted  string
	Status    int
}

func probes(t *testing.T, args ...string) (lines []line) {
	t.Helper()
	var out, diagnostics bytes.Buffer
	require.NoError(t, run(t.Context(), args, &out, &diagnostics), "%s", diagnostics.String())
	decoder := json.NewDecoder(&out)
	for decoder.More() {
		var l line
		require.NoError(t, decoder.Decode(&l))
		lines = append(lines, l)
	}
	return lines
}

func TestProbe(t *testing.T) {
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		return path
	}
	ca := write("ca.pem", srv.CA.PEM())
	id, err := srv.CA.Issue(mtlstest.Client{Name: "alice"})
	require.NoError(t, err)
	p12, err := id.PKCS12("secret")
	require.NoError(t, err)
	write("alice.p12", p12)
	entry := `{"alice": {"file": "alice.p12", "password": "secret"}}`
	keychain := write("keychain.json", []byte(entry))
	scenario := write("scenario.json", []byte(`{"keychain": `+entry+`, "requests": []}`))

	for _, version := range []string{"1.2", "1.3"} {
		for _, file := range []string{keychain, scenario} {
			with := probes(t, "-ca", ca, "-keychain", file, "-credentials", "alice", "-tls", version, srv.URL)
			require.Len(t, with, 1)
			assert.Equal(t, "yes", with[0].Accepted)
			assert.Equal(t, version, with[0].Receipt.TLSVersion)
			assert.Nil(t, with[0].Diagnosis)
			require.NotNil(t, with[0].Receipt.ClientCertificate.Presented)
			assert.Equal(t, "CN=alice", with[0].Receipt.ClientCertificate.Presented.Subject)
		}
		without := probes(t, "-ca", ca, "-tls", version, srv.URL)
		require.NotNil(t, without[0].Diagnosis)
		assert.Equal(t, "client-cert-missing", without[0].Diagnosis.Cause)
		assert.Equal(t, "no", without[0].Accepted)
		assert.True(t, without[0].Receipt.ClientCertificate.Requested)
	}

	got := probes(t, "-ca", ca, "-keychain", keychain, "-credentials", "alice", "-get", "-http", "1", srv.URL, srv.URL+"/again")
	require.Len(t, got, 2)
	assert.Equal(t, 200, got[0].Status)
	assert.Equal(t, "http/1.1", got[1].Receipt.ALPN)

	unverified := probes(t, "-insecure", "-keychain", keychain, "-credentials", "alice", srv.URL)
	assert.Equal(t, "unverified", unverified[0].Receipt.Server.TrustedBy)
	untrusted := probes(t, srv.URL)
	assert.Equal(t, "unknown", untrusted[0].Accepted)
	require.NotNil(t, untrusted[0].Diagnosis)
}

func TestProbeRefusesWhatItCannotDo(t *testing.T) {
	for _, args := range [][]string{{}, {"-tls", "1.1", "https://a.test"}, {"-http", "3", "https://a.test"}, {"-keychain", "no such file", "https://a.test"},
		{"-ca", "no such file", "https://a.test"}, {"-no-such-flag"}} {
		var out, diagnostics bytes.Buffer
		assert.Error(t, run(t.Context(), args, &out, &diagnostics), "%v", args)
		assert.Empty(t, out.String())
	}
}

func TestKeychainOfAScenario(t *testing.T) {
	name := filepath.Join(t.TempDir(), "scenario.json")
	require.NoError(t, os.WriteFile(name, []byte("\ufeff"+`{"keychain": {"a": {"ca": "x"}}, "requests": []}`), 0o600))
	document, err := readKeychain(name)
	require.NoError(t, err)
	assert.JSONEq(t, `{"a": {"ca": "x"}}`, string(document))
}
