package httpactivity

import (
	"encoding/json"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/mtlshttp/mtlshttp/examples/internal/step"
)

// ScenarioInput are requests that are sent one after the other and share one jar.
type ScenarioInput struct {
	Steps []Step `json:"steps"`
	// Attempts is the most tries of one request; 0: 10.
	Attempts int32 `json:"attempts,omitempty"`
	// Heartbeat is after how many seconds of silence a worker is given up, and
	// its request done by another; 0: 30.
	Heartbeat float64 `json:"heartbeat,omitempty"`
}

// ScenarioOutput are the results in the order of the steps.
type ScenarioOutput struct {
	Results []Result `json:"results"`
}

const (
	// attemptTimeout is beyond every request's own, so that the request ends
	// and says how.
	attemptTimeout = 330 * time.Second
	defaultBeat    = 30 * time.Second
)

// Scenario is the workflow. It ends with the first request that fails, and the
// error is that of its activity. The jar goes from step to step through the
// workflow's state; cookies of a try that failed are lost. The bundles share
// step.MaxInline, so that the whole result is a payload: what comes too late is
// in the store.
func Scenario(ctx workflow.Context, in ScenarioInput) (*ScenarioOutput, error) {
	var jar json.RawMessage
	out := &ScenarioOutput{Results: []Result{}}
	left := step.MaxInline
	for _, s := range in.Steps {
		input := Input{Step: s, Jar: jar, Inline: max(left, 1)}
		var output Output
		if err := workflow.ExecuteActivity(options(ctx, in, s), ActivityName, input).Get(ctx, &output); err != nil {
			return nil, err
		}
		jar = output.Jar
		left -= len(output.Response)
		out.Results = append(out.Results, output.Result)
	}
	return out, nil
}

// options are those of one request's activity.
func options(ctx workflow.Context, in ScenarioInput, s Step) workflow.Context {
	attempts := in.Attempts
	switch {
	case s.Once:
		attempts = 1 // a worker that is lost may have sent it
	case attempts <= 0:
		attempts = 10
	}
	beat := time.Duration(in.Heartbeat * float64(time.Second))
	if beat <= 0 {
		beat = defaultBeat
	}
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: attemptTimeout,
		HeartbeatTimeout:    beat,
		WaitForCancellation: true,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute, MaximumAttempts: attempts,
		},
	})
}
