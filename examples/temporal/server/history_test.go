//go:build temporalserver

package server

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/mtlshttp/mtlshttp/examples/internal/enginetest"
	"github.com/mtlshttp/mtlshttp/examples/temporal/httpactivity"
)

// searchHistory exports a history as JSON and searches it for every secret. That
// the search can find is shown by the same history opened, which has the cookies
// and the answers; what workers alone know is not even in that one.
func (w *world) searchHistory(t *testing.T, id, run string) {
	t.Helper()
	var sealed historypb.History
	for events := w.client.GetWorkflowHistory(t.Context(), id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); events.HasNext(); {
		event, err := events.Next()
		require.NoError(t, err)
		sealed.Events = append(sealed.Events, event)
	}
	require.Greater(t, len(sealed.Events), 30)
	opened := proto.CloneOf(&sealed)
	require.NoError(t, proxy.VisitPayloads(t.Context(), opened, proxy.VisitPayloadsOptions{
		Visitor: func(_ *proxy.VisitPayloadsContext, payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
			return httpactivity.Codec{Keys: w.Keys}.Decode(payloads)
		},
	}))
	export, err := protojson.Marshal(&sealed)
	require.NoError(t, err)
	plain, err := protojson.Marshal(opened)
	require.NoError(t, err)

	for what, secret := range w.Known {
		assert.False(t, enginetest.Reveals(export, secret), "the exported history has %s", what)
		assert.False(t, enginetest.Reveals(plain, secret), "the opened history has %s", what)
	}
	for what, secret := range w.Carried {
		assert.False(t, enginetest.Reveals(export, secret), "the exported history has %s", what)
		assert.True(t, enginetest.Reveals(plain, secret), "the opened history lacks %s", what)
	}
	w.replay(t, &sealed)
	t.Logf("%d events, %d bytes of JSON: none of %d secrets", len(sealed.Events), len(export), len(w.Known)+len(w.Carried))
}

// replay runs the workflow's code against its history, as a worker does that takes
// it over: it must decide the same again.
func (w *world) replay(t *testing.T, history *historypb.History) {
	t.Helper()
	data, failures := httpactivity.Converters(w.Keys)
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{DataConverter: data, FailureConverter: failures})
	require.NoError(t, err)
	replayer.RegisterWorkflowWithOptions(httpactivity.Scenario, workflow.RegisterOptions{Name: httpactivity.WorkflowName})
	require.NoError(t, replayer.ReplayWorkflowHistory(nil, history))
}
