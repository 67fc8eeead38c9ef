package mtlshttp

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// Progress is how much of a body has passed.
type Progress struct {
	Upload bool  // of the request's body; else of the response's
	Bytes  int64 // so far, as they pass: a download's still with its content coding
	Total  int64 // -1 where that is not known
}

// reporter calls Request.Progress: one call at a time, none after end.
type reporter struct {
	mu   sync.Mutex
	call func(Progress)
	over bool
}

func newReporter(call func(Progress)) *reporter {
	if call == nil {
		return nil
	}
	return &reporter{call: call}
}

func (r *reporter) report(p Progress) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.over {
		r.call(p)
	}
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
		m.reports.report(m.progress)
	}
	return n, err
}

// stopwatch adds to sum what passes until stop is called.
func stopwatch(sum *time.Duration) (stop func()) {
	begun := time.Now()
	return func() { *sum += time.Since(begun) }
}
