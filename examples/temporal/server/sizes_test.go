//go:build temporalserver

package server

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"
)

// failing has activities that fail with details of a size, or have such a result,
// and their workflows.
type failing struct{ done atomic.Int32 }

func (f *failing) register(r worker.Registry) {
	r.RegisterActivityWithOptions(func(_ context.Context, size int, retryable bool) error {
		f.done.Add(1)
		return temporal.NewApplicationErrorWithOptions("failed", "status", temporal.ApplicationErrorOptions{
			NonRetryable: !retryable, Details: []any{strings.Repeat("x", size)},
		})
	}, activity.RegisterOptions{Name: "fail"})
	r.RegisterActivityWithOptions(func(_ context.Context, size int) (string, error) {
		f.done.Add(1)
		return strings.Repeat("x", size), nil
	}, activity.RegisterOptions{Name: "succeed"})
	r.RegisterWorkflowWithOptions(func(ctx workflow.Context, size int) error {
		return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			StartToCloseTimeout: 2 * time.Second,
			RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 2},
		}), "succeed", size).Get(ctx, nil)
	}, workflow.RegisterOptions{Name: "succeeds"})
	r.RegisterWorkflowWithOptions(func(ctx workflow.Context, size int, retryable bool, wait time.Duration) error {
		return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			StartToCloseTimeout: 2 * time.Second,
			RetryPolicy:         &temporal.RetryPolicy{InitialInterval: wait, MaximumAttempts: 2},
		}), "fail", size, retryable).Get(ctx, nil)
	}, workflow.RegisterOptions{Name: "fails"})
}

// Why errors are kept below 4 KiB: what the server does with larger ones. Above
// 4 MiB, its limit for a message, it never hears of the failure, and the activity
// is done again, retryable or not.
func TestWhatLargeErrorsDo(t *testing.T) {
	w := newWorld(t, nil)
	f := new(failing)
	w.temporal.NewWorkerWithOptions("fails", f.register, worker.Options{})
	for _, c := range []struct {
		name      string
		size      int
		retryable bool
		want      int32
	}{
		{"3 KiB are reported", 3 << 10, false, 1},
		{"3 KiB are retried", 3 << 10, true, 2},
		{"3 MiB are not retried although they should be", 3 << 20, true, 1},
		{"5 MiB are done again although they should not be", 5 << 20, false, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			f.done.Store(0)
			run, err := w.temporal.GetDefaultClient().ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: "fails"},
				"fails", c.size, c.retryable, 100*time.Millisecond)
			require.NoError(t, err)
			require.Error(t, run.Get(t.Context(), nil))
			assert.Equal(t, c.want, f.done.Load())
		})
	}

	t.Run("results of 5 MiB are done again too", func(t *testing.T) {
		f.done.Store(0)
		run, err := w.temporal.GetDefaultClient().ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: "fails"}, "succeeds", 5<<20)
		require.NoError(t, err)
		require.Error(t, run.Get(t.Context(), nil))
		assert.Equal(t, int32(2), f.done.Load())
	})

	// Between two tries the server keeps what is smaller than 4 KiB, and of the
	// rest no details.
	for size, whole := range map[int]bool{3 << 10: true, 5 << 10: false} {
		run, err := w.temporal.GetDefaultClient().ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: "fails"},
			"fails", size, true, time.Hour)
		require.NoError(t, err)
		last := w.lastFailure(t, run)
		assert.Equal(t, whole, last.GetApplicationFailureInfo() != nil, "%d bytes: %s", size, last.GetMessage())
		require.NoError(t, w.client.TerminateWorkflow(t.Context(), run.GetID(), run.GetRunID(), "seen"))
	}
}

// lastFailure waits for a pending activity's, and returns it.
func (w *world) lastFailure(t *testing.T, run client.WorkflowRun) *failurepb.Failure {
	t.Helper()
	var last *failurepb.Failure
	require.Eventually(t, func() bool {
		description, err := w.client.DescribeWorkflowExecution(t.Context(), run.GetID(), run.GetRunID())
		if err != nil || len(description.GetPendingActivities()) == 0 {
			return false
		}
		last = description.GetPendingActivities()[0].GetLastFailure()
		return last != nil
	}, 20*time.Second, 50*time.Millisecond)
	return last
}

// The error of a server that has much to say arrives whole, and waits as long as
// that server wishes.
func (w *world) assertKept(t *testing.T, run client.WorkflowRun) {
	t.Helper()
	last := w.lastFailure(t, run)
	info := last.GetApplicationFailureInfo()
	require.NotNil(t, info, "%s", last.GetMessage())
	assert.Equal(t, "status", info.GetType())
	assert.Less(t, proto.Size(last), 4096)
	assert.Len(t, info.GetDetails().GetPayloads(), 1)
	assert.Equal(t, 3*time.Second, info.GetNextRetryDelay().AsDuration())
}
