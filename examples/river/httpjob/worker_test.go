package httpjob

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/examples/internal/step"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// world is a server that demands client certificates, and a worker that has one
// under the name bank. There is no database: what goes wrong needs none.
type world struct {
	*mtlstest.Server
	worker *Worker
}

const canaryToken = "Bearer canary-of-a-token"

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
	keys, err := step.ReadKeyring(fmt.Appendf(nil, `{"current": "k", "keys": {"k": %q}}`,
		base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))))
	require.NoError(t, err)
	return &world{srv, &Worker{Keys: keys, Runner: &step.Runner{Executor: executor, Store: folder,
		Secrets: step.SecretFiles{FS: fstest.MapFS{"token": {Data: []byte(canaryToken)}}}}}}
}

func (w *world) step(t *testing.T, method, path string) Step {
	t.Helper()
	s, err := step.New(&mtlshttp.Request{Method: method, URL: w.URL + path, Credentials: "bank", ShareCookies: true, StatusErrors: true,
		Roots: mtlshttp.Roots{Name: "ca", Only: true}})
	require.NoError(t, err)
	return s
}

func jobOf(t *testing.T, steps ...Step) *river.Job[Args] {
	t.Helper()
	args, err := New(steps...)
	require.NoError(t, err)
	return &river.Job[Args]{JobRow: &rivertype.JobRow{Attempt: 1}, Args: args}
}

// What River is told of an error: cancel, snooze, or try again.
func TestErrors(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/busy":
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		case "/down":
			w.WriteHeader(http.StatusBadGateway)
		case "/no":
			w.WriteHeader(http.StatusForbidden)
		}
	})
	anonymous, faulty, once, sealed := w.step(t, "GET", "/"), w.step(t, "GET", "/"), w.step(t, "POST", "/busy"), jobOf(t, w.step(t, "GET", "/"))
	anonymous.Request = json.RawMessage(strings.Replace(string(anonymous.Request), `"bank"`, `""`, 1))
	faulty.Request = json.RawMessage(`{"url": 7}`)
	once.Once = true
	weary := jobOf(t, w.step(t, "GET", "/busy"))
	weary.Metadata = []byte(`{"snoozes": 20}`)
	outside := jobOf(t, w.step(t, "GET", "/"))
	outside.Args.Next = 1
	sealed.Args.State = &Sealed{Key: "another"}
	for name, c := range map[string]struct {
		job  *river.Job[Args]
		want string // cancel, snooze, error
		kind mtlshttp.Kind
	}{
		"busy":                   {jobOf(t, w.step(t, "POST", "/busy")), "snooze", ""},
		"busy for the 21st time": {weary, "error", "status"},
		"busy, to be sent once":  {jobOf(t, once), "cancel", "status"},
		"a bad gateway":          {jobOf(t, w.step(t, "POST", "/down")), "error", "status"},
		"forbidden":              {jobOf(t, w.step(t, "GET", "/no")), "cancel", "status"},
		"no credential":          {jobOf(t, anonymous), "cancel", "tls-client-cert"},
		"a faulty document":      {jobOf(t, faulty), "cancel", "config"},
		"no such step":           {outside, "cancel", "config"},
		"a key that others have": {sealed, "error", "resource"},
	} {
		t.Run(name, func(t *testing.T) {
			err := w.worker.Work(t.Context(), c.job)
			require.Error(t, err)
			var canceled *river.JobCancelError
			var snoozed *river.JobSnoozeError
			assert.Equal(t, c.want == "cancel", errors.As(err, &canceled), "%v", err)
			require.Equal(t, c.want == "snooze", errors.As(err, &snoozed), "%v", err)
			if snoozed != nil {
				assert.Equal(t, 7*time.Second, snoozed.Duration)
				return
			}
			var failed Failure
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, c.kind, failed.Kind)
			var kept step.Fault
			require.NoError(t, json.Unmarshal([]byte(failed.Error()), &kept), "the table has the fault as JSON")
			assert.Equal(t, c.kind, kept.Kind)
			assert.LessOrEqual(t, len(failed.Error()), step.MaxFault)
		})
	}
}

// A job that is cancelled ends its request at once; one whose worker is stopped
// goes on elsewhere.
func TestCancellation(t *testing.T) {
	began := make(chan struct{}, 1)
	w := newWorld(t, func(_ http.ResponseWriter, r *http.Request) {
		began <- struct{}{}
		<-r.Context().Done()
	})
	once := w.step(t, "POST", "/")
	once.Once = true
	for name, c := range map[string]struct {
		step     Step
		cause    error
		canceled bool
	}{
		"by a client":                 {w.step(t, "POST", "/"), river.ErrJobCancelledRemotely, true},
		"by the worker's end":         {w.step(t, "POST", "/"), errors.New("stopped"), false},
		"by its end, to be sent once": {once, errors.New("stopped"), true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			ended := make(chan time.Time, 1)
			go func() {
				<-began
				ended <- time.Now()
				cancel(c.cause)
			}()
			err := w.worker.Work(ctx, jobOf(t, c.step))
			assert.Less(t, time.Since(<-ended), 2*time.Second)
			var canceled *river.JobCancelError
			var snoozed *river.JobSnoozeError
			assert.Equal(t, c.canceled, errors.As(err, &canceled), "%v", err)
			assert.Equal(t, !c.canceled, errors.As(err, &snoozed), "%v", err)
		})
	}
}

// From job to job go cookies and answers, sealed, and nothing secret in the clear.
func TestArgsHoldNoSecret(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "canary-cookie"})
		} else if c, err := r.Cookie("session"); err != nil || c.Value != "canary-cookie" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = io.WriteString(w, "canary-answer to "+r.Header.Get("Authorization")+" for "+r.Header.Get("Idempotency-Key"))
	})
	login, pay := w.step(t, "POST", "/login"), w.step(t, "POST", "/pay")
	login.Secrets = map[string]string{"Authorization": "token"}
	args := jobOf(t, login, pay).Args
	after, err := w.worker.request(t.Context(), &args)
	require.NoError(t, err)
	next := args
	next.Next++
	next.State, err = seal(w.worker.Keys, args.Scenario, after)
	require.NoError(t, err)
	row, err := json.Marshal(next)
	require.NoError(t, err)
	for _, canary := range []string{canaryToken, "canary-cookie", "canary-answer"} {
		assert.NotContains(t, string(row), canary)
		assert.NotContains(t, string(row), base64.StdEncoding.EncodeToString([]byte(canary))[:16])
	}
	assert.Contains(t, string(row), `"credentials":"bank"`, "names are readable")

	var read Args
	require.NoError(t, json.Unmarshal(row, &read))
	after, err = w.worker.request(t.Context(), &read)
	require.NoError(t, err, "the cookie has come along")
	require.Len(t, after.Results, 2)
	assert.Contains(t, string(after.Results[0].Response), args.Scenario+":0")
	assert.Contains(t, string(after.Results[1].Response), args.Scenario+":1", "each request has a key of its own")

	read.Scenario = "another"
	_, err = w.worker.request(t.Context(), &read)
	require.Error(t, err, "the state of one scenario is not another's")
}

func TestInsertOpts(t *testing.T) {
	s := Step{Request: json.RawMessage(`{"url": "https://api.bank.example", "timeout": 90}`)}
	args := jobOf(t, s, Step{Once: true}).Args
	assert.Equal(t, 10, args.InsertOpts().MaxAttempts)
	assert.Equal(t, []string{args.Scenario}, args.InsertOpts().Tags)
	worker := new(Worker)
	assert.Equal(t, 105*time.Second, worker.Timeout(&river.Job[Args]{Args: args}))
	args.Next = 1
	assert.Equal(t, 1, args.InsertOpts().MaxAttempts, "to be sent once")
	args.Next = 2
	assert.Positive(t, worker.Timeout(&river.Job[Args]{Args: args}))
	_, err := New()
	require.Error(t, err)
}

func TestOutcome(t *testing.T) {
	w := newWorld(t, nil)
	sealed, err := seal(w.worker.Keys, "s", []Result{{StatusCode: 201}})
	require.NoError(t, err)
	output, err := json.Marshal(map[string]any{"output": sealed})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		job  rivertype.JobRow
		over bool
		err  bool
	}{
		"at work":       {rivertype.JobRow{State: rivertype.JobStateRunning}, false, false},
		"to be retried": {rivertype.JobRow{State: rivertype.JobStateRetryable}, false, false},
		"handed on":     {rivertype.JobRow{State: rivertype.JobStateCompleted, Metadata: []byte(`{}`)}, false, false},
		"done":          {rivertype.JobRow{State: rivertype.JobStateCompleted, Metadata: output}, true, false},
		"cancelled":     {rivertype.JobRow{State: rivertype.JobStateCancelled, Errors: []rivertype.AttemptError{{Error: "why"}}}, true, true},
		"given up":      {rivertype.JobRow{State: rivertype.JobStateDiscarded}, true, true},
	} {
		results, over, err := outcome(&c.job, w.worker.Keys, "s")
		assert.Equal(t, c.over, over, name)
		assert.Equal(t, c.err, err != nil, name)
		if c.over && !c.err {
			assert.Equal(t, 201, results[0].StatusCode)
		}
	}
}
