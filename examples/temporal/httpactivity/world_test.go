package httpactivity

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/examples/internal/step"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// world is a server that demands client certificates, and a worker's activity
// that has one under the name bank.
type world struct {
	*mtlstest.Server
	activity *Activity
	keys     *step.Keyring
}

func newWorld(t *testing.T, handle http.HandlerFunc) *world {
	t.Helper()
	srv := mtlstest.NewServer(t, handle)
	keychain := new(mtlshttp.Keychain)
	keychain.Add("bank", srv.Credential)
	keychain.AddRoots("ca", srv.Certificate())
	folder, err := step.OpenFolder(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, folder.Close()) })
	executor := &mtlshttp.Executor{Credentials: keychain, Files: folder}
	t.Cleanup(func() { assert.NoError(t, executor.Close()) })
	secrets := step.SecretFiles{FS: fstest.MapFS{"token": {Data: []byte(canaryToken)}}}
	keys, err := step.ReadKeyring(fmt.Appendf(nil, `{"current": "k", "keys": {"k": %q}}`,
		base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))))
	require.NoError(t, err)
	return &world{srv, &Activity{Runner: &step.Runner{Executor: executor, Store: folder, Secrets: secrets}}, keys}
}

const canaryToken = "Bearer canary-of-a-token"

// step is a request with names, as a client makes it.
func (w *world) step(t *testing.T, method, path string) Step {
	t.Helper()
	s, err := step.New(&mtlshttp.Request{Method: method, URL: w.URL + path, Credentials: "bank", ShareCookies: true, StatusErrors: true,
		Roots: mtlshttp.Roots{Name: "ca", Only: true}})
	require.NoError(t, err)
	return s
}

// activities is the SDK's environment for one activity, sealed as the worker is.
func (w *world) activities(t *testing.T) *testsuite.TestActivityEnvironment {
	t.Helper()
	env := new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment()
	data, failures := Converters(w.keys)
	env.SetDataConverter(data).SetFailureConverter(failures).SetTestTimeout(20 * time.Second)
	env.RegisterActivityWithOptions(w.activity.Request, activity.RegisterOptions{Name: ActivityName})
	return env
}

// workflows is the SDK's environment for a workflow with its activities.
func (w *world) workflows(t *testing.T) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	data, failures := Converters(w.keys)
	env.SetDataConverter(data)
	env.SetFailureConverter(failures)
	env.SetTestTimeout(20 * time.Second)
	w.activity.Register(env)
	return env
}

func dataOf(t *testing.T, bundle json.RawMessage) string {
	t.Helper()
	var b struct{ Data string }
	require.NoError(t, json.Unmarshal(bundle, &b))
	return b.Data
}
