package httpactivity

import (
	"errors"

	failurepb "go.temporal.io/api/failure/v1"
	"google.golang.org/protobuf/proto"

	"github.com/mtlshttp/mtlshttp"
)

// hostile is an error in which everything that others can make long is long.
func hostile(long string) error {
	return &mtlshttp.Error{Kind: mtlshttp.KindTLSClientCert, Reason: long, Phase: "tls", Type: "ConnectionError", Field: long, URL: long,
		Err: errors.New(long), Retryable: true, Response: &mtlshttp.Response{StatusCode: 403, Data: long},
		Diagnosis: &mtlshttp.Diagnosis{Cause: "client-cert-rejected", Confidence: "certain", Seen: long, Advice: long}}
}

func protoSize(f *failurepb.Failure) int { return proto.Size(f) }
