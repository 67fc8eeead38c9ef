package keyfile

import (
	"context"
	"encoding/pem"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
)

func TestOpenSSH(t *testing.T) {
	for name, s := range samples() {
		if name == "p224" {
			continue
		}
		block, err := ssh.MarshalPrivateKey(s.key, "me@here")
		require.NoError(t, err)
		clear := pem.EncodeToMemory(block)
		inv, err := Extract(context.Background(), clear, Options{})
		require.NoError(t, err)
		require.Equal(t, "openssh", inv.Format)
		require.Equal(t, "me@here", inv.Keys[0].Alias)
		mustOpen(t, s, append(clear, bundle(s)...), Options{})

		block, err = ssh.MarshalPrivateKeyWithPassphrase(s.key, "", []byte("p😀"))
		require.NoError(t, err)
		locked := pem.EncodeToMemory(block)
		inv, err = Extract(context.Background(), locked, Options{Password: []byte("p😀")})
		require.NoError(t, err)
		require.Len(t, inv.Keys, 1)
		_, err = Extract(context.Background(), locked, Options{Password: []byte("q")})
		require.ErrorIs(t, err, WrongPassword)
		_, err = Extract(context.Background(), locked, Options{})
		require.ErrorIs(t, err, PasswordRequired)
	}
}
