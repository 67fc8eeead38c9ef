package httpactivity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"github.com/mtlshttp/mtlshttp/examples/internal/step"
)

func TestRequestPresentsTheCredential(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s", r.TLS.PeerCertificates[0].Subject.CommonName, r.Header.Get("Authorization"))
	})
	s := w.step(t, "POST", "/")
	s.Secrets = map[string]string{"Authorization": "token"}
	value, err := w.activities(t).ExecuteActivity(ActivityName, Input{Step: s})
	require.NoError(t, err)
	var out Output
	require.NoError(t, value.Get(&out))
	assert.Equal(t, "client "+canaryToken, dataOf(t, out.Response))
}

// Errors become application errors by their kind.
func TestErrors(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/busy":
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		case "/no":
			w.WriteHeader(http.StatusForbidden)
		}
	})
	anonymous := w.step(t, "GET", "/")
	anonymous.Request = replaced(anonymous.Request, `"credentials":"bank"`, `"credentials":""`)
	unknown := w.step(t, "GET", "/")
	unknown.Request = replaced(unknown.Request, `"credentials":"bank"`, `"credentials":"another"`)
	unreachable := w.step(t, "GET", "/")
	unreachable.Request = replaced(unreachable.Request, w.URL, "https://127.0.0.1:1")
	faulty := w.step(t, "GET", "/")
	faulty.Request = replaced(faulty.Request, `"url"`, `"timeout":30000,"url"`)
	once := w.step(t, "POST", "/busy")
	once.Once = true
	for name, c := range map[string]struct {
		step  Step
		kind  string
		want  func(*testing.T, *temporal.ApplicationError, step.Fault)
		retry bool
	}{
		"busy": {step: w.step(t, "POST", "/busy"), kind: "status", retry: true, want: func(t *testing.T, e *temporal.ApplicationError, f step.Fault) {
			assert.Equal(t, 7*time.Second, e.NextRetryDelay())
			assert.Equal(t, "RateLimitError", f.Type)
			assert.Equal(t, 429, f.StatusCode)
		}},
		"busy, to be sent once": {step: once, kind: "status"},
		"forbidden":             {step: w.step(t, "GET", "/no"), kind: "status"},
		"no credential": {step: anonymous, kind: "tls-client-cert", want: func(t *testing.T, e *temporal.ApplicationError, f step.Fault) {
			assert.Equal(t, "client-cert-missing", f.Cause)
			assert.NotEmpty(t, f.Advice)
		}},
		"unknown name": {step: unknown, kind: "config"},
		"unreachable":  {step: unreachable, kind: "connect", retry: true},
		"faulty document": {step: faulty, kind: "config", want: func(t *testing.T, e *temporal.ApplicationError, f step.Fault) {
			assert.Equal(t, "timeout", f.Field)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.activities(t).ExecuteActivity(ActivityName, Input{Step: c.step})
			var e *temporal.ApplicationError
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.kind, e.Type())
			assert.Equal(t, !c.retry, e.NonRetryable())
			var fault step.Fault
			require.NoError(t, e.Details(&fault))
			assert.Equal(t, c.kind, string(fault.Kind))
			if c.want != nil {
				c.want(t, e, fault)
			}
		})
	}
}

func replaced(document json.RawMessage, from, to string) json.RawMessage {
	return json.RawMessage(strings.Replace(string(document), from, to, 1))
}

// All that is said of an error, sealed, is less than the 4 KiB that a server keeps.
func TestFailuresAreSmall(t *testing.T) {
	w := newWorld(t, nil)
	_, failures := Converters(w.keys)
	for _, text := range []string{"x", "\x00", "😀", `"<>`} {
		for _, length := range []int{10, 500, 5000, 1 << 20} {
			err := failure(t.Context(), false, hostile(strings.Repeat(text, length)))
			size := protoSize(failures.ErrorToFailure(err))
			assert.Less(t, size, 4096-512, "%q times %d", text, length)
			assert.Greater(t, size, 300, "something is said")
		}
	}
}

// A cancelled activity ends its request at once, and is cancelled; one whose
// worker is stopped is to be done again.
func TestCancellation(t *testing.T) {
	began := make(chan struct{}, 1)
	w := newWorld(t, func(_ http.ResponseWriter, r *http.Request) {
		began <- struct{}{}
		<-r.Context().Done()
	})
	for name, c := range map[string]struct {
		cause error
		once  bool
		want  func(error)
	}{
		"by the workflow": {cause: temporal.NewCanceledError(), want: func(err error) { assert.True(t, temporal.IsCanceledError(err), "%v", err) }},
		"by the end of the worker": {cause: worker.ErrWorkerShutdown, want: func(err error) {
			var e *temporal.ApplicationError
			require.ErrorAs(t, err, &e)
			assert.Equal(t, Interrupted, e.Type())
			assert.False(t, e.NonRetryable())
		}},
		"by its end, to be sent once": {cause: worker.ErrWorkerShutdown, once: true, want: func(err error) {
			var e *temporal.ApplicationError
			require.ErrorAs(t, err, &e)
			assert.True(t, e.NonRetryable())
		}},
		"by a pause": {cause: activity.ErrActivityPaused, want: func(err error) { assert.False(t, temporal.IsCanceledError(err)) }},
	} {
		t.Run(name, func(t *testing.T) {
			env := w.activities(t)
			background, cancel := context.WithCancelCause(t.Context())
			env.SetWorkerOptions(worker.Options{BackgroundActivityContext: background})
			var ended time.Time
			go func() {
				<-began
				ended = time.Now()
				cancel(c.cause)
			}()
			s := w.step(t, "POST", "/")
			s.Once = c.once
			_, err := env.ExecuteActivity(ActivityName, Input{Step: s})
			require.Error(t, err)
			assert.Less(t, time.Since(ended), 2*time.Second)
			c.want(err)
		})
	}
}

// A worker that is stopped gives its request back when the grace is over, and not
// before.
func TestWorkerIsStopped(t *testing.T) {
	began := make(chan struct{})
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/quick" {
			time.Sleep(100 * time.Millisecond)
			return
		}
		close(began)
		<-r.Context().Done()
	})
	stopping := make(chan struct{})
	close(stopping)
	w.activity.Grace = 20 * time.Second
	env := w.activities(t)
	env.SetWorkerStopChannel(stopping)
	_, err := env.ExecuteActivity(ActivityName, Input{Step: w.step(t, "POST", "/quick")})
	require.NoError(t, err)

	w.activity.Grace = 50 * time.Millisecond
	env = w.activities(t)
	stopping = make(chan struct{})
	env.SetWorkerStopChannel(stopping)
	go func() {
		<-began
		close(stopping)
	}()
	_, err = env.ExecuteActivity(ActivityName, Input{Step: w.step(t, "POST", "/slow")})
	var e *temporal.ApplicationError
	require.ErrorAs(t, err, &e)
	assert.Equal(t, Interrupted, e.Type())
	assert.False(t, e.NonRetryable())
}

// Heartbeats say how far a transfer is, and come while nothing passes as well.
func TestHeartbeats(t *testing.T) {
	half := make(chan struct{})
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "200000")
		_, _ = w.Write(make([]byte, 100_000))
		_ = http.NewResponseController(w).Flush()
		<-half
		_, _ = w.Write(make([]byte, 100_000))
	})
	env := w.workflows(t)
	var mu sync.Mutex
	var beats []Beat
	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		mu.Lock()
		defer mu.Unlock()
		var beat Beat
		if details.Get(&beat) == nil && beat.Bytes > 0 {
			if beats = append(beats, beat); len(beats) == 1 {
				close(half)
			}
		}
	})
	s := w.step(t, "GET", "/")
	s.Keep = true
	env.ExecuteWorkflow(WorkflowName, ScenarioInput{Steps: []Step{s}, Heartbeat: 0.1})
	require.NoError(t, env.GetWorkflowError())
	mu.Lock()
	defer mu.Unlock()
	require.NotEmpty(t, beats)
	assert.Equal(t, int64(200_000), beats[0].Total)
	assert.LessOrEqual(t, beats[0].Bytes, int64(100_000))
}

// An activity without a heartbeat timeout wants none.
func TestNoHeartbeatsWithoutATimeout(t *testing.T) {
	progress, stop := heartbeats(t.Context(), 0)
	defer stop()
	assert.Nil(t, progress)
}

// A body beyond the payload limit is in the history as a reference.
func TestLargeBody(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, strings.Repeat("mutual ", 1<<20))
	})
	value, err := w.activities(t).ExecuteActivity(ActivityName, Input{Step: w.step(t, "GET", "/")})
	require.NoError(t, err)
	var out Output
	require.NoError(t, value.Get(&out))
	assert.Less(t, len(out.Response), 4096)
	assert.Equal(t, out.Body, dataOf(t, out.Response))
	file, err := w.activity.Runner.Store.Open(out.Body)
	require.NoError(t, err)
	defer file.Close()
	info, err := file.Stat()
	require.NoError(t, err)
	assert.Equal(t, int64(7<<20), info.Size())
}

// Cookies that cannot be handed on are an error, not a lost session.
func TestTooManyCookies(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		for n := range 170 {
			http.SetCookie(w, &http.Cookie{Name: fmt.Sprint("c", n), Value: strings.Repeat("v", 3500)})
		}
	})
	_, err := w.activities(t).ExecuteActivity(ActivityName, Input{Step: w.step(t, "GET", "/")})
	var e *temporal.ApplicationError
	require.True(t, errors.As(err, &e), "%v", err)
	assert.Equal(t, "limit", e.Type())
	assert.True(t, e.NonRetryable())
}
