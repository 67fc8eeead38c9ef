package httpactivity

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
)

func TestPayloadsAreSealed(t *testing.T) {
	w := newWorld(t, nil)
	data, _ := Converters(w.keys)
	payload, err := data.ToPayload("canary")
	require.NoError(t, err)
	assert.NotContains(t, payload.String(), "canary")
	assert.Equal(t, "binary/encrypted", string(payload.Metadata["encoding"]))
	var text string
	require.NoError(t, data.FromPayload(payload, &text))
	assert.Equal(t, "canary", text)

	payload.Data[20] ^= 1
	require.Error(t, data.FromPayload(payload, &text), "altered")
	open, err := converter.GetDefaultDataConverter().ToPayload("canary")
	require.NoError(t, err)
	_, err = Codec{w.keys}.Decode([]*commonpb.Payload{open})
	require.Error(t, err, "not sealed")
}
