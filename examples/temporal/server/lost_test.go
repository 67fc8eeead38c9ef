//go:build temporalserver

package server

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/mtlshttp/mtlshttp/examples/internal/enginetest"
	"github.com/mtlshttp/mtlshttp/examples/temporal/httpactivity"
)

// Ten requests, and the worker is killed while the fifth is under way: the service
// has done it, the answer is lost. Another worker, another process, goes on. Each
// request is done once; the fifth arrives twice, with one key.
func TestWorkerLost(t *testing.T) {
	const requests, lost = 10, 5
	orders := enginetest.NewOrders(fmt.Sprintf("/order/%d", lost))
	w := newWorld(t, orders)
	program := buildWorker(t)
	first := w.startWorker(t, program)

	in := httpactivity.ScenarioInput{Heartbeat: 2}
	for n := range requests {
		in.Steps = append(in.Steps, w.Step(t, "POST", fmt.Sprintf("/order/%d", n+1)))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	run, err := w.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: queue}, httpactivity.WorkflowName, in)
	require.NoError(t, err)
	select {
	case <-orders.Stalled:
	case <-ctx.Done():
		t.Fatal("the fifth request did not arrive")
	}
	killed := time.Now()
	first.Kill()
	second := w.startWorker(t, program)
	require.NotEqual(t, first.PID, second.PID)

	var out httpactivity.ScenarioOutput
	require.NoError(t, run.Get(ctx, &out))
	t.Logf("worker %d was killed in request %d; worker %d did the rest within %.1f s", first.PID, lost, second.PID, time.Since(killed).Seconds())
	require.Len(t, out.Results, requests)
	for n, result := range out.Results {
		var bundle struct {
			Data struct {
				Order int
				For   string
			}
		}
		require.NoError(t, json.Unmarshal(result.Response, &bundle))
		assert.Equal(t, n+1, bundle.Data.Order)
		assert.Equal(t, enginetest.Customer, bundle.Data.For)
	}
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

	w.searchHistory(t, run.GetID(), run.GetRunID())
}
