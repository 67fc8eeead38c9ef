package mtlshttp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

// script answers in the place of a transport, without a network: the i-th
// request by the i-th answer, all further ones by the last.
type script struct {
	answers []scripted
	at      []time.Time // of each request
	methods []string
}

type scripted struct {
	status     int
	retryAfter string
	location   string
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
		_ = req.Body.Close()
	}
	a := s.answers[min(len(s.at), len(s.answers)-1)]
	s.at, s.methods = append(s.at, time.Now()), append(s.methods, req.Method)
	h := http.Header{}
	if a.retryAfter != "" {
		h.Set("Retry-After", a.retryAfter)
	}
	if a.location != "" {
		h.Set("Location", a.location)
	}
	return &http.Response{StatusCode: a.status, Header: h, Body: http.NoBody, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req}, nil
}

// play sends a request to a script, in a bubble where waiting takes no time.
func (s *script) play(t *testing.T, policy *mtlshttp.RetryPolicy, r *mtlshttp.Request) (*mtlshttp.Response, error) {
	e := &mtlshttp.Executor{Retry: policy, Wrap: func(http.RoundTripper) http.RoundTripper { return s }}
	defer e.Close()
	if r.URL == "" {
		r.URL = "http://a.test/"
	}
	return e.Do(t.Context(), r)
}

func statuses(attempts []mtlshttp.Attempt) (list []int) {
	for _, a := range attempts {
		list = append(list, a.StatusCode)
	}
	return list
}

// FLT-49: which statuses and methods are tried again.
func TestFLT49StatusesAndMethods(t *testing.T) {
	key := []mtlshttp.Header{{Name: "Idempotency-Key", Value: "k"}}
	for name, c := range map[string]struct {
		policy  *mtlshttp.RetryPolicy
		status  int
		request mtlshttp.Request
		want    int
	}{
		"no policy":              {nil, 503, mtlshttp.Request{}, 1},
		"503":                    {new(mtlshttp.RetryPolicy), 503, mtlshttp.Request{}, 3},
		"502":                    {new(mtlshttp.RetryPolicy), 502, mtlshttp.Request{}, 3},
		"504":                    {new(mtlshttp.RetryPolicy), 504, mtlshttp.Request{}, 3},
		"500":                    {new(mtlshttp.RetryPolicy), 500, mtlshttp.Request{}, 3},
		"429":                    {new(mtlshttp.RetryPolicy), 429, mtlshttp.Request{}, 3},
		"425":                    {new(mtlshttp.RetryPolicy), 425, mtlshttp.Request{}, 3},
		"408":                    {new(mtlshttp.RetryPolicy), 408, mtlshttp.Request{}, 3},
		"501":                    {new(mtlshttp.RetryPolicy), 501, mtlshttp.Request{}, 1},
		"404":                    {new(mtlshttp.RetryPolicy), 404, mtlshttp.Request{}, 1},
		"200":                    {new(mtlshttp.RetryPolicy), 200, mtlshttp.Request{}, 1},
		"as an error":            {new(mtlshttp.RetryPolicy), 503, mtlshttp.Request{StatusErrors: true}, 3},
		"PUT":                    {new(mtlshttp.RetryPolicy), 503, mtlshttp.Request{Method: "PUT", Body: mtlshttp.Text("", "x")}, 3},
		"DELETE":                 {new(mtlshttp.RetryPolicy), 503, mtlshttp.Request{Method: "DELETE"}, 3},
		"POST":                   {new(mtlshttp.RetryPolicy), 503, mtlshttp.Request{Method: "POST"}, 1},
		"PATCH":                  {new(mtlshttp.RetryPolicy), 503, mtlshttp.Request{Method: "PATCH"}, 1},
		"POST as an error":       {new(mtlshttp.RetryPolicy), 503, mtlshttp.Request{Method: "POST", StatusErrors: true}, 1},
		"POST with a key":        {new(mtlshttp.RetryPolicy), 503, mtlshttp.Request{Method: "POST", Headers: key}, 3},
		"a status of one's own":  {&mtlshttp.RetryPolicy{Statuses: []int{404}}, 404, mtlshttp.Request{}, 3},
		"none but one's own":     {&mtlshttp.RetryPolicy{Statuses: []int{404}}, 503, mtlshttp.Request{}, 1},
		"its own, as an error":   {&mtlshttp.RetryPolicy{Statuses: []int{404}}, 503, mtlshttp.Request{StatusErrors: true}, 1},
		"no status":              {&mtlshttp.RetryPolicy{Statuses: []int{}}, 503, mtlshttp.Request{}, 1},
		"one attempt":            {&mtlshttp.RetryPolicy{Attempts: 1}, 503, mtlshttp.Request{}, 1},
		"seven attempts":         {&mtlshttp.RetryPolicy{Attempts: 7, MaxDelay: time.Second}, 503, mtlshttp.Request{}, 7},
		"a reader that can seek": {new(mtlshttp.RetryPolicy), 503, mtlshttp.Request{Method: "PUT", Body: mtlshttp.Reader("", strings.NewReader("x"), 1)}, 3},
		"a reader that can not":  {new(mtlshttp.RetryPolicy), 503, mtlshttp.Request{Method: "PUT", Body: mtlshttp.Reader("", io.MultiReader(strings.NewReader("x")), 1)}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{answers: []scripted{{status: c.status}}}
				resp, err := s.play(t, c.policy, &c.request)
				require.NotNil(t, resp)
				assert.Equal(t, c.status, resp.StatusCode)
				assert.Len(t, s.at, c.want)
				require.Len(t, resp.Attempts, c.want)
				for _, a := range resp.Attempts {
					assert.Equal(t, c.status, a.StatusCode)
				}
				if c.request.StatusErrors {
					assert.Equal(t, c.want, failureOf(t, err).Attempt)
					assert.Equal(t, mtlshttp.KindStatus, resp.Attempts[0].Kind)
				} else {
					require.NoError(t, err)
				}
			})
		})
	}
}

// FLT-49: a wait is the backoff, by half random, or the server's wish in either
// form, bounded.
func TestFLT49Waits(t *testing.T) {
	policy := &mtlshttp.RetryPolicy{Attempts: 2, Delay: 4 * time.Second, MaxRetryAfter: 20 * time.Second}
	start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // in a bubble
	date := func(d time.Duration) string { return start.Add(d).Format(http.TimeFormat) }
	for wish, c := range map[string]struct{ least, most time.Duration }{
		"":                               {2 * time.Second, 4 * time.Second},
		"7":                              {7 * time.Second, 9 * time.Second},
		"20":                             {20 * time.Second, 22 * time.Second},
		date(7 * time.Second):            {7 * time.Second, 9 * time.Second},
		date(-time.Hour):                 {2 * time.Second, 4 * time.Second},
		"0":                              {2 * time.Second, 4 * time.Second},
		"1e9":                            {2 * time.Second, 4 * time.Second},
		"-3":                             {2 * time.Second, 4 * time.Second},
		"soon":                           {2 * time.Second, 4 * time.Second},
		"21":                             {},
		"1000000000":                     {},
		"99999999999999999999":           {},
		date(time.Hour):                  {},
		date(100 * 24 * 365 * time.Hour): {},
	} {
		t.Run(wish, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{answers: []scripted{{status: 503, retryAfter: wish}, {status: 200}}}
				resp, err := s.play(t, policy, &mtlshttp.Request{})
				require.NoError(t, err)
				if c.most == 0 {
					assert.Equal(t, 503, resp.StatusCode, "it asks for too much")
					assert.Len(t, s.at, 1)
					return
				}
				assert.Equal(t, []int{503, 200}, statuses(resp.Attempts))
				waited := s.at[1].Sub(s.at[0])
				assert.GreaterOrEqual(t, waited, c.least)
				assert.LessOrEqual(t, waited, c.most)
				assert.GreaterOrEqual(t, resp.Timings.Total, waited, "the waits are part of the whole")
			})
		})
	}
}

func TestFLT49BackoffDoublesAndDiffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := map[time.Duration]bool{}
		for range 20 {
			s := &script{answers: []scripted{{status: 503}}}
			_, err := s.play(t, &mtlshttp.RetryPolicy{Attempts: 6, Delay: time.Second, MaxDelay: 5 * time.Second}, &mtlshttp.Request{})
			require.NoError(t, err)
			for i, full := range []time.Duration{1, 2, 4, 5, 5} {
				waited := s.at[i+1].Sub(s.at[i])
				assert.GreaterOrEqual(t, waited, full*time.Second/2)
				assert.LessOrEqual(t, waited, full*time.Second)
				seen[waited] = true
			}
		}
		assert.Greater(t, len(seen), 90, "the waits of a hundred are hardly ever the same")
	})
}

// FLT-49: one deadline is over all; a wish that goes past it ends the tries.
func TestFLT49OneDeadlineOverAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		s := &script{answers: []scripted{{status: 503}}}
		resp, err := s.play(t, &mtlshttp.RetryPolicy{Attempts: 100, Delay: 3 * time.Second}, &mtlshttp.Request{Timeout: 10 * time.Second})
		assert.Equal(t, 10*time.Second, time.Since(begun))
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindTimeout, f.Kind)
		assert.Equal(t, mtlshttp.Phase("backoff"), f.Phase)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.True(t, f.Timeout())
		assert.Equal(t, len(s.at), f.Attempt)
		assert.Greater(t, f.Attempt, 1)
		require.NotNil(t, resp, "the last answer stays")
		assert.Same(t, resp, f.Response)
		assert.Len(t, resp.Attempts, f.Attempt)

		begun = time.Now()
		s = &script{answers: []scripted{{status: 503, retryAfter: "11"}}}
		resp, err = s.play(t, new(mtlshttp.RetryPolicy), &mtlshttp.Request{Timeout: 10 * time.Second})
		require.NoError(t, err)
		assert.Equal(t, 503, resp.StatusCode)
		assert.Zero(t, time.Since(begun), "nobody waits for what cannot come")
	})
}

// FLT-51: cancelled in backoff; and closed.
func TestFLT51CancelledInBackoff(t *testing.T) {
	for name, end := range map[string]func(cancel context.CancelCauseFunc, e *mtlshttp.Executor){
		"canceled": func(cancel context.CancelCauseFunc, _ *mtlshttp.Executor) {
			cancel(errors.New("the scenario was stopped"))
		},
		"closed": func(_ context.CancelCauseFunc, e *mtlshttp.Executor) { _ = e.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{answers: []scripted{{status: 503}}}
				e := &mtlshttp.Executor{Retry: &mtlshttp.RetryPolicy{Delay: time.Minute, MaxDelay: time.Minute},
					Wrap: func(http.RoundTripper) http.RoundTripper { return s }}
				defer e.Close()
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				begun := time.Now()
				time.AfterFunc(5*time.Second, func() { end(cancel, e) })
				resp, err := e.Do(ctx, &mtlshttp.Request{URL: "http://a.test/"})
				assert.Equal(t, 5*time.Second, time.Since(begun))
				f := failureOf(t, err)
				assert.Equal(t, mtlshttp.Kind(name), f.Kind)
				assert.Equal(t, mtlshttp.Phase("backoff"), f.Phase)
				assert.Equal(t, 1, f.Attempt)
				assert.Equal(t, 503, resp.StatusCode)
				if name == "canceled" {
					assert.ErrorIs(t, err, context.Canceled)
					assert.ErrorContains(t, err, "the scenario was stopped")
				}
			})
		})
	}
}

// SSRF-05: a retry dials anew and is judged anew.
func TestSSRF05RetriesAreJudged(t *testing.T) {
	inside := startPlace(t, "127.0.0.1:0", hello)
	there := startPlace(t, outside+":0", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	e := guarded(t)
	e.Retry = &mtlshttp.RetryPolicy{Delay: time.Millisecond}
	var dials atomic.Int64
	e.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		to := there.Listener.Addr().String()
		if dials.Add(1) > 1 {
			to = inside.Listener.Addr().String()
		}
		return new(net.Dialer).DialContext(ctx, network, to)
	}
	_, err := e.Do(t.Context(), &mtlshttp.Request{URL: "http://rebind.test/"})
	f := refusedBy(t, err, "address")
	assert.Equal(t, 2, f.Attempt)
	assert.EqualValues(t, 2, dials.Load(), "a refusal is not tried again")
}

func TestRetryPolicyIsValidated(t *testing.T) {
	for reason, policy := range map[string]*mtlshttp.RetryPolicy{
		"attempts": {Attempts: 101}, "delay": {MaxDelay: -1}, "status": {Statuses: []int{99}},
	} {
		e := newExecutor(t)
		e.Retry = policy
		_, err := e.Do(t.Context(), &mtlshttp.Request{URL: "http://a.test"})
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindConfig, f.Kind)
		assert.Equal(t, "retry", f.Field)
		assert.Equal(t, reason, f.Reason)
	}
}

func ExampleRetryPolicy() {
	tries := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if tries++; tries < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprint(w, "try "+strconv.Itoa(tries))
	}))
	defer srv.Close()
	e := &mtlshttp.Executor{Retry: &mtlshttp.RetryPolicy{Delay: time.Millisecond}}
	defer e.Close()
	resp, err := e.Do(context.Background(), &mtlshttp.Request{URL: srv.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.Data, len(resp.Attempts), resp.Attempts[0].StatusCode)
	// Output: try 3 3 503
}
