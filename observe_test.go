package mtlshttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"expvar"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// observer keeps what it is told.
type observer struct {
	mu     sync.Mutex
	events []mtlshttp.Event
}

func (o *observer) observe(_ context.Context, e mtlshttp.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.events = append(o.events, e)
}

// take returns what came since it was last asked.
func (o *observer) take() []mtlshttp.Event {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := o.events
	o.events = nil
	return list
}

func TestEventsOfAttempts(t *testing.T) {
	srv := dumpServer(t)
	o := new(observer)
	e := &mtlshttp.Executor{Observe: o.observe, Retry: &mtlshttp.RetryPolicy{Delay: time.Millisecond}}
	defer e.Close()
	request := func(path string) *mtlshttp.Request {
		return &mtlshttp.Request{URL: srv.URL + path, Identity: srv.Credential, Roots: srv.CA.Roots()}
	}

	_, err := e.Do(t.Context(), request("/busy?key=hunter2"))
	require.NoError(t, err)
	events := o.take()
	require.Len(t, events, 2)
	first, second := events[0], events[1]
	assert.Equal(t, []any{1, true, 503, "answered", "GET"}, []any{first.Number, first.Again, first.StatusCode, first.Outcome(), first.Method})
	assert.Equal(t, []any{2, false, 200, "answered"}, []any{second.Number, second.Again, second.StatusCode, second.Outcome()})
	assert.Equal(t, []string{"ok"}, first.Handshakes())
	assert.Empty(t, second.Handshakes(), "the connection is used again")
	assert.Equal(t, srv.URL+"/busy?key=***", first.URL)
	assert.Positive(t, first.Timings.Total)
	assert.WithinDuration(t, time.Now(), second.Start, time.Minute)
	assert.False(t, second.Start.Before(first.Start))

	_, err = e.Do(t.Context(), request("/from"))
	require.NoError(t, err)
	events = o.take()
	require.Len(t, events, 1, "hops are of one attempt")
	assert.Len(t, events[0].Hops, 2)

	anonymous := request("/to")
	anonymous.Identity = nil
	_, err = e.Do(t.Context(), anonymous)
	require.Error(t, err)
	events = o.take()
	require.Len(t, events, 1)
	assert.Equal(t, "tls-client-cert", events[0].Outcome())
	assert.Equal(t, []string{"client-cert-missing"}, events[0].Handshakes())
	assert.Equal(t, "client-cert-missing", events[0].Diagnosis.Cause)

	strange := request("/to")
	strange.Roots = mtlshttp.Roots{}
	_, err = e.Do(t.Context(), strange)
	require.Error(t, err)
	events = o.take()
	require.Len(t, events, 1)
	assert.Equal(t, "tls-server-cert", events[0].Outcome())
	require.Len(t, events[0].Handshakes(), 1)
	assert.NotContains(t, []string{"ok", "resumed"}, events[0].Handshakes()[0])

	_, err = e.Do(t.Context(), &mtlshttp.Request{URL: "ftp://u:hunter2@a.test/"})
	require.Error(t, err)
	events = o.take()
	require.Len(t, events, 1, "what is refused is told of as well")
	assert.Equal(t, []any{0, "url", 0}, []any{events[0].Number, events[0].Outcome(), len(events[0].Hops)})
	assert.NotContains(t, events[0].URL, "hunter2")

	stream, err := e.Open(t.Context(), request("/bytes"))
	require.NoError(t, err)
	require.NoError(t, stream.Body.Close())
	assert.Len(t, o.take(), 1)
	_, err = e.Open(t.Context(), &mtlshttp.Request{})
	require.Error(t, err)
	assert.Len(t, o.take(), 1)
}

func TestEventsOfAClientThatWasHandedOut(t *testing.T) {
	srv := dumpServer(t)
	o := new(observer)
	e := &mtlshttp.Executor{Observe: o.observe}
	defer e.Close()
	client, err := e.Client(t.Context(), &mtlshttp.Request{URL: srv.URL, Identity: srv.Credential, Roots: srv.CA.Roots()})
	require.NoError(t, err)
	resp, err := client.Get(srv.URL + "/from?key=hunter2")
	require.NoError(t, err)
	_ = resp.Body.Close()
	events := o.take()
	require.Len(t, events, 2, "one for each hop")
	assert.Equal(t, 307, events[0].StatusCode)
	assert.Equal(t, []string{"ok"}, events[0].Handshakes())
	assert.Equal(t, srv.URL+"/to?token=***&page=***", events[1].URL)
	assert.Empty(t, events[1].Handshakes())

	_, err = client.Get("ftp://a.test/")
	require.Error(t, err)
	for _, event := range o.take() {
		assert.NotNil(t, event.Err)
	}
}

// logRecords are the records of a log that have a message.
func logRecords(t *testing.T, log *bytes.Buffer, message string) (records []map[string]any) {
	t.Helper()
	for line := range strings.Lines(log.String()) {
		var record map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &record))
		if record["msg"] == message {
			records = append(records, record)
		}
	}
	return records
}

func TestLogHasOneRecordForEachAttempt(t *testing.T) {
	srv := dumpServer(t)
	var log bytes.Buffer
	e := &mtlshttp.Executor{Logger: slog.New(slog.NewJSONHandler(&log, nil)), Retry: &mtlshttp.RetryPolicy{Delay: time.Millisecond}}
	defer e.Close()
	r := &mtlshttp.Request{URL: srv.URL + "/busy?key=hunter2", Identity: srv.Credential, Roots: srv.CA.Roots(),
		Headers: []mtlshttp.Header{{Name: "Authorization", Value: "hunter2"}}}
	_, err := e.Do(t.Context(), r)
	require.NoError(t, err)
	records := logRecords(t, &log, "mtlshttp: attempt")
	require.Len(t, records, 2)
	assert.Equal(t, []any{"INFO", 1.0, true, 503.0}, []any{records[0]["level"], records[0]["attempt"], records[0]["again"], records[0]["status"]})
	for _, key := range []string{"method", "url", "hops", "total", "tls", "reused", "certificate", "certificateEnds"} {
		assert.Contains(t, records[1], key)
	}
	assert.Empty(t, logRecords(t, &log, "mtlshttp: hop"), "those are for debugging")
	document, err := os.ReadFile("docs/observability.md")
	require.NoError(t, err)
	documented := func(record map[string]any) {
		for key := range record {
			if !slices.Contains([]string{"time", "level", "msg"}, key) {
				assert.Contains(t, string(document), "`"+key+"`", "an attribute that is not documented")
			}
		}
	}
	documented(records[1])

	log.Reset()
	_, err = e.Do(t.Context(), &mtlshttp.Request{URL: srv.URL + "/to?key=hunter2", Roots: srv.CA.Roots()})
	require.Error(t, err)
	records = logRecords(t, &log, "mtlshttp: attempt")
	require.NotEmpty(t, records)
	assert.Equal(t, []any{"WARN", "tls-client-cert", "client-cert-missing"}, []any{records[0]["level"], records[0]["kind"], records[0]["cause"]})
	assert.NotContains(t, log.String(), "hunter2")
	documented(records[0])

	log.Reset()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = e.Do(ctx, r)
	require.ErrorIs(t, err, mtlshttp.KindCanceled)
	for _, record := range logRecords(t, &log, "mtlshttp: attempt") {
		assert.Equal(t, "INFO", record["level"], "the caller knows")
	}
}

func TestMetrics(t *testing.T) {
	srv := dumpServer(t)
	m := new(mtlshttp.Metrics)
	assert.JSONEq(t, `{"requests": {}, "handshakes": {}, "daysToExpiry": {}}`, m.String(), "before the first")
	e := &mtlshttp.Executor{Observe: m.Observe}
	defer e.Close()
	for _, r := range []mtlshttp.Request{
		{URL: srv.URL + "/to", Identity: srv.Credential}, {URL: srv.URL + "/to", Identity: srv.Credential}, {URL: srv.URL + "/to"}, {URL: "nonsense"},
	} {
		r.Roots = srv.CA.Roots()
		_, _ = e.Do(t.Context(), &r)
	}
	s := m.Snapshot(t.Context())
	assert.Equal(t, map[string]int64{"answered": 2, "tls-client-cert": 1, "url": 1}, s.Requests)
	assert.Equal(t, map[string]int64{"ok": 1, "client-cert-missing": 1}, s.Handshakes)
	require.Len(t, s.DaysToExpiry, 1)
	assert.InDelta(t, 90, s.DaysToExpiry["CN=client"], 0.1)

	var v expvar.Var = m
	assert.True(t, json.Valid([]byte(v.String())))
	m.Clock = func() time.Time { return time.Now().Add(91 * 24 * time.Hour) }
	assert.InDelta(t, -1, m.Snapshot(t.Context()).DaysToExpiry["CN=client"], 0.1)
}

func TestMetricsOfAKeychain(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	keychain := new(mtlshttp.Keychain)
	for name, days := range map[string]int{"bank": 20, "tax": 400} {
		id, err := ca.Issue(mtlstest.Client{Name: name, NotAfter: time.Now().Add(time.Duration(days) * 24 * time.Hour)})
		require.NoError(t, err)
		keychain.Add(name, id.Credential)
	}
	m := &mtlshttp.Metrics{Keychain: keychain}
	s := m.Snapshot(t.Context())
	require.Len(t, s.DaysToExpiry, 2)
	assert.InDelta(t, 20, s.DaysToExpiry["bank"], 0.1)
	assert.LessOrEqual(t, s.DaysToExpiry["tax"], 400.0)
	assert.Positive(t, s.DaysToExpiry["tax"])
}

func ExampleMetrics() {
	m := new(mtlshttp.Metrics) // expvar.Publish("mtlshttp", m)
	e := &mtlshttp.Executor{Observe: m.Observe}
	defer e.Close()
	_, err := e.Do(context.Background(), &mtlshttp.Request{URL: "example.com"})
	fmt.Println(err != nil, m)
	// Output: true {"requests":{"url":1},"handshakes":{},"daysToExpiry":{}}
}

func ExampleEvent() {
	e := &mtlshttp.Executor{Observe: func(_ context.Context, e mtlshttp.Event) {
		fmt.Println(e.Method, e.Number, e.Outcome())
	}}
	defer e.Close()
	_, _ = e.Do(context.Background(), &mtlshttp.Request{Method: http.MethodPost, URL: "example.com"})
	// Output: POST 0 url
}
