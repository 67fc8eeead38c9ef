package httpactivity

import (
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"github.com/mtlshttp/mtlshttp/examples/internal/step"
)

// Metadata of a sealed payload. Temporal's own tools show the encoding.
const (
	encodingKey   = "encoding"
	sealedPayload = "binary/encrypted"
	sealKey       = "encryption-key-id"
	about         = "temporal payload"
)

// Codec seals payloads. The server, and who reads a history, sees how long they
// are and the name of the key.
type Codec struct{ Keys *step.Keyring }

// Encode implements converter.PayloadCodec.
func (c Codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	sealed := make([]*commonpb.Payload, len(payloads))
	for i, payload := range payloads {
		plain, err := proto.Marshal(payload)
		if err != nil {
			return nil, err
		}
		key, data := c.Keys.Seal(plain, about)
		sealed[i] = &commonpb.Payload{
			Metadata: map[string][]byte{encodingKey: []byte(sealedPayload), sealKey: []byte(key)},
			Data:     data,
		}
	}
	return sealed, nil
}

// Decode implements converter.PayloadCodec. What is not sealed is refused: whoever
// can start a workflow has the key.
func (c Codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	opened := make([]*commonpb.Payload, len(payloads))
	for i, payload := range payloads {
		if string(payload.GetMetadata()[encodingKey]) != sealedPayload {
			return nil, errors.New("a payload is not sealed")
		}
		plain, err := c.Keys.Open(string(payload.GetMetadata()[sealKey]), payload.GetData(), about)
		if err != nil {
			return nil, fmt.Errorf("a payload cannot be opened: %w", err)
		}
		opened[i] = new(commonpb.Payload)
		if err := proto.Unmarshal(plain, opened[i]); err != nil {
			return nil, err
		}
	}
	return opened, nil
}

// Converters are for client.Options: they seal payloads, and the messages and
// stacks of errors, of which only the type stays readable.
func Converters(keys *step.Keyring) (converter.DataConverter, converter.FailureConverter) {
	data := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), Codec{keys})
	return data, temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter: data, EncodeCommonAttributes: true,
	})
}
