//go:build postgres && unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/examples/internal/enginetest"
	"github.com/mtlshttp/mtlshttp/examples/internal/step"
	"github.com/mtlshttp/mtlshttp/examples/river/httpjob"
)

// world is a database with River's tables beside a service and a worker's files.
type world struct {
	*enginetest.World
	database string
	client   *river.Client[pgx.Tx]
	program  string
}

func newWorld(t *testing.T, handle http.Handler) *world {
	t.Helper()
	w := &world{World: enginetest.NewWorld(t, handle), database: startPostgres(t), program: enginetest.Build(t, "github.com/mtlshttp/mtlshttp/examples/river")}
	require.NoError(t, run(t.Context(), []string{"-migrate", "-database", w.database}, io.Discard, io.Discard))
	pool, err := pgxpool.New(t.Context(), w.database)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	w.client, err = river.NewClient(riverpgxv5.New(pool), &river.Config{})
	require.NoError(t, err)
	return w
}

// start starts the program as a worker of its own.
func (w *world) start(t *testing.T) *enginetest.Process {
	t.Helper()
	return w.Start(t, w.program, "-database", w.database, "-rescue", "1s")
}

func (w *world) insert(t *testing.T, steps ...step.Step) httpjob.Args {
	t.Helper()
	args, err := httpjob.New(steps...)
	require.NoError(t, err)
	_, err = w.client.Insert(t.Context(), args, nil)
	require.NoError(t, err)
	return args
}

// await waits for a channel to be closed.
func await(t *testing.T, ctx context.Context, closed <-chan struct{}) {
	t.Helper()
	select {
	case <-closed:
	case <-ctx.Done():
		t.Fatal(context.Cause(ctx))
	}
}

// Ten requests, and the worker is killed while the fifth is under way: the service
// has done it, the answer is lost. Another worker, another process, goes on. Each
// request is done once; the fifth arrives twice, with one key. The tables hold no
// secret.
func TestWorkerLost(t *testing.T) {
	const requests, lost = 10, 5
	orders := enginetest.NewOrders(fmt.Sprintf("/order/%d", lost))
	w := newWorld(t, orders)
	first := w.start(t)
	var steps []step.Step
	for n := range requests {
		s := w.Step(t, "POST", fmt.Sprintf("/order/%d", n+1))
		s.Request = bytes.Replace(s.Request, []byte(`"url"`), []byte(`"timeout":2,"url"`), 1) // so that its worker is soon known to be lost
		steps = append(steps, s)
	}
	args := w.insert(t, steps...)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	await(t, ctx, orders.Stalled)
	killed := time.Now()
	first.Kill()
	second := w.start(t)
	require.NotEqual(t, first.PID, second.PID)

	results, err := httpjob.Wait(ctx, w.client, w.Keys, args.Scenario)
	require.NoError(t, err)
	t.Logf("worker %d was killed in request %d; worker %d did the rest within %.1f s", first.PID, lost, second.PID, time.Since(killed).Seconds())
	require.Len(t, results, requests)
	for n, result := range results {
		var bundle struct{ Data struct{ Order int } }
		require.NoError(t, json.Unmarshal(result.Response, &bundle))
		assert.Equal(t, n+1, bundle.Data.Order)
	}
	assert.True(t, enginetest.Reveals(results[lost].Response, w.Carried["the answer"]), "opened, the answer is there")
	done, arrivals := orders.Done(), 0
	require.Len(t, done, requests, "each done once, of as many keys")
	for n, order := range done {
		assert.Equal(t, fmt.Sprintf("/order/%d", n+1), order.Path)
		want := 1
		if n+1 == lost {
			want = 2
		}
		assert.Equal(t, want, order.Arrivals, order.Path)
		arrivals += order.Arrivals
	}
	t.Logf("%d orders done, of %d keys, in %d arrivals", len(done), len(done), arrivals)

	tables := dump(t, w.database)
	require.True(t, enginetest.Reveals(tables, []byte(args.Scenario)), "the search finds what is there")
	for _, secrets := range []map[string][]byte{w.Known, w.Carried} {
		for what, secret := range secrets {
			assert.False(t, enginetest.Reveals(tables, secret), "the tables have %s", what)
		}
	}
	t.Logf("%d bytes of tables: none of %d secrets", len(tables), len(w.Known)+len(w.Carried))
}

// A busy server is asked again when it wishes, which costs no attempt; a faulty
// request ends at once; a job that is cancelled ends its request.
func TestOutcomes(t *testing.T) {
	var busy atomic.Int32
	began, ended := make(chan struct{}), make(chan struct{})
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/busy":
			if busy.Add(1) == 1 {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusTooManyRequests)
			}
		case "/no":
			w.WriteHeader(http.StatusForbidden)
		case "/slow":
			close(began)
			<-r.Context().Done()
			close(ended)
		case "/large":
			_, _ = w.Write(make([]byte, 3<<20))
		}
	}))
	w.start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()

	args := w.insert(t, w.Step(t, "POST", "/busy"), w.Step(t, "GET", "/large"))
	results, err := httpjob.Wait(ctx, w.client, w.Keys, args.Scenario)
	require.NoError(t, err)
	assert.Equal(t, int32(2), busy.Load())
	info, err := os.Stat(filepath.Join(w.Dir, "store", results[1].Body))
	require.NoError(t, err, "a large body is in the store")
	assert.Equal(t, int64(3<<20), info.Size())
	jobs, err := w.client.JobList(ctx, river.NewJobListParams().First(10).OrderBy(river.JobListOrderByID, river.SortOrderAsc))
	require.NoError(t, err)
	assert.Equal(t, 1, jobs.Jobs[0].Attempt)
	assert.Equal(t, rivertype.JobStateCompleted, jobs.Jobs[0].State)

	args = w.insert(t, w.Step(t, "POST", "/no"))
	_, err = httpjob.Wait(ctx, w.client, w.Keys, args.Scenario)
	require.ErrorContains(t, err, `"type":"AccountValidationError"`)

	args = w.insert(t, w.Step(t, "POST", "/slow"))
	await(t, ctx, began)
	jobs, err = w.client.JobList(ctx, river.NewJobListParams().First(1).States(rivertype.JobStateRunning))
	require.NoError(t, err)
	asked := time.Now()
	_, err = w.client.JobCancel(ctx, jobs.Jobs[0].ID)
	require.NoError(t, err)
	await(t, ctx, ended)
	t.Logf("the server saw the end %.2f s after the job was cancelled", time.Since(asked).Seconds())
	assert.Less(t, time.Since(asked), 10*time.Second)
	_, err = httpjob.Wait(ctx, w.client, w.Keys, args.Scenario)
	require.ErrorContains(t, err, "cancelled")
}

// The program starts a scenario and prints its results.
func TestStart(t *testing.T) {
	w := newWorld(t, enginetest.NewOrders(""))
	w.start(t)
	document, err := json.Marshal(map[string]any{"steps": []step.Step{w.Step(t, "POST", "/order/1"), w.Step(t, "POST", "/order/2")}})
	require.NoError(t, err)
	file := filepath.Join(w.Dir, "scenario.json")
	require.NoError(t, os.WriteFile(file, document, 0o600))
	var out, diagnostics bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, run(ctx, append(w.Flags(), "-database", w.database, "-start", file), &out, &diagnostics))
	var printed struct{ Results []httpjob.Result }
	require.NoError(t, json.Unmarshal(out.Bytes(), &printed))
	assert.Len(t, printed.Results, 2)
}

// A worker that is stopped in an orderly way gives its request back: the next one
// goes on at once.
func TestWorkerStopped(t *testing.T) {
	orders := enginetest.NewOrders("/order/1")
	w := newWorld(t, orders)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	first := w.start(t)
	args := w.insert(t, w.Step(t, "POST", "/order/1"))
	await(t, ctx, orders.Stalled)
	asked := time.Now()
	first.Stop(t)
	stopped := time.Since(asked)
	w.start(t)
	_, err := httpjob.Wait(ctx, w.client, w.Keys, args.Scenario)
	require.NoError(t, err)
	t.Logf("the worker ended after %.1f s, the request was done after %.1f s", stopped.Seconds(), time.Since(asked).Seconds())
	done := orders.Done()
	require.Len(t, done, 1)
	assert.Equal(t, 2, done[0].Arrivals)
}
