package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// lab is a server that demands a certificate, and what is told of its callers.
type lab struct {
	*mtlstest.Server
	*telemetry
	keychain *mtlshttp.Keychain
	executor *mtlshttp.Executor
	spans    *tracetest.InMemoryExporter
	reader   *sdkmetric.ManualReader

	mu      sync.Mutex
	parents []string // that the server saw
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{keychain: new(mtlshttp.Keychain), spans: tracetest.NewInMemoryExporter(), reader: sdkmetric.NewManualReader()}
	mux := http.NewServeMux()
	mux.HandleFunc("/from", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/to?ticket=hunter2", http.StatusFound)
	})
	mux.HandleFunc("/to", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.RawQuery) })
	l.Server = mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		l.parents = append(l.parents, r.Header.Get("Traceparent"))
		l.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	l.keychain.Add(credentialName, l.Credential)
	traces := sdktrace.NewTracerProvider(sdktrace.WithSyncer(l.spans))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(l.reader))
	var err error
	l.telemetry, err = newTelemetry(traces, meters, l.keychain)
	require.NoError(t, err)
	l.executor = &mtlshttp.Executor{Credentials: l.keychain}
	l.instrument(l.executor)
	t.Cleanup(func() { require.NoError(t, l.executor.Close()) })
	return l
}

func (l *lab) request(path string) *mtlshttp.Request {
	return &mtlshttp.Request{URL: l.URL + path, Credentials: credentialName, Roots: l.CA.Roots()}
}

// values are a metric's, by the attribute that tells them apart.
func (l *lab) values(t *testing.T, name, by string) map[string]float64 {
	t.Helper()
	var data metricdata.ResourceMetrics
	require.NoError(t, l.reader.Collect(t.Context(), &data))
	out := map[string]float64{}
	put := func(set attribute.Set, v float64) {
		key, ok := set.Value(attribute.Key(by))
		require.True(t, ok, "%s has no attribute %s", name, by)
		out[key.AsString()] = v
	}
	for _, s := range data.ScopeMetrics {
		for _, m := range s.Metrics {
			if m.Name != name {
				continue
			}
			switch points := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range points.DataPoints {
					put(p.Attributes, float64(p.Value))
				}
			case metricdata.Gauge[float64]:
				for _, p := range points.DataPoints {
					put(p.Attributes, p.Value)
				}
			}
		}
	}
	return out
}

func attributes(list []attribute.KeyValue) map[string]any {
	out := map[string]any{}
	for _, kv := range list {
		out[string(kv.Key)] = kv.Value.AsInterface()
	}
	return out
}

func TestAHopIsASpanBelowTheCallers(t *testing.T) {
	l := newLab(t)
	ctx, span := l.traces.Tracer("test").Start(t.Context(), "caller")
	resp, err := l.executor.Do(ctx, l.request("/from?key=hunter2"))
	span.End()
	require.NoError(t, err)
	assert.Equal(t, "ticket=hunter2", resp.Data, "the server has the whole URL")

	spans := l.spans.GetSpans()
	require.Len(t, spans, 3, "two hops and the caller's")
	caller := spans[2]
	for i, status := range []int64{302, 200} {
		hop := spans[i]
		assert.Equal(t, caller.SpanContext.SpanID(), hop.Parent.SpanID())
		assert.Equal(t, trace.SpanKindClient, hop.SpanKind)
		told := attributes(hop.Attributes)
		assert.Equal(t, status, told["http.response.status_code"])
		assert.Contains(t, told["url.full"], "REDACTED")
		assert.Contains(t, l.parents[i], hop.SpanContext.SpanID().String(), "the server was told of the span")
	}
	require.Len(t, caller.Events, 1)
	told := attributes(caller.Events[0].Attributes)
	assert.Equal(t, "answered", told["mtlshttp.outcome"])
	assert.Equal(t, "CN=client", told["tls.client.subject"])
	assert.Equal(t, "1.3", told["tls.protocol.version"])

	document, err := json.Marshal(spans)
	require.NoError(t, err)
	assert.NotContains(t, string(document), "hunter2")
}

func TestMetrics(t *testing.T) {
	l := newLab(t)
	for range 2 {
		_, err := l.executor.Do(t.Context(), l.request("/to"))
		require.NoError(t, err)
	}
	anonymous := l.request("/to")
	anonymous.Credentials = ""
	ctx, span := l.traces.Tracer("test").Start(t.Context(), "caller")
	_, err := l.executor.Do(ctx, anonymous)
	span.End()
	require.ErrorIs(t, err, mtlshttp.KindTLSClientCert)
	_, err = l.executor.Do(t.Context(), &mtlshttp.Request{URL: "nonsense"})
	require.ErrorIs(t, err, mtlshttp.KindURL)

	assert.Equal(t, map[string]float64{"answered": 2, "tls-client-cert": 1, "url": 1}, l.values(t, "mtlshttp.requests", "outcome"))
	assert.Equal(t, map[string]float64{"ok": 1, "client-cert-missing": 1}, l.values(t, "mtlshttp.handshakes", "result"))
	expiry := l.values(t, "mtlshttp.credential.expiry", "credential")
	require.Len(t, expiry, 1)
	assert.InDelta(t, 90, expiry[credentialName], 0.1)

	// A rotation shows without a request.
	next, err := l.CA.Issue(mtlstest.Client{NotAfter: time.Now().Add(10 * 24 * time.Hour)})
	require.NoError(t, err)
	l.keychain.Add(credentialName, next.Credential)
	assert.InDelta(t, 10, l.values(t, "mtlshttp.credential.expiry", "credential")[credentialName], 0.1)

	spans := l.spans.GetSpans()
	caller := spans[len(spans)-1]
	require.Len(t, caller.Events, 1)
	assert.Equal(t, "client-cert-missing", attributes(caller.Events[0].Attributes)["mtlshttp.cause"])
}

// otelhttp around a client that was handed out: what an SDK is given that takes
// an *http.Client.
func TestAClientThatWasHandedOut(t *testing.T) {
	l := newLab(t)
	plain := &mtlshttp.Executor{Credentials: l.keychain}
	defer plain.Close()
	client, err := plain.Client(t.Context(), l.request(""))
	require.NoError(t, err)
	client.Transport = l.wrap(client.Transport)
	resp, err := client.Get(l.URL + "/from?key=hunter2")
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.NotNil(t, mtlshttp.ReceiptOf(resp), "the receipt is still there")
	assert.NotNil(t, mtlshttp.ReceiptOf(resp).ClientCertificate.Presented)
	spans := l.spans.GetSpans()
	require.Len(t, spans, 2)
	assert.Equal(t, int64(200), attributes(spans[1].Attributes)["http.response.status_code"])
}

// The program itself: the traces of its request go to a collector, over mutual
// TLS, by the exporter of the OpenTelemetry SDK.
func TestRunExportsToACollector(t *testing.T) {
	var mu sync.Mutex
	received := map[string]int{}
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(r.Body)
			if err != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			body = z
		}
		content, _ := io.ReadAll(body)
		mu.Lock()
		defer mu.Unlock()
		received[r.URL.Path+" "+r.TLS.PeerCertificates[0].Subject.CommonName] += bytes.Count(content, []byte("HTTP GET"))
	}))
	folder := t.TempDir()
	id, err := srv.CA.Issue(mtlstest.Client{Name: "program"})
	require.NoError(t, err)
	file, err := id.PKCS12("secret")
	require.NoError(t, err)
	credential, ca := filepath.Join(folder, "client.p12"), filepath.Join(folder, "ca.pem")
	require.NoError(t, os.WriteFile(credential, file, 0o600))
	require.NoError(t, os.WriteFile(ca, srv.CA.PEM(), 0o600))
	t.Setenv("PASSWORD", "secret")
	var out bytes.Buffer
	args := []string{"-credential", credential, "-ca", ca, "-collector", srv.URL + "/v1/traces", srv.URL + "/hello?key=hunter2"}
	require.NoError(t, run(t.Context(), args, &out))
	assert.Equal(t, map[string]int{"/hello program": 0, "/v1/traces program": 1}, received)
	assert.Contains(t, out.String(), "mtlshttp.credential.expiry")
	assert.NotContains(t, out.String(), "hunter2")
}

func TestUse(t *testing.T) {
	assert.ErrorIs(t, run(t.Context(), nil, io.Discard), errUse)
	assert.ErrorIs(t, run(t.Context(), []string{"-typo"}, io.Discard), errUse)
	var out strings.Builder
	assert.Error(t, run(t.Context(), []string{"nonsense"}, &out))
	assert.Contains(t, out.String(), "mtlshttp.requests", "what was seen goes out all the same")
}
