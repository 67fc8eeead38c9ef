package main

import (
	"bytes"
	"crypto/tls"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/mtlstest"
)

func TestUse(t *testing.T) {
	var out, diagnostics bytes.Buffer
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, &out, &diagnostics), flag.ErrHelp)
	assert.Contains(t, diagnostics.String(), "-keychain")
	assert.Empty(t, out.String())
	for _, args := range [][]string{{}, {"more", "-seal", "x"}, {"-seal", "x", "-egress", "some"}, {"-seal", filepath.Join(t.TempDir(), "none")}} {
		require.Error(t, run(t.Context(), args, &out, &diagnostics), "%v", args)
	}
}

// The connection to the Temporal server can have its certificate from the same
// keychain.
func TestCredentialForTemporalItself(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	id, err := ca.Issue(mtlstest.Client{Name: "worker"})
	require.NoError(t, err)
	file, err := id.PKCS12("correct horse")
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "worker.p12"), file, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.pem"), ca.PEM(), 0o600))
	keychain := filepath.Join(dir, "keychain.json")
	require.NoError(t, os.WriteFile(keychain, []byte(`{"temporal": {"file": "worker.p12", "password": "correct horse"}, "ca": {"ca": "ca.pem"}}`), 0o600))
	serverConfig, err := ca.ServerConfig()
	require.NoError(t, err)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", serverConfig)
	require.NoError(t, err)
	defer listener.Close()
	seen := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		server := conn.(*tls.Conn)
		if err := server.Handshake(); err != nil {
			seen <- err.Error()
			return
		}
		seen <- server.ConnectionState().PeerCertificates[0].Subject.CommonName
	}()

	c, err := parse([]string{"-seal", "x", "-keychain", keychain, "-as", "temporal", "-trust", "ca",
		"-address", listener.Addr().String(), "-store", dir}, new(bytes.Buffer))
	require.NoError(t, err)
	runner, end, err := c.runner()
	require.NoError(t, err)
	defer func() { assert.NoError(t, end()) }()
	setting, err := c.tls(t.Context(), runner.Executor)
	require.NoError(t, err)
	conn, err := tls.Dial("tcp", c.address, setting)
	require.NoError(t, err)
	defer conn.Close()
	assert.Equal(t, "worker", <-seen)
}
