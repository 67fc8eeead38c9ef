package step_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/examples/internal/step"
)

func TestFaultSaysWhatAnErrorSays(t *testing.T) {
	srv, runner := serve(t, nil)
	r := srv.request("/")
	r.Credentials = ""
	_, err := runner.Do(t.Context(), stepOf(t, r), step.Call{})
	fault := step.NewFault(err)
	assert.Equal(t, mtlshttp.KindTLSClientCert, fault.Kind)
	assert.Equal(t, "ConnectionError", fault.Type)
	assert.Equal(t, "client-cert-missing", fault.Cause)
	assert.NotEmpty(t, fault.Advice)
	assert.False(t, fault.Retryable)
	assert.LessOrEqual(t, size(t, fault), step.MaxFault)

	own := step.NewFault(errors.New("the disk is gone"))
	assert.Equal(t, mtlshttp.KindResource, own.Kind)
	assert.True(t, own.Retryable)
}

func TestFaultsAreBounded(t *testing.T) {
	for _, text := range []string{"x", "ä", "\x00", "\"", "<", "\xff", "\u2028", "😀"} {
		for _, length := range []int{1, 100, 511, 512, 513, 3000, 1 << 20} {
			long := strings.Repeat(text, length)
			fault := step.NewFault(&mtlshttp.Error{Kind: mtlshttp.KindTLSClientCert, Reason: long, Phase: "tls", Type: "ConnectionError",
				Field: long, URL: long, Err: errors.New(long), Response: &mtlshttp.Response{StatusCode: 403},
				Diagnosis: &mtlshttp.Diagnosis{Cause: "client-cert-rejected", Confidence: "certain", Seen: long, Advice: long}})
			require.LessOrEqual(t, size(t, fault), step.MaxFault, "%q times %d", text, length)
			assert.Equal(t, mtlshttp.KindTLSClientCert, fault.Kind, "the words are never cut")
			assert.Equal(t, "client-cert-rejected", fault.Cause)
			assert.Equal(t, 403, fault.StatusCode)
			assert.True(t, utf8.ValidString(fault.Message))
			assert.NotEmpty(t, fault.Message)
		}
	}
}

func size(t *testing.T, fault *step.Fault) int {
	t.Helper()
	document, err := json.Marshal(fault)
	require.NoError(t, err)
	return len(document)
}
