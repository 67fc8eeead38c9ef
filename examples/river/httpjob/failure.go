package httpjob

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/examples/internal/step"
)

// Failure is the error of a job. The table has it as the JSON of the fault.
type Failure struct{ *step.Fault }

// Error is the fault as JSON.
func (f Failure) Error() string {
	document, err := json.Marshal(f.Fault)
	if err != nil {
		return f.Message
	}
	return string(document)
}

// mostSnoozes bounds how often a server may ask for a later time. Snoozes do not
// count as attempts: without a bound a job could go on for ever.
const mostSnoozes = 20

// failure tells River what to do: an error that is not retryable cancels the job,
// one whose server says when to come again snoozes it until then, and all others
// are tried again by River's policy. A job that is interrupted by the end of its
// worker goes on elsewhere at once, unless its request is to be sent once.
func failure(ctx context.Context, job *river.Job[Args], err error) error {
	failed := Failure{step.NewFault(err)}
	once := job.Args.Next >= 0 && job.Args.Next < len(job.Args.Steps) && job.Args.Steps[job.Args.Next].Once
	switch {
	case failed.Kind == mtlshttp.KindCanceled && errors.Is(context.Cause(ctx), rivertype.ErrJobCancelledRemotely):
		return river.JobCancel(failed)
	case failed.Kind == mtlshttp.KindCanceled && ctx.Err() != nil && !once:
		return river.JobSnooze(0)
	case !failed.Retryable:
		return river.JobCancel(failed)
	case failed.RetryAfter > 0 && !once && snoozes(job.JobRow) < mostSnoozes:
		return river.JobSnooze(failed.RetryAfter)
	}
	return failed
}

// snoozes is River's own count.
func snoozes(job *rivertype.JobRow) int {
	var metadata struct{ Snoozes int }
	if job == nil || json.Unmarshal(job.Metadata, &metadata) != nil {
		return 0
	}
	return metadata.Snoozes
}
