package httpactivity

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/mtlshttp/mtlshttp"
)

// Beat is the detail of a heartbeat: how much of a body has passed.
type Beat struct {
	Upload bool  `json:"upload,omitempty"`
	Bytes  int64 `json:"bytes"`
	Total  int64 `json:"total"` // -1: not known
}

// heartbeats tells the server, from a goroutine of its own, that the activity is
// there and how far it is: a transfer never waits for the server, and a server
// that is slow to answer is no lost worker. It is also by the answer to a
// heartbeat that the activity's context is cancelled. With no timeout there are
// none.
func heartbeats(ctx context.Context, timeout time.Duration) (progress func(mtlshttp.Progress), stop func()) {
	if timeout <= 0 {
		return nil, func() {}
	}
	var last atomic.Pointer[Beat]
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		ticker := time.NewTicker(max(min(timeout/4, time.Second), 10*time.Millisecond))
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				if beat := last.Load(); beat != nil {
					activity.RecordHeartbeat(ctx, *beat)
				} else {
					activity.RecordHeartbeat(ctx)
				}
			case <-ctx.Done():
				return
			}
		}
	})
	progress = func(p mtlshttp.Progress) { last.Store(&Beat{p.Upload, p.Bytes, p.Total}) }
	return progress, func() {
		cancel()
		running.Wait()
	}
}
