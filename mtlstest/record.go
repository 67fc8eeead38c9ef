package mtlstest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/recording"
)

// Record keeps the exchanges that pass in a file, for Replay: it is
// Executor.Wrap's value, and stands around any other http.RoundTripper as well.
// The file is written when the test ends and has not failed. It is JSON, to be
// read and checked in.
//
// Secrets are not in it: no value of a header that is secret by its name, none
// of a URL's query, no request's body, and of cookies, JSON and form fields of a
// response no value whose name is that of a secret (token, password, session
// and their like, see mtlshttp.Request.Redacted). The names given are secret
// too. Anything else of a response stands there as it came.
//
// What failed without an answer is not recorded. Bodies may have 16 MiB; with a
// larger one the exchange fails.
func Record(t testing.TB, file string, secret ...string) func(http.RoundTripper) http.RoundTripper {
	t.Helper()
	r := &recorder{file: recording.New(secret)}
	t.Cleanup(func() {
		if t.Failed() {
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if err := r.file.Write(file); err != nil {
			t.Errorf("mtlstest: the recording was not written: %v", err)
		}
	})
	return func(next http.RoundTripper) http.RoundTripper { return recordingTripper{r, next} }
}

type recorder struct {
	mu   sync.Mutex
	file *recording.File
}

type recordingTripper struct {
	*recorder
	next http.RoundTripper
}

func (r recordingTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	sent, req, err := bodyOf(req)
	if err != nil {
		return nil, err
	}
	e := &recording.Exchange{Request: r.file.Request(req, sent)}
	r.mu.Lock() // requests that run at once stand in the order of their beginnings
	place := len(r.file.Exchanges)
	r.file.Exchanges = append(r.file.Exchanges, e)
	r.mu.Unlock()
	resp, err := r.next.RoundTrip(req)
	if err == nil {
		var received []byte
		received, err = readAll(resp.Body)
		_ = resp.Body.Close()
		if err == nil {
			answer := r.file.Response(resp, received)
			r.mu.Lock()
			e.Response = answer
			r.mu.Unlock()
			resp.Body = io.NopCloser(bytes.NewReader(received))
			return resp, nil
		}
	}
	r.forget(e, place)
	return nil, err
}

// forget takes out an exchange that came to nothing.
func (r *recorder) forget(e *recording.Exchange, place int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.file.Exchanges
	for i := min(place, len(list)-1); i >= 0; i-- {
		if list[i] == e {
			r.file.Exchanges = append(list[:i], list[i+1:]...)
			return
		}
	}
}

// bodyOf reads a request's body, and returns the request with one to read. A
// RoundTripper may not change what it was given.
func bodyOf(req *http.Request) ([]byte, *http.Request, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, req, nil
	}
	body, err := readAll(req.Body)
	_ = req.Body.Close()
	if err != nil {
		return nil, nil, err
	}
	again := *req
	again.Body = io.NopCloser(bytes.NewReader(body))
	return body, &again, nil
}

func readAll(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, recording.MaxBody+1))
	if err == nil && len(body) > recording.MaxBody {
		err = &mtlshttp.Error{Kind: mtlshttp.KindLimit, Reason: "recording", Err: fmt.Errorf("the body has more than the %d bytes that are recorded", recording.MaxBody)}
	}
	return body, err
}
