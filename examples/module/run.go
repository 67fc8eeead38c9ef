package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/mtlshttp/mtlshttp"
)

const (
	keptRuns    = 2                      // whose bodies can be saved; they are in memory
	shownData   = 2 << 20                // of JSON; of more, a beginning
	shownBytes  = 64 << 10               // of such a beginning
	progressGap = 100 * time.Millisecond // between two lines of progress
)

// errStopped is the cause of a run that a person has stopped.
var errStopped = errors.New("stopped by hand")

// outcome is a run that has ended.
type outcome struct {
	request  *mtlshttp.Request
	response *mtlshttp.Response
	err      error
}

// runs are those under way, and the last ones that have ended.
type runs struct {
	mu    sync.Mutex
	last  int
	stops map[string]context.CancelCauseFunc
	ended map[string]*outcome
}

func (r *runs) begin(ctx context.Context) (string, context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	id := strconv.Itoa(r.last)
	ctx, stop := context.WithCancelCause(ctx)
	if r.stops == nil {
		r.stops, r.ended = map[string]context.CancelCauseFunc{}, map[string]*outcome{}
	}
	r.stops[id] = stop
	delete(r.ended, strconv.Itoa(r.last-keptRuns))
	return id, ctx
}

func (r *runs) end(id string, o *outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stops[id](nil)
	delete(r.stops, id)
	r.ended[id] = o
}

func (r *runs) stop(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if stop := r.stops[id]; stop != nil {
		stop(errStopped)
	}
}

func (r *runs) get(id string) *outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended[id]
}

// session is the one that may send a request to where it leads, and what to do
// with it afterwards. A ready-made case has an executor of its own, so that
// each run has a handshake to look at; it reaches nothing but the cases' servers.
func (s *server) session(r *mtlshttp.Request) (session *mtlshttp.Session, done func()) {
	if !s.world.Has(r.URL) {
		return s.open, func() {}
	}
	e := &mtlshttp.Executor{Credentials: s.store, Dial: s.world.Dial}
	return &mtlshttp.Session{Executor: e, Platform: platformName, Jar: s.open.Jar, Jars: s.open.Jars}, func() { _ = e.Close() }
}

// check says what is wrong with a document, by field, without a network.
func (s *server) check(w http.ResponseWriter, r *http.Request) {
	request := new(mtlshttp.Request)
	if !read(w, r, request) {
		return
	}
	session, end := s.session(request)
	defer end()
	warnings, err := session.Check(r.Context(), request)
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, map[string]any{"warnings": list(warnings)})
}

// run sends a document's request. It answers with lines of JSON: the run's
// number, its progress, and what came of it.
func (s *server) run(w http.ResponseWriter, r *http.Request) {
	request := new(mtlshttp.Request)
	if !read(w, r, request) {
		return
	}
	id, ctx := s.runs.begin(r.Context())
	w.Header().Set("Content-Type", "application/x-ndjson")
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	say := func(v any) {
		_ = encoder.Encode(v)
		_ = http.NewResponseController(w).Flush()
	}
	say(map[string]any{"run": id})

	var passed atomic.Pointer[mtlshttp.Progress]
	request.Progress = func(p mtlshttp.Progress) { passed.Store(&p) }
	done := make(chan *outcome, 1)
	go func() {
		session, end := s.session(request)
		defer end()
		response, err := session.Do(ctx, request)
		done <- &outcome{request, response, err}
	}()
	ticker := time.NewTicker(progressGap)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if p := passed.Swap(nil); p != nil {
				say(map[string]any{"progress": map[string]any{"upload": p.Upload, "bytes": p.Bytes, "total": p.Total}})
			}
		case o := <-done:
			s.runs.end(id, o)
			say(map[string]any{"result": o.shown()})
			return
		}
	}
}

func (s *server) stop(w http.ResponseWriter, r *http.Request) {
	var call struct{ Run string }
	if read(w, r, &call) {
		s.runs.stop(call.Run)
		answer(w, struct{}{})
	}
}

// result is what the page learns of an outcome.
type result struct {
	Bundle *shownBundle    `json:"bundle"`
	Error  json.RawMessage `json:"error"` // without its bundle, which stands beside it
	Paths  []string        `json:"paths"` // that a next step can map
}

type shownBundle struct {
	Document json.RawMessage `json:"document"`
	Cut      bool            `json:"cut"` // data is a beginning
}

func (o *outcome) shown() result {
	var out result
	if o.response != nil {
		out.Paths = o.response.Shape().Paths()
		document, cut := cutData(o.response)
		out.Bundle = &shownBundle{document, cut}
	}
	if o.err != nil {
		failure := *errorOf(o.err)
		failure.Response = nil
		out.Error, _ = json.Marshal(&failure)
	}
	return out
}

// cutData writes a bundle as a page can show it: of large data the beginning.
func cutData(r *mtlshttp.Response) (document json.RawMessage, cut bool) {
	full, err := json.Marshal(r)
	if err != nil || len(full) <= shownData {
		return full, false
	}
	beginning := r.Bytes()[:min(shownBytes, len(r.Bytes()))]
	small := *r
	small.Data = beginning
	if text := bytes.ToValidUTF8(beginning, nil); len(beginning)-len(text) < utf8.UTFMax {
		small.Data = string(text)
	}
	document, _ = json.Marshal(&small)
	return document, true
}

// body hands a body over to be saved, never to be shown as a page.
func (s *server) body(w http.ResponseWriter, r *http.Request) {
	o := s.runs.get(r.PathValue("id"))
	if o == nil || o.response == nil {
		http.Error(w, "The body is no longer kept. Run the request again.", http.StatusNotFound)
		return
	}
	name := o.response.FileName
	if name == "" {
		name = "body"
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	_, _ = w.Write(o.response.Bytes())
}
