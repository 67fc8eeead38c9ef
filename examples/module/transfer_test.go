package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type found struct {
	Title    string
	Document map[string]any
	Notes    []struct{ Path, Text string }
	Error    *struct{ Message string }
}

func TestImport(t *testing.T) {
	c := start(t, nil)
	read := func(text string) []found {
		var out []found
		require.Equal(t, http.StatusOK, c.post("api/import", map[string]string{"text": text}, &out), text)
		return out
	}
	document := read(` {"url": "https://a.test/", "method": "put", "qs": [{"name": "a", "value": 9007199254740993}]}`)
	require.Len(t, document, 1)
	assert.Equal(t, "put", document[0].Document["method"])

	curl := read("curl https://a.test/x -X DELETE --cert me.p12:pass --cacert ca.pem -x proxy.test:3128 -H 'X-A: 1'")
	require.Len(t, curl, 1)
	assert.Equal(t, "https://a.test/x", curl[0].Document["url"])
	var refused struct {
		Error struct{ Field, Message string }
	}
	assert.Equal(t, http.StatusBadRequest, c.post("api/check", curl[0].Document, &refused), "it asks for a certificate, and is not sent without")
	assert.Equal(t, "ca", refused.Error.Field)
	delete(curl[0].Document, "ca")
	delete(curl[0].Document, "caOnly")
	assert.Equal(t, http.StatusBadRequest, c.post("api/check", curl[0].Document, &refused))
	assert.Equal(t, "credentials", refused.Error.Field)
	var about []string
	for _, n := range curl[0].Notes {
		about = append(about, n.Path)
	}
	assert.Subset(t, about, []string{"--cert", "--cacert", "--proxy"})

	scenario := read(`{"name": "S", "flow": [{"id": 3, "module": "http:ActionSendDataClientCertificateAuth", "version": 3,
		"parameters": {"account": 17}, "mapper": {"url": "https://a.test/", "method": "get", "headers": [], "qs": [], "bodyType": ""}}]}`)
	require.Len(t, scenario, 1)
	assert.Contains(t, scenario[0].Title, "3")

	for _, bad := range []string{"", "{", `{"name": "x"}`, `{"flow": []}`, "wget https://a.test", `{"url": 5}`} {
		assert.Equal(t, http.StatusBadRequest, c.post("api/import", map[string]string{"text": bad}, &refused), bad)
		assert.NotEmpty(t, refused.Error.Message)
	}
}

type exported struct {
	Text  string
	Notes []struct{ Text string }
}

func TestExport(t *testing.T) {
	c := start(t, nil)
	document := map[string]any{"url": "https://a.test/", "credentials": goodClient, "headers": []map[string]string{{"name": "Authorization", "value": "Bearer hidden"}}}
	export := func(as string, reveal bool) exported {
		var out exported
		require.Equal(t, http.StatusOK, c.post("api/export", map[string]any{"document": document, "as": as, "reveal": reveal}, &out))
		return out
	}
	for _, as := range []string{"json", "curl"} {
		assert.NotContains(t, export(as, false).Text, "hidden", as)
		assert.Contains(t, export(as, true).Text, "Bearer hidden", as)
	}
	var same map[string]any
	require.NoError(t, json.Unmarshal([]byte(export("json", true).Text), &same))
	assert.Equal(t, goodClient, same["credentials"])
	assert.NotEmpty(t, export("curl", false).Notes)
	var refused struct{ Error struct{ Field string } }
	for field, call := range map[string]map[string]any{
		"as": {"document": document, "as": "xml"}, "document": {"as": "json"}, "run": {"document": document, "as": "har", "run": "77"},
	} {
		assert.Equal(t, http.StatusBadRequest, c.post("api/export", call, &refused))
		assert.Equal(t, field, refused.Error.Field)
	}
}

// A run is exported with what TLS did, whether it succeeded or not.
func TestExportHAR(t *testing.T) {
	c := start(t, nil)
	for _, credentials := range []string{goodClient, ""} {
		document := request(bankHost, "/accounts", credentials)
		var run string
		c.run(document, func(l line) {
			if l.Run != "" {
				run = l.Run
			}
		})
		var out exported
		require.Equal(t, http.StatusOK, c.post("api/export", map[string]any{"document": document, "as": "har", "run": run}, &out))
		var archive struct {
			Log struct {
				Version string
				Entries []map[string]any
			}
		}
		require.NoError(t, json.Unmarshal([]byte(out.Text), &archive))
		assert.Equal(t, "1.2", archive.Log.Version)
		require.Len(t, archive.Log.Entries, 1)
		assert.NotNil(t, archive.Log.Entries[0]["_tls"])
	}
}
