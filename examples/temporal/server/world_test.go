//go:build temporalserver

package server

import (
	"net/http"
	"testing"

	"go.temporal.io/sdk/client"
	"go.temporal.io/server/temporaltest"

	"github.com/mtlshttp/mtlshttp/examples/internal/enginetest"
	"github.com/mtlshttp/mtlshttp/examples/temporal/httpactivity"
)

const queue = "requests"

// world is a Temporal server beside a service and a worker's files.
type world struct {
	*enginetest.World
	temporal *temporaltest.TestServer
	client   client.Client
}

func newWorld(t *testing.T, handle http.Handler) *world {
	t.Helper()
	w := &world{World: enginetest.NewWorld(t, handle), temporal: temporaltest.NewServer(temporaltest.WithT(t))}
	data, failures := httpactivity.Converters(w.Keys)
	w.client = w.temporal.NewClientWithOptions(client.Options{DataConverter: data, FailureConverter: failures})
	return w
}

// buildWorker builds the example's own program.
func buildWorker(t *testing.T) string {
	t.Helper()
	return enginetest.Build(t, "github.com/mtlshttp/mtlshttp/examples/temporal")
}

// startWorker starts the program as a worker of its own.
func (w *world) startWorker(t *testing.T, program string) *enginetest.Process {
	t.Helper()
	return w.Start(t, program, "-address", w.temporal.GetFrontendHostPort(), "-namespace", w.temporal.GetDefaultNamespace(), "-queue", queue)
}
