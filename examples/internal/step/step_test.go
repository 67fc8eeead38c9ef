package step_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/examples/internal/step"
)

func TestNewRefusesSecretsInTheClear(t *testing.T) {
	for name, r := range map[string]*mtlshttp.Request{
		"authPass": {URL: "https://api.bank.example", Auth: &mtlshttp.BasicAuth{User: "u", Password: "canary"}},
		"url":      {URL: "https://u:canary@api.bank.example/path"},
		"headers":  {URL: "https://api.bank.example", Headers: []mtlshttp.Header{{Name: "authorization", Value: "Bearer canary"}}},
	} {
		_, err := step.New(r)
		var e *mtlshttp.Error
		require.ErrorAs(t, err, &e, name)
		assert.Equal(t, mtlshttp.KindConfig, e.Kind)
		assert.Equal(t, "secret", e.Reason)
		assert.Equal(t, name, e.Field)
		assert.NotContains(t, err.Error(), "canary")
	}
	r := &mtlshttp.Request{URL: "https://api.bank.example", Headers: []mtlshttp.Header{{Name: "X-Mine", Value: "canary"}}, Secret: []string{"X-Mine"}}
	_, err := step.New(r)
	require.Error(t, err, "a header that the request itself calls secret")
}

func TestNewTakesTheRest(t *testing.T) {
	s, err := step.New(&mtlshttp.Request{URL: "https://api.bank.example/@me?to=a@b", Method: "POST", Credentials: "bank",
		Headers: []mtlshttp.Header{{Name: "Accept", Value: "text/plain"}, {Name: "X-Back", Value: "https://here.example/?a=b"}}})
	require.NoError(t, err)
	document, err := json.Marshal(s)
	require.NoError(t, err)
	assert.Contains(t, string(document), `"credentials":"bank"`)
	_, err = step.New(&mtlshttp.Request{})
	require.ErrorIs(t, err, mtlshttp.KindURL)
}

// A worker does not rely on who made the step.
func TestTheWorkerRefusesToo(t *testing.T) {
	runner := &step.Runner{Executor: new(mtlshttp.Executor)}
	defer runner.Executor.Close()
	for field, document := range map[string]string{
		"authPass": `{"url": "https://127.0.0.1:1", "authUser": "u", "authPass": "canary"}`,
		"timeout":  `{"url": "https://127.0.0.1:1", "timeout": 30000}`,
		"request":  `[`,
	} {
		_, err := runner.Do(t.Context(), step.Step{Request: json.RawMessage(document)}, step.Call{})
		var e *mtlshttp.Error
		require.ErrorAs(t, err, &e, document)
		assert.Equal(t, mtlshttp.KindConfig, e.Kind)
		assert.Equal(t, field, e.Field)
		assert.False(t, e.Retryable)
	}
}

func TestKeysByMethod(t *testing.T) {
	srv, runner := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Key", r.Header.Get("Idempotency-Key"))
	})
	for _, c := range []struct {
		method, own, want string
		once              bool
	}{
		{method: "GET"},
		{method: "head"},
		{method: "POST", want: "run:1"},
		{method: "put", want: "run:1"},
		{method: "DELETE", want: "run:1"},
		{method: "PATCH", own: "mine", want: "mine"},
		{method: "POST", once: true},
	} {
		r := srv.request("/")
		r.Method = c.method
		if c.own != "" {
			r.Headers = []mtlshttp.Header{{Name: "idempotency-key", Value: c.own}}
		}
		s := stepOf(t, r)
		s.Once = c.once
		result, err := runner.Do(t.Context(), s, step.Call{Key: "run:1"})
		require.NoError(t, err)
		assert.Equal(t, c.want, header(t, result, "x-key"), "%+v", c)
	}
}

func TestTimeout(t *testing.T) {
	for document, want := range map[string]time.Duration{
		`{"url": "https://api.bank.example", "timeout": 90}`: 90 * time.Second,
		`{"url": "https://api.bank.example"}`:                40 * time.Second,
		`{`:                                                  40 * time.Second,
	} {
		s := step.Step{Request: json.RawMessage(document)}
		assert.Equal(t, want, s.Timeout())
	}
}

func header(t *testing.T, result *step.Result, name string) string {
	t.Helper()
	var bundle struct{ Headers []mtlshttp.Header }
	require.NoError(t, json.Unmarshal(result.Response, &bundle))
	for _, h := range bundle.Headers {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}

func asError(t *testing.T, err error) *mtlshttp.Error {
	t.Helper()
	var e *mtlshttp.Error
	require.True(t, errors.As(err, &e), "%v", err)
	return e
}

// The scenario of the guide can be sent as it stands there.
func TestTheGuidesScenario(t *testing.T) {
	guide, err := os.ReadFile("../../../docs/engines.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(guide), "```json\n")
	require.True(t, found)
	document, _, _ := strings.Cut(rest, "```")
	decoder := json.NewDecoder(strings.NewReader(document))
	decoder.DisallowUnknownFields()
	var scenario struct{ Steps []step.Step }
	require.NoError(t, decoder.Decode(&scenario))
	require.Len(t, scenario.Steps, 3)
	for _, s := range scenario.Steps {
		var r mtlshttp.Request
		require.NoError(t, json.Unmarshal(s.Request, &r))
		_, err := step.New(&r)
		require.NoError(t, err)
	}
}
