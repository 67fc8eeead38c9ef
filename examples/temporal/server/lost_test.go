//go:build temporalserver

package server

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/mtlshttp/mtlshttp/examples/temporal/httpactivity"
)

// Ten requests, and the worker is killed while the fifth is under way: the server
// has done it, the answer is lost. Another worker, another process, goes on. Each
// request is done once; the fifth arrived twice, with one key.
func TestWorkerLost(t *testing.T) {
	const requests, lost = 10, 5
	bank := newService(fmt.Sprintf("/order/%d", lost))
	w := newWorld(t, bank)
	program := buildWorker(t)
	first := w.startWorker(t, program)

	var in httpactivity.ScenarioInput
	for n := range requests {
		in.Steps = append(in.Steps, w.step(t, "POST", fmt.Sprintf("/order/%d", n+1)))
	}
	in.Heartbeat = 2
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	run, err := w.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: queue}, httpactivity.WorkflowName, in)
	require.NoError(t, err)
	select {
	case <-bank.stalled:
	case <-ctx.Done():
		t.Fatal("the fifth request did not arrive")
	}
	killed := time.Now()
	first.kill()
	second := w.startWorker(t, program)
	assert.NotEqual(t, first.Process.Pid, second.Process.Pid)

	var out httpactivity.ScenarioOutput
	require.NoError(t, run.Get(ctx, &out))
	t.Logf("worker %d was killed in request %d; worker %d finished the other %d after %.1f s", first.Process.Pid, lost,
		second.Process.Pid, requests-lost+1, time.Since(killed).Seconds())

	require.Len(t, out.Results, requests)
	for n, result := range out.Results {
		var answer struct {
			Order int
			For   string
		}
		dataOf(t, result.Response, &answer)
		assert.Equal(t, n+1, answer.Order)
		assert.Equal(t, "the bank's customer", answer.For)
	}
	arrivals := 0
	assert.Len(t, bank.orders, requests, "keys")
	for n, key := range bank.first {
		o := bank.orders[key]
		assert.Equal(t, fmt.Sprintf("/order/%d", n+1), o.path, "done in order, each once")
		want := 1
		if n+1 == lost {
			want = 2
		}
		assert.Equal(t, want, o.arrivals, o.path)
		arrivals += o.arrivals
	}
	t.Logf("%d orders done for %d keys, %d arrivals", len(bank.first), len(bank.orders), arrivals)

	w.searchHistory(t, run.GetID(), run.GetRunID())
}

func history(t *testing.T, c client.Client, id, run string) client.HistoryEventIterator {
	t.Helper()
	return c.GetWorkflowHistory(t.Context(), id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
}
