package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/mtlstest"
)

func p12(t *testing.T, c *client) []byte {
	t.Helper()
	id, err := c.server.world.ca.Issue(mtlstest.Client{Name: "carol", Intermediate: true})
	require.NoError(t, err)
	data, err := id.PKCS12(secret)
	require.NoError(t, err)
	return data
}

func names(entries []listed) (names []string) {
	for _, e := range entries {
		names = append(names, e.Name)
	}
	return names
}

// From a file to a request that presents it; the key never comes back.
func TestExtractSaveUse(t *testing.T) {
	c := start(t, nil)
	file := map[string]any{"file": p12(t, c), "password": secret}
	var inside struct {
		Format       string
		Keys         []struct{ Type string }
		Certificates []struct{ Subject string }
		Identities   []struct{ LeafSHA256 string }
	}
	require.Equal(t, http.StatusOK, c.post("api/credentials/extract", file, &inside))
	assert.Equal(t, "pkcs12", inside.Format)
	assert.Len(t, inside.Keys, 1)
	assert.Len(t, inside.Certificates, 2)
	assert.Len(t, inside.Identities, 1)

	file["name"], file["use"] = "Carol", "credential"
	var entries []listed
	require.Equal(t, http.StatusOK, c.post("api/credentials/save", file, &entries))
	assert.Contains(t, names(entries), "Carol")
	for _, e := range entries {
		if e.Name == "Carol" {
			assert.Equal(t, "CN=carol", e.Chain[0].Subject)
			assert.Len(t, e.Chain, 2)
			assert.Equal(t, "good", e.State)
			assert.False(t, e.Sample)
		}
	}
	assert.Equal(t, "CN=carol", c.run(request(bankHost, "/accounts", "Carol"), nil).Result.Bundle.Document.Data.(map[string]any)["caller"])
	file["name"] = "Carol again"
	file["alias"] = inside.Identities[0].LeafSHA256
	assert.Equal(t, http.StatusOK, c.post("api/credentials/save", file, &entries))
}

func TestExtractSaysWhatIsWrong(t *testing.T) {
	c := start(t, nil)
	for reason, file := range map[string]map[string]any{
		"wrong-password":    {"file": p12(t, c), "password": "no"},
		"password-required": {"file": p12(t, c)},
		"unrecognized":      {"file": []byte("no credential at all")},
		"empty":             {"file": []byte{}},
	} {
		var refused struct {
			Error struct{ Kind, Reason, Message string }
		}
		assert.Equal(t, http.StatusBadRequest, c.post("api/credentials/extract", file, &refused), reason)
		assert.Equal(t, "config", refused.Error.Kind)
		assert.Equal(t, reason, refused.Error.Reason)
		assert.NotEmpty(t, refused.Error.Message)
	}
}

func TestRoots(t *testing.T) {
	c := start(t, nil)
	var entries []listed
	file := map[string]any{"file": c.server.world.ca.PEM(), "name": "Ours", "use": "roots"}
	require.Equal(t, http.StatusOK, c.post("api/credentials/save", file, &entries))
	assert.Nil(t, c.run(with(request(bankHost, "/accounts", goodClient), "ca", "Ours"), nil).Result.Error)
	var refused struct{ Error struct{ Reason string } }
	file["use"], file["name"] = "credential", "Not one"
	assert.Equal(t, http.StatusBadRequest, c.post("api/credentials/save", file, &refused))
	assert.Equal(t, "no-key", refused.Error.Reason)
}

func TestKeyInASecondFile(t *testing.T) {
	c := start(t, nil)
	folder := t.TempDir()
	require.NoError(t, c.server.world.writeSamples(folder))
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		return data
	}
	var entries []listed
	file := map[string]any{"file": read("client.pem"), "other": read("client-key.pem"), "name": "Two files", "use": "credential"}
	require.Equal(t, http.StatusOK, c.post("api/credentials/save", file, &entries))
	assert.Nil(t, c.run(request(bankHost, "/accounts", "Two files"), nil).Result.Error)
	file = map[string]any{"file": read("client.p12"), "password": samplePassword, "name": "Sample", "use": "credential"}
	require.Equal(t, http.StatusOK, c.post("api/credentials/save", file, &entries))
}

func TestRenameAndDelete(t *testing.T) {
	c := start(t, nil)
	var entries []listed
	var refused struct{ Error struct{ Field string } }
	rename := func(from, to string) map[string]string { return map[string]string{"from": from, "to": to} }
	require.Equal(t, http.StatusOK, c.post("api/credentials/rename", rename(goodClient, "Mine"), &entries))
	assert.Contains(t, names(entries), "Mine")
	assert.NotContains(t, names(entries), goodClient)
	require.Equal(t, http.StatusOK, c.post("api/credentials/rename", rename("Mine", "Mine"), &entries))
	assert.Contains(t, names(entries), "Mine")
	for _, bad := range []map[string]string{rename("nobody", "x"), rename("Mine", expiredClient), rename("Mine", ""), rename("Mine", " x"), rename("Mine", "a\nb")} {
		assert.Equal(t, http.StatusBadRequest, c.post("api/credentials/rename", bad, &refused), "%v", bad)
		assert.Equal(t, "name", refused.Error.Field)
	}
	require.Equal(t, http.StatusOK, c.post("api/credentials/delete", map[string]string{"name": "Mine"}, &entries))
	assert.NotContains(t, names(entries), "Mine")
	assert.Equal(t, http.StatusBadRequest, c.post("api/credentials/delete", map[string]string{"name": "Mine"}, &refused))
	var again []listed
	require.NoError(t, json.Unmarshal([]byte(c.get("api/credentials")), &again))
	assert.Equal(t, entries, again)
}
