package httpactivity

import (
	"context"

	"go.temporal.io/sdk/temporal"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/examples/internal/step"
)

// Interrupted is the type of the error where the request was under way and the
// worker was stopped, or the activity paused or reset. All other types are kinds
// of mtlshttp.
const Interrupted = "interrupted"

// maxMessage bounds the message, which stands beside the details, where the kind
// and the reason are all the same.
const maxMessage = 256

// failure is the application error of a request's error: its type is the kind,
// its detail a step.Fault. It is tried again where the error is retryable, after
// the server's Retry-After where there is one. All of it stays below 4 KiB: of a
// larger one the server keeps, between two attempts, no details and no delay.
//
// A request that the workflow cancelled makes the activity cancelled too. One
// that was interrupted is done again, unless it is to be sent once.
func failure(ctx context.Context, once bool, err error) error {
	fault := step.NewFault(err)
	if fault.Kind == mtlshttp.KindCanceled && ctx.Err() != nil {
		if temporal.IsCanceledError(context.Cause(ctx)) {
			return temporal.NewCanceledError()
		}
		return temporal.NewApplicationErrorWithOptions("the worker or the server has interrupted the request", Interrupted,
			temporal.ApplicationErrorOptions{NonRetryable: once})
	}
	return temporal.NewApplicationErrorWithOptions(step.Cut(fault.Message, maxMessage), string(fault.Kind), temporal.ApplicationErrorOptions{
		NonRetryable:   !fault.Retryable,
		NextRetryDelay: fault.RetryAfter,
		Details:        []any{fault},
	})
}
