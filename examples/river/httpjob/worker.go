package httpjob

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/examples/internal/step"
)

// Worker does jobs.
type Worker struct {
	river.WorkerDefaults[Args]
	Runner *step.Runner
	Keys   *step.Keyring
	Pool   *pgxpool.Pool // of River's tables
}

// Timeout implements river.Worker.
func (w *Worker) Timeout(job *river.Job[Args]) time.Duration { return job.Args.timeout() }

// Work implements river.Worker: it sends the request, and hands on to the next
// job in the transaction that completes this one. Where that fails the request is
// sent again, with the same key.
func (w *Worker) Work(ctx context.Context, job *river.Job[Args]) error {
	done, err := w.request(ctx, &job.Args)
	if err != nil {
		return failure(ctx, job, err)
	}
	if job.Args.Next+1 == len(job.Args.Steps) {
		results, err := seal(w.Keys, job.Args.Scenario, done.Results)
		if err != nil {
			return err
		}
		return river.RecordOutput(ctx, results)
	}
	next := job.Args
	next.Next++
	if next.State, err = seal(w.Keys, job.Args.Scenario, done); err != nil {
		return err
	}
	return w.handOn(ctx, job, next)
}

// request does the step, and returns the state after it.
func (w *Worker) request(ctx context.Context, a *Args) (*state, error) {
	now := new(state)
	if a.State != nil {
		if err := a.State.open(w.Keys, a.Scenario, now); err != nil {
			return nil, err
		}
	}
	if a.Next < 0 || a.Next >= len(a.Steps) {
		return nil, &mtlshttp.Error{Kind: mtlshttp.KindConfig, Reason: "step", Type: "InvalidConfigurationError", Err: errors.New("there is no such step")}
	}
	jar := new(mtlshttp.Jar)
	if now.Jar != nil {
		// Cookies that a rule of today forbids are left out, and the rest is there.
		if err := jar.UnmarshalJSON(now.Jar); err != nil && !isReason(err, "cookie") {
			return nil, err
		}
	}
	left := step.MaxInline
	for _, result := range now.Results {
		left -= len(result.Response)
	}
	result, err := w.Runner.Do(ctx, a.Steps[a.Next], step.Call{Key: a.key(), Jar: jar, Inline: max(left, 1)})
	if err != nil {
		return nil, err
	}
	cookies, err := jar.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return &state{append(now.Results, *result), json.RawMessage(cookies)}, nil
}

func (w *Worker) handOn(ctx context.Context, job *river.Job[Args], next Args) error {
	return pgx.BeginFunc(ctx, w.Pool, func(tx pgx.Tx) error {
		if _, err := river.ClientFromContext[pgx.Tx](ctx).InsertTx(ctx, tx, next, nil); err != nil {
			return err
		}
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		return err
	})
}

func isReason(err error, reason string) bool {
	var e *mtlshttp.Error
	return errors.As(err, &e) && e.Reason == reason
}
