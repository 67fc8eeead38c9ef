package mtlshttp

import (
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// Progress is how much of a body has passed.
type Progress struct {
	Upload bool  // of the request's body; else of the response's
	Bytes  int64 // so far, as they pass: a download's still with its content coding
	Total  int64 // -1 where that is not known
}

// reporter calls Request.Progress: one call at a time, none after end.
type reporter struct {
	mu       sync.Mutex
	call     func(Progress)
	over     bool
	panicked bool
}

func newReporter(call func(Progress)) *reporter {
	if call == nil {
		return nil
	}
	return &reporter{call: call}
}

// report returns an error where the call panics, or an earlier one did, amid an
// upload: net/http reads that in a goroutine of its own, where a panic would end
// the process. One amid a download is the caller's, who is in Do.
func (r *reporter) report(p Progress) (err error) {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.Upload {
		defer func() {
			r.panicked = recover() != nil || r.panicked
			if r.panicked {
				r.over, err = true, wire.ErrPanic
			}
		}()
	}
	if !r.over {
		r.call(p)
	}
	return nil
}

// failed is what report returned of an upload, where the server was faster.
func (r *reporter) failed() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.panicked {
		return wire.ErrPanic
	}
	return nil
}

// end waits for the call that is under way.
func (r *reporter) end() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
}

// upload meters a request's body, each time that it is sent.
func (r *reporter) upload(req *http.Request) {
	if r == nil || !hasBody(req) {
		return
	}
	metered := func(body io.ReadCloser) io.ReadCloser {
		return &meter{ReadCloser: body, reports: r, progress: Progress{Upload: true, Total: req.ContentLength}}
	}
	req.Body = metered(req.Body)
	if open := req.GetBody; open != nil {
		req.GetBody = func() (io.ReadCloser, error) {
			body, err := open()
			if err != nil {
				return nil, err
			}
			return metered(body), nil
		}
	}
}

// meter counts what is read through it, tells of it, and how long that takes.
type meter struct {
	io.ReadCloser
	reports  *reporter
	progress Progress
	took     time.Duration
}

func (m *meter) Read(p []byte) (int, error) {
	begun := time.Now()
	n, err := m.ReadCloser.Read(p)
	m.took += time.Since(begun)
	if n > 0 {
		m.progress.Bytes += int64(n)
		if failed := m.reports.report(m.progress); failed != nil {
			return 0, failed // nothing of the piece: it may be the last
		}
	}
	return n, err
}

// stopwatch adds to sum what passes until stop is called.
func stopwatch(sum *time.Duration) (stop func()) {
	begun := time.Now()
	return func() { *sum += time.Since(begun) }
}
