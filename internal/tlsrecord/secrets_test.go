package tlsrecord

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSecrets(t *testing.T) {
	var s Secrets
	for _, line := range []string{"CLIENT_RANDOM 0a 0b\n", "EXPORTER_SECRET 0a 0c\n", "unknown\n"} {
		n, err := s.Write([]byte(line))
		require.NoError(t, err)
		assert.Equal(t, len(line), n)
	}
	assert.False(t, s.Agreed())
	assert.Equal(t, []byte{10}, s.clientRandom)
	assert.Equal(t, []byte{11}, s.master)
	_, err := s.Write([]byte("SERVER_TRAFFIC_SECRET_0 0a 0d\n"))
	require.NoError(t, err)
	assert.True(t, s.Agreed())
	_, err = s.Write([]byte("SERVER_TRAFFIC_SECRET_0 0a zz\n"))
	assert.Error(t, err)
}

func TestServerRandom(t *testing.T) {
	hello := append([]byte{TypeHandshake, 3, 3, 0, 80, 2, 0, 0, 76, 3, 3}, make([]byte, 40)...)
	for i := range 32 {
		hello[11+i] = byte(i + 1)
	}
	random, ok := ServerRandom(hello)
	require.True(t, ok)
	assert.Equal(t, byte(1), random[0])
	assert.Equal(t, byte(32), random[31])
	for length := range 43 {
		_, ok := ServerRandom(hello[:length])
		assert.False(t, ok, length)
	}
	hello[5] = 1
	_, ok = ServerRandom(hello)
	assert.False(t, ok, "a client's hello")
}

func TestEach(t *testing.T) {
	var kinds []byte
	write := append(Plain(TypeChangeCipherSpec, []byte{1}), Plain(TypeHandshake, make([]byte, 300))...)
	Each(append(write, TypeAlert, 3, 3, 9, 9), func(kind byte) { kinds = append(kinds, kind) })
	assert.Equal(t, []byte{TypeChangeCipherSpec, TypeHandshake, TypeAlert}, kinds, "a length beyond the end is the end")
}
