package enginetest_test

import (
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/examples/internal/enginetest"
	"github.com/mtlshttp/mtlshttp/examples/internal/step"
)

// A search that finds nothing means something only if it can find.
func TestReveals(t *testing.T) {
	secret := []byte("canary-session-cookie")
	for _, document := range []string{
		`{"a": ["xcanary-session-cookiex"]}`,
		`{"canary-session-cookie": 1}`,
		`{"a": "` + base64.StdEncoding.EncodeToString([]byte("x"+string(secret)+"y")) + `"}`,
		`{"a": "` + base64.StdEncoding.EncodeToString([]byte(`{"b": "`+base64.StdEncoding.EncodeToString(secret)+`"}`)) + `"}`,
		`{"a": "` + hex.EncodeToString(secret) + `"}`,
		`["prefix ` + base64.StdEncoding.EncodeToString([]byte("12"+string(secret))) + `"]`,
		`not JSON: canary-session-cookie`,
	} {
		assert.True(t, enginetest.Reveals([]byte(document), secret), document)
	}
	assert.False(t, enginetest.Reveals([]byte(`{"a": "canary"}`), secret))
}

// The service does an order once, and wants everything that a worker resolves.
func TestOrders(t *testing.T) {
	orders := enginetest.NewOrders("")
	w := enginetest.NewWorld(t, orders)
	document, err := os.ReadFile(filepath.Join(w.Dir, "keychain.json"))
	require.NoError(t, err)
	keychain, err := mtlshttp.ReadKeychain(document, w.Dir)
	require.NoError(t, err)
	executor := &mtlshttp.Executor{Credentials: keychain}
	defer executor.Close()
	runner := &step.Runner{Executor: executor, Secrets: step.SecretFiles{FS: os.DirFS(filepath.Join(w.Dir, "secrets"))}}
	jar := new(mtlshttp.Jar)
	for _, key := range []string{"a", "a", "b"} {
		path := map[string]string{"a": "/order/1", "b": "/order/2"}[key]
		result, err := runner.Do(t.Context(), w.Step(t, "POST", path), step.Call{Key: key, Jar: jar})
		require.NoError(t, err)
		assert.True(t, enginetest.Reveals(result.Response, w.Carried["the answer"]))
	}
	done := orders.Done()
	require.Len(t, done, 2)
	assert.Equal(t, 2, done[0].Arrivals)
	assert.Equal(t, 1, done[1].Arrivals)

	for _, c := range []struct {
		key string
		jar *mtlshttp.Jar
	}{{"c", new(mtlshttp.Jar)}, {"", jar}, {"a", jar}} { // no session, no key, another's key
		_, err = runner.Do(t.Context(), w.Step(t, "POST", "/order/2"), step.Call{Key: c.key, Jar: c.jar})
		require.ErrorIs(t, err, mtlshttp.KindStatus)
	}
	bare := w.Step(t, "POST", "/order/1")
	bare.Secrets = nil
	_, err = runner.Do(t.Context(), bare, step.Call{Key: "d", Jar: jar})
	require.ErrorIs(t, err, mtlshttp.KindStatus)
	for what, secret := range w.Known {
		assert.False(t, enginetest.Reveals(bare.Request, secret), what)
	}
}
