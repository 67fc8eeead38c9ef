package mtlstest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

func TestRenew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, err := mtlstest.NewCA()
		require.NoError(t, err)
		keychain := new(mtlshttp.Keychain)
		stop := ca.Renew(t, keychain, "bank", mtlstest.Client{Name: "alice", Lifetime: 2 * time.Hour}, time.Hour)
		first, err := keychain.Credential(t.Context(), "bank")
		require.NoError(t, err)
		assert.Equal(t, time.Now().Add(2*time.Hour).UTC(), first.Leaf().NotAfter)
		time.Sleep(time.Hour)
		synctest.Wait()
		second, err := keychain.Credential(t.Context(), "bank")
		require.NoError(t, err)
		assert.NotEqual(t, first.Leaf().SerialNumber, second.Leaf().SerialNumber)
		assert.Equal(t, "alice", second.Leaf().Subject.CommonName)
		stop()
		stop()
		time.Sleep(3 * time.Hour)
		last, err := keychain.Credential(t.Context(), "bank")
		require.NoError(t, err)
		assert.Equal(t, second, last, "nobody renews it any more")
		expiring, err := keychain.Expiring(t.Context(), 0)
		require.NoError(t, err)
		assert.Len(t, expiring, 1)
	})
}
