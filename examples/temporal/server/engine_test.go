//go:build temporalserver

package server

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/mtlshttp/mtlshttp/examples/internal/enginetest"
	"github.com/mtlshttp/mtlshttp/examples/temporal/httpactivity"
)

// start starts a scenario of requests with a worker's program beside it.
func (w *world) start(t *testing.T, in httpactivity.ScenarioInput) client.WorkflowRun {
	t.Helper()
	w.startWorker(t, buildWorker(t))
	run, err := w.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: queue}, httpactivity.WorkflowName, in)
	require.NoError(t, err)
	return run
}

// A server that is busy is asked again when it wishes, and its long error is kept.
func TestRetryAfter(t *testing.T) {
	var first atomic.Int64
	var waited atomic.Int64
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if first.CompareAndSwap(0, time.Now().UnixNano()) {
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, strings.Repeat("Sorry. ", 100_000))
			return
		}
		waited.Store(time.Now().UnixNano() - first.Load())
		_, _ = io.WriteString(w, `{"ok": true}`)
	}))
	run := w.start(t, httpactivity.ScenarioInput{Steps: []httpactivity.Step{w.Step(t, "POST", "/")}})
	w.assertKept(t, run)
	require.NoError(t, run.Get(t.Context(), nil))
	assert.GreaterOrEqual(t, time.Duration(waited.Load()), 2900*time.Millisecond)
	assert.Less(t, time.Duration(waited.Load()), 10*time.Second)
}

// A workflow that is cancelled ends its request while the server is still at it.
func TestCancelled(t *testing.T) {
	began, ended := make(chan struct{}), make(chan time.Time, 1)
	w := newWorld(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
		ended <- time.Now()
	}))
	run := w.start(t, httpactivity.ScenarioInput{Steps: []httpactivity.Step{w.Step(t, "POST", "/")}, Heartbeat: 2})
	select {
	case <-began:
	case <-time.After(30 * time.Second):
		t.Fatal("the request did not arrive")
	}
	asked := time.Now()
	require.NoError(t, w.client.CancelWorkflow(t.Context(), run.GetID(), run.GetRunID()))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := run.Get(ctx, nil)
	assert.True(t, temporal.IsCanceledError(err), "%v", err)
	at := <-ended
	t.Logf("the server saw the end %.1f s after the workflow was cancelled", at.Sub(asked).Seconds())
	assert.Less(t, at.Sub(asked), 5*time.Second)
}

// Bodies beyond every limit of the server pass by reference, back and forth.
func TestLargeBodies(t *testing.T) {
	const size = 7 << 20
	var received atomic.Int64
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		received.Store(n)
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(make([]byte, size))
	}))
	run := w.start(t, httpactivity.ScenarioInput{Steps: []httpactivity.Step{w.Step(t, "GET", "/")}})
	var out httpactivity.ScenarioOutput
	require.NoError(t, run.Get(t.Context(), &out))
	info, err := os.Stat(filepath.Join(w.Dir, "store", out.Results[0].Body))
	require.NoError(t, err)
	assert.Equal(t, int64(size), info.Size())

	upload := w.Step(t, "PUT", "/")
	upload.Send, upload.SendType = out.Results[0].Body, "application/octet-stream"
	again, err := w.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: queue}, httpactivity.WorkflowName,
		httpactivity.ScenarioInput{Steps: []httpactivity.Step{upload}})
	require.NoError(t, err)
	require.NoError(t, again.Get(t.Context(), nil))
	assert.Equal(t, int64(size), received.Load())
}

// The program starts a scenario and prints its results.
func TestStart(t *testing.T) {
	w := newWorld(t, enginetest.NewOrders(""))
	program := buildWorker(t)
	w.startWorker(t, program)
	document, err := json.Marshal(httpactivity.ScenarioInput{Steps: []httpactivity.Step{w.Step(t, "POST", "/order/1"), w.Step(t, "POST", "/order/2")}})
	require.NoError(t, err)
	file := filepath.Join(w.Dir, "scenario.json")
	require.NoError(t, os.WriteFile(file, document, 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	starter := exec.CommandContext(ctx, program, "-address", w.temporal.GetFrontendHostPort(), "-namespace", w.temporal.GetDefaultNamespace(),
		"-queue", queue, "-seal", filepath.Join(w.Dir, "keyring.json"), "-start", file)
	out, err := starter.Output()
	require.NoError(t, err)
	var printed httpactivity.ScenarioOutput
	require.NoError(t, json.Unmarshal(out, &printed))
	require.Len(t, printed.Results, 2)
	assert.Equal(t, http.StatusOK, printed.Results[1].StatusCode)
}

// A worker that is stopped in an orderly way gives its request back: the next one
// goes on long before the heartbeats are missed.
func TestWorkerStopped(t *testing.T) {
	orders := enginetest.NewOrders("/order/1")
	w := newWorld(t, orders)
	program := buildWorker(t)
	first := w.startWorker(t, program)
	run, err := w.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: queue}, httpactivity.WorkflowName,
		httpactivity.ScenarioInput{Steps: []httpactivity.Step{w.Step(t, "POST", "/order/1")}, Heartbeat: 90})
	require.NoError(t, err)
	select {
	case <-orders.Stalled:
	case <-time.After(30 * time.Second):
		t.Fatal("the request did not arrive")
	}
	asked := time.Now()
	first.Stop(t)
	stopped := time.Since(asked)
	w.startWorker(t, program)
	ctx, cancel := context.WithTimeout(t.Context(), 80*time.Second)
	defer cancel()
	require.NoError(t, run.Get(ctx, nil))
	t.Logf("the worker ended after %.1f s, the request was done after %.1f s", stopped.Seconds(), time.Since(asked).Seconds())
	done := orders.Done()
	require.Len(t, done, 1)
	assert.Equal(t, 2, done[0].Arrivals)
}
