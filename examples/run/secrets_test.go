package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSecretsOfAScenario(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		fmt.Fprint(w, password == "hunter2", r.Header.Get("X-Odd") == "hunter3")
	}))
	defer srv.Close()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "token"), []byte("hunter3\n"), 0o600))
	t.Setenv("BANK_PASSWORD", "hunter2")
	scenario := fmt.Sprintf(`{"secrets": {"password": {"env": "BANK_PASSWORD"}, "token": {"file": "token"}}, "requests": [
		{"url": %q, "authUser": "u", "authPass": {"secret": "password"}, "headers": [{"name": "X-Odd", "secret": "token"}]},
		{"url": %q, "authUser": "u", "authPass": {"secret": "other"}}]}`, srv.URL, srv.URL)
	file := filepath.Join(dir, "scenario.json")
	require.NoError(t, os.WriteFile(file, []byte(scenario), 0o600))
	var out, diagnostics strings.Builder
	require.NoError(t, run(t.Context(), []string{file}, nil, &out, &diagnostics))
	var answers []struct {
		Response struct{ Data any }
		Error    struct{ Reason, Field string }
	}
	require.NoError(t, json.Unmarshal([]byte(out.String()), &answers))
	require.Len(t, answers, 2)
	assert.Equal(t, "true true", answers[0].Response.Data)
	assert.Equal(t, "no-secret", answers[1].Error.Reason)
	assert.Equal(t, "authPass", answers[1].Error.Field)
	assert.NotContains(t, out.String(), "hunter")

	for _, document := range []string{`[]`, `{"a": {}}`, `{"a": {"env": "A", "file": "b"}}`} {
		_, err := readSecrets([]byte(document), dir)
		assert.Error(t, err, document)
	}
}
