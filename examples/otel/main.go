// Otel sends a GET with a client certificate and tells OpenTelemetry: a trace
// with a span for each hop, requests by outcome, handshakes by what became of
// them, and the days until the certificate ends. They go to standard output; the
// traces, where there is a collector that takes OTLP over mutual TLS, go there
// with the same certificate.
//
// telemetry.go is all that a program of yours needs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/mtlshttp/mtlshttp"
)

// credentialName is the name that the certificate has in requests and metrics.
const credentialName = "client"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUse):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var errUse = errors.New("otel [-credential FILE] [-ca FILE] [-collector URL] URL")

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("otel", flag.ContinueOnError)
	credential := flags.String("credential", "", "`file` with the certificate and its key; its password is in the variable PASSWORD")
	ca := flags.String("ca", "", "`file` with authorities to trust beside the system's")
	collector := flags.String("collector", "", "`URL` of a collector's traces over OTLP, such as https://collector:4318/v1/traces")
	if err := flags.Parse(args); err != nil {
		return errors.Join(errUse, err)
	}
	if flags.NArg() != 1 {
		flags.Usage()
		return errUse
	}

	keychain := new(mtlshttp.Keychain)
	request := mtlshttp.Request{URL: flags.Arg(0)}
	if *credential != "" {
		keychain.AddFiles(credentialName, mtlshttp.CredentialFiles{File: *credential, PasswordEnv: "PASSWORD"})
		request.Credentials = credentialName
	}
	if *ca != "" {
		keychain.AddFiles("ca", mtlshttp.CredentialFiles{CA: *ca})
		request.Roots.Name = "ca"
	}

	// The collector's connections are of an executor without telemetry: a
	// trace of sending traces would have no end.
	exports := &mtlshttp.Executor{Credentials: keychain}
	defer func() { err = errors.Join(err, exports.Close()) }()
	exporter, err := spanExporter(ctx, exports, request, *collector, out)
	if err != nil {
		return err
	}
	values, err := stdoutmetric.New(stdoutmetric.WithWriter(out))
	if err != nil {
		return err
	}
	traces := trace.NewTracerProvider(trace.WithBatcher(exporter))
	meters := metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(values)))
	defer func() {
		end := context.WithoutCancel(ctx) // what was seen until an interrupt goes out
		err = errors.Join(err, traces.Shutdown(end), meters.Shutdown(end))
	}()

	t, err := newTelemetry(traces, meters, keychain)
	if err != nil {
		return err
	}
	executor := &mtlshttp.Executor{Credentials: keychain}
	defer func() { err = errors.Join(err, executor.Close()) }()
	t.instrument(executor)
	ctx, span := traces.Tracer(scope).Start(ctx, "otel")
	defer span.End()
	resp, err := executor.Do(ctx, &request)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, resp)
	return nil
}

// spanExporter sends spans to a collector by a client that was handed out, as to
// any SDK that takes an *http.Client; without a collector it prints them.
func spanExporter(ctx context.Context, e *mtlshttp.Executor, request mtlshttp.Request, collector string, out io.Writer) (trace.SpanExporter, error) {
	if collector == "" {
		return stdouttrace.New(stdouttrace.WithWriter(out))
	}
	request.URL = collector
	client, err := e.Client(ctx, &request)
	if err != nil {
		return nil, err
	}
	return otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(collector), otlptracehttp.WithHTTPClient(client))
}
