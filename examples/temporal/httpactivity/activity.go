// Package httpactivity makes a request an activity of Temporal, and a list of
// requests a workflow that shares cookies.
//
// The history holds requests with names in the place of secrets, responses and
// cookies, all of it sealed by a Codec whose key the workers have, and errors
// that are small enough to be kept whole.
package httpactivity

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/workflow"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/examples/internal/step"
)

// Step is a request as the history has it.
type Step = step.Step

// Result is what came back.
type Result = step.Result

// The names under which workers know them.
const (
	ActivityName = "mtlshttp.Request"
	WorkflowName = "mtlshttp.Scenario"
)

// Input is what the workflow gives to the activity.
type Input struct {
	Step
	// Jar has the cookies of the steps before.
	Jar json.RawMessage `json:"jar,omitempty"`
	// Inline is what is left for the bundle in the workflow's result.
	Inline int `json:"inline,omitempty"`
}

// Output is what the workflow gets from it.
type Output struct {
	Result
	Jar json.RawMessage `json:"jar,omitempty"`
}

// maxJar leaves room for a bundle beside it in a payload of 2 MiB.
const maxJar = 512 << 10

// Activity sends requests.
type Activity struct {
	Runner *step.Runner
	// Grace is how long a request may go on when its worker is stopped. It
	// has to be shorter than worker.Options.WorkerStopTimeout, lest the worker
	// end before it has given the request back. 0: it ends at once.
	Grace time.Duration
}

// Registry is what Register needs of a worker.
type Registry interface {
	RegisterActivityWithOptions(a any, o activity.RegisterOptions)
	RegisterWorkflowWithOptions(w any, o workflow.RegisterOptions)
}

// Register makes a worker do the activity and the workflow.
func (a *Activity) Register(r Registry) {
	r.RegisterActivityWithOptions(a.Request, activity.RegisterOptions{Name: ActivityName})
	r.RegisterWorkflowWithOptions(Scenario, workflow.RegisterOptions{Name: WorkflowName})
}

// Request is the activity. Its errors are application errors, see failure.
//
// The idempotency key is the run of the workflow with the activity in it: the
// same for every attempt, on whichever worker; another one in a run that was
// reset, continued as new, or started again.
func (a *Activity) Request(ctx context.Context, in Input) (*Output, error) {
	info := activity.GetInfo(ctx)
	jar := new(mtlshttp.Jar)
	if in.Jar != nil {
		// Cookies that a rule of today forbids are left out, and the rest is there.
		if err := jar.UnmarshalJSON(in.Jar); err != nil && !isReason(err, "cookie") {
			return nil, failure(ctx, in.Once, err)
		}
	}
	progress, stop := heartbeats(ctx, info.HeartbeatTimeout)
	defer stop()
	ctx, release := a.untilStopped(ctx)
	defer release()
	result, err := a.Runner.Do(ctx, in.Step, step.Call{
		Key:      cmp.Or(info.WorkflowExecution.RunID, info.ActivityRunID) + ":" + info.ActivityID, // the latter without a workflow
		Jar:      jar,
		Inline:   in.Inline,
		Progress: progress,
	})
	if err != nil {
		return nil, failure(ctx, in.Once, err)
	}
	cookies, err := jar.MarshalJSON()
	switch {
	case err != nil:
		return nil, failure(ctx, in.Once, err)
	case len(cookies) > maxJar:
		return nil, failure(ctx, in.Once, &mtlshttp.Error{Kind: mtlshttp.KindLimit, Reason: "jar", Type: "MaxFileSizeExceededError",
			Err: errors.New("the cookies are too many to be handed on")})
	}
	return &Output{Result: *result, Jar: cookies}, nil
}

// untilStopped ends a context when the worker is stopped and the grace is over.
func (a *Activity) untilStopped(ctx context.Context) (_ context.Context, release func()) {
	stopping := activity.GetWorkerStopChannel(ctx)
	ctx, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-stopping:
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(a.Grace):
			cancel(errStopping)
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		cancel(nil)
		watching.Wait()
	}
}

var errStopping = errors.New("the worker is being stopped")

func isReason(err error, reason string) bool {
	var e *mtlshttp.Error
	return errors.As(err, &e) && e.Reason == reason
}
