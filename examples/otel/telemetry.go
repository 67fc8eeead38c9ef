package main

import (
	"context"
	"math"
	"net/http"
	"net/url"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/mtlshttp/mtlshttp"
)

const scope = "github.com/mtlshttp/mtlshttp"

// telemetry is what an executor tells OpenTelemetry.
type telemetry struct {
	traces     trace.TracerProvider
	meters     metric.MeterProvider
	requests   metric.Int64Counter
	handshakes metric.Int64Counter
}

// newTelemetry makes the instruments: requests by outcome, handshakes by what
// became of them, and the days to the expiry of each of the keychain's
// credentials, which are counted when they are read.
func newTelemetry(traces trace.TracerProvider, meters metric.MeterProvider, keychain *mtlshttp.Keychain) (*telemetry, error) {
	t := &telemetry{traces: traces, meters: meters}
	meter := meters.Meter(scope)
	var err error
	t.requests, err = meter.Int64Counter("mtlshttp.requests", metric.WithUnit("{request}"), metric.WithDescription("Attempts, by how they ended."))
	if err != nil {
		return nil, err
	}
	t.handshakes, err = meter.Int64Counter("mtlshttp.handshakes", metric.WithUnit("{handshake}"), metric.WithDescription("TLS handshakes, by what became of them."))
	if err != nil {
		return nil, err
	}
	_, err = meter.Float64ObservableGauge("mtlshttp.credential.expiry", metric.WithUnit("d"), metric.WithDescription("Days until a credential ends."),
		metric.WithFloat64Callback(func(ctx context.Context, o metric.Float64Observer) error {
			all, err := keychain.Expiring(ctx, math.MaxInt64)
			told := map[string]bool{}
			for _, e := range all { // the first to end in front
				if !told[e.Name] {
					told[e.Name] = true
					o.Observe(e.Left.Hours()/24, metric.WithAttributes(attribute.String("credential", e.Name)))
				}
			}
			return err
		}))
	return t, err
}

// instrument lets an executor, before its first use, tell of all that it does:
// a span for each hop, and for each attempt the counts and, on the caller's
// span, what mutual TLS did.
func (t *telemetry) instrument(e *mtlshttp.Executor) {
	e.Wrap = t.wrap
	e.Observe = t.observe
}

// wrap stands around a transport: Executor.Wrap's, or that of any client.
func (t *telemetry) wrap(next http.RoundTripper) http.RoundTripper {
	return hiding{otelhttp.NewTransport(showing{next}, otelhttp.WithTracerProvider(t.traces), otelhttp.WithMeterProvider(t.meters),
		otelhttp.WithPropagators(propagation.TraceContext{}))}
}

// observe is Executor.Observe's.
func (t *telemetry) observe(ctx context.Context, e mtlshttp.Event) {
	t.requests.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", e.Outcome())))
	for _, became := range e.Handshakes() {
		t.handshakes.Add(ctx, 1, metric.WithAttributes(attribute.String("result", became)))
	}
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	var attributes []attribute.KeyValue
	if len(e.Hops) > 0 {
		if r := e.Hops[len(e.Hops)-1].Receipt; r != nil {
			attributes = append(attributes, attribute.String("tls.protocol.version", r.TLSVersion), attribute.Bool("tls.resumed", r.Resumed))
			if c := r.ClientCertificate.Presented; c != nil {
				attributes = append(attributes, attribute.String("tls.client.subject", c.Subject), attribute.String("tls.client.hash.sha256", c.SHA256))
			}
		}
	}
	if e.Diagnosis != nil {
		attributes = append(attributes, attribute.String("mtlshttp.cause", e.Diagnosis.Cause))
	}
	span.AddEvent("attempt", trace.WithAttributes(append(attributes, attribute.Int("mtlshttp.attempt", e.Number), attribute.String("mtlshttp.outcome", e.Outcome()))...))
}

// A span has its request's whole URL. What may be a secret there is hidden
// before the span begins, and back in place behind it.

type wholeURL struct{}

// hiding hides the values of the query.
type hiding struct{ next http.RoundTripper }

func (h hiding) RoundTrip(req *http.Request) (*http.Response, error) {
	again := req.WithContext(context.WithValue(req.Context(), wholeURL{}, req.URL))
	again.URL = withoutValues(req.URL)
	return h.next.RoundTrip(again)
}

// showing puts the URL back.
type showing struct{ next http.RoundTripper }

func (s showing) RoundTrip(req *http.Request) (*http.Response, error) {
	if whole, ok := req.Context().Value(wholeURL{}).(*url.URL); ok {
		again := *req
		again.URL = whole
		req = &again
	}
	return s.next.RoundTrip(req)
}

func withoutValues(u *url.URL) *url.URL {
	hidden := *u
	hidden.User, hidden.Fragment, hidden.RawFragment = nil, "", ""
	if query := u.Query(); len(query) > 0 {
		for name := range query {
			query[name] = []string{"REDACTED"}
		}
		hidden.RawQuery = query.Encode()
	}
	return &hidden
}
