package schematest

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// closed is a schema under which no object has a key that it does not list.
func closed(t *testing.T, schema []byte) []byte {
	t.Helper()
	var document any
	require.NoError(t, json.Unmarshal(schema, &document))
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if _, ok := v["properties"].(map[string]any); ok {
				v["additionalProperties"] = false
			}
			for _, inner := range v {
				walk(inner)
			}
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		}
	}
	walk(document)
	out, err := json.Marshal(document)
	require.NoError(t, err)
	return out
}

// What is written has the form that the schemas say, and no key beside.
func TestBundlesAndErrorsAreAsTheirSchemasSay(t *testing.T) {
	bundle, failure := compile(t, closed(t, mtlshttp.ResponseSchema())), compile(t, closed(t, mtlshttp.ErrorSchema()))
	mux := http.NewServeMux()
	mux.HandleFunc("/json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Trailer", "X-Sum")
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		_, _ = w.Write([]byte(`{"a": [1, null, {"b": 2.5}]}`))
		w.Header().Set("X-Sum", "1")
	})
	mux.HandleFunc("/bytes", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0, 1, 2, 0xff}) })
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/json?x=1", http.StatusFound) })
	mux.HandleFunc("/busy", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1.5")
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	mux.HandleFunc("/refused", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "No required SSL certificate was sent", http.StatusBadRequest)
	})
	srv := mtlstest.NewServer(t, mux)
	expired, err := srv.CA.Issue(mtlstest.Client{Expired: true})
	require.NoError(t, err)
	for _, r := range []mtlshttp.Request{
		{URL: srv.URL + "/json", Identity: srv.Credential, Parse: true},
		{URL: srv.URL + "/bytes", Identity: srv.Credential},
		{URL: srv.URL + "/away?token=x", Identity: srv.Credential, StatusErrors: true},
		{URL: srv.URL + "/busy", Identity: srv.Credential, StatusErrors: true},
		{URL: srv.URL + "/refused", Identity: srv.Credential, StatusErrors: true},
		{URL: srv.URL + "/json"},
		{URL: srv.URL + "/json", Identity: expired.Credential},
		{URL: srv.URL + "/bytes", Identity: srv.Credential, Method: "a b", Timeout: 1},
		{URL: "https://127.0.0.1:1/", Identity: srv.Credential},
	} {
		r.Roots = srv.CA.Roots()
		name := r.Method + r.URL
		resp, err := mtlshttp.Do(t.Context(), &r)
		if resp != nil {
			document, err := json.Marshal(resp)
			require.NoError(t, err)
			assert.Empty(t, refused(t, bundle, document), "%s: %s", name, document)
		}
		var e *mtlshttp.Error
		if errors.As(err, &e) {
			document, err := json.Marshal(e)
			require.NoError(t, err)
			assert.Empty(t, refused(t, failure, document), "%s: %s", name, document)
		} else {
			require.NotNil(t, resp, name)
		}
	}
}

// A schema that takes everything would pass the test above.
func TestTheSchemasRefuseWhatIsNoDocument(t *testing.T) {
	bundle, failure := compile(t, mtlshttp.ResponseSchema()), compile(t, mtlshttp.ErrorSchema())
	assert.Contains(t, refused(t, bundle, []byte(`{}`)), "statusCode")
	assert.Contains(t, refused(t, bundle, []byte(`{"statusCode": "200"}`)), "statusCode")
	assert.Contains(t, refused(t, failure, []byte(`{"kind": "none", "message": "", "retryable": false}`)), "kind")
	assert.Contains(t, refused(t, failure, []byte(`{"kind": "dns", "message": "", "retryable": 1}`)), "retryable")
}
