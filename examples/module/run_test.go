package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

// stream posts, hands each line to on as it comes, and returns the last one.
func (c *client) stream(path string, call any, on func(line)) (last line) {
	c.t.Helper()
	data, err := json.Marshal(call)
	require.NoError(c.t, err)
	resp, err := c.http.Post(c.address+path, "application/json", bytes.NewReader(data))
	require.NoError(c.t, err)
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		c.isPublic(lines.Text())
		for _, l := range decodeLines(c.t, lines.Text()) {
			if last = l; on != nil {
				on(l)
			}
		}
	}
	require.NoError(c.t, lines.Err())
	return last
}

func TestRunShowsTheBundle(t *testing.T) {
	c := start(t, nil)
	result := c.run(request(bankHost, "/accounts", goodClient), nil).Result
	assert.Nil(t, result.Error)
	assert.Equal(t, 200, result.Bundle.Document.StatusCode)
	assert.Equal(t, "CN=Example client", result.Bundle.Document.Data.(map[string]any)["caller"])
	assert.Contains(t, result.Paths, "data.accounts[].owner.name")
	assert.False(t, result.Bundle.Cut)
}

// A long transfer shows how far it is, and can be stopped.
func TestStop(t *testing.T) {
	c := start(t, nil)
	var run string
	var seen int64
	began := time.Now()
	last := c.run(with(without(request(bankHost, "/statement", goodClient), "parseResponse"), "timeout", 60), func(l line) {
		if l.Run != "" {
			run = l.Run
		}
		if l.Progress != nil && seen == 0 {
			seen = l.Progress.Bytes
			assert.False(t, l.Progress.Upload)
			assert.EqualValues(t, transferSize, l.Progress.Total)
			assert.Equal(t, http.StatusOK, c.post("api/stop", map[string]string{"run": run}, new(struct{})))
		}
	})
	require.NotNil(t, last.Result)
	require.NotNil(t, last.Result.Error)
	assert.Equal(t, "canceled", last.Result.Error.Kind)
	assert.Equal(t, "body", last.Result.Error.Phase)
	assert.Positive(t, seen)
	assert.Less(t, seen, int64(transferSize))
	assert.Less(t, time.Since(began), transferSeconds*time.Second)
}

// Of a large body the page gets the beginning, and saves the whole.
func TestLargeBodies(t *testing.T) {
	for name, c := range map[string]struct {
		contentType string
		body        []byte
		isText      bool
	}{
		"text":  {"text/plain; charset=utf-8", bytes.Repeat([]byte("grüße "), 1<<20), true},
		"bytes": {"application/octet-stream", bytes.Repeat([]byte{0, 255}, 2<<20), false},
		"json":  {"application/json", []byte(`["` + strings.Repeat("x", 3<<20) + `"]`), true},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", c.contentType)
				_, _ = w.Write(c.body)
			}))
			defer srv.Close()
			page := start(t, nil)
			var run string
			result := page.run(map[string]any{"url": srv.URL, "parseResponse": true}, func(l line) {
				if l.Run != "" {
					run = l.Run
				}
			}).Result
			require.Nil(t, result.Error)
			assert.True(t, result.Bundle.Cut)
			assert.EqualValues(t, len(c.body), result.Bundle.Document.FileSize)
			text, isText := result.Bundle.Document.Data.(string)
			assert.Equal(t, c.isText, isText)
			assert.True(t, strings.HasPrefix(string(c.body), text))

			resp, err := page.http.Get(page.address + "api/runs/" + run + "/body")
			require.NoError(t, err)
			defer resp.Body.Close()
			saved, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(c.body, saved))
			assert.Equal(t, "application/octet-stream", resp.Header.Get("Content-Type"), "never shown as a page")
			assert.True(t, strings.HasPrefix(resp.Header.Get("Content-Disposition"), "attachment"))
		})
	}
}

func TestOldRunsAreForgotten(t *testing.T) {
	var r runs
	for range keptRuns + 3 {
		id, _ := r.begin(t.Context())
		r.end(id, new(outcome))
	}
	assert.Len(t, r.ended, keptRuns)
	assert.Empty(t, r.stops)
	assert.Nil(t, r.get("1"))
	assert.NotNil(t, r.get(strconv.Itoa(keptRuns+3)))
	r.stop("1") // which has ended
}

// With -egress public the page reaches nothing of this machine, save the cases.
func TestEgress(t *testing.T) {
	reached := 0
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	defer srv.Close()
	guarded := start(t, mtlshttp.PublicOnly())
	for _, address := range []string{srv.URL, strings.Replace(srv.URL, "127.0.0.1", "localhost", 1), "http://169.254.169.254/latest/"} {
		result := guarded.run(map[string]any{"url": address}, nil).Result
		require.NotNil(t, result.Error, address)
		assert.Equal(t, "egress", result.Error.Kind)
	}
	assert.Zero(t, reached)
	assert.Nil(t, guarded.run(request(bankHost, "/accounts", goodClient), nil).Result.Error)

	open := start(t, nil)
	assert.Nil(t, open.run(map[string]any{"url": srv.URL}, nil).Result.Error)
	assert.Equal(t, 1, reached)
}

// Faults are told by field, before anything is sent.
func TestCheck(t *testing.T) {
	c := start(t, nil)
	var refused struct {
		Error struct {
			Field  string
			Faults []struct{ Field string }
		}
	}
	assert.Equal(t, http.StatusBadRequest, c.post("api/check", map[string]any{"url": "ftp://x", "headers": []map[string]string{{"name": "a b", "value": "c"}}}, &refused))
	var fields []string
	for _, f := range refused.Error.Faults {
		fields = append(fields, f.Field)
	}
	assert.ElementsMatch(t, []string{"url", "headers[0]"}, fields)
	assert.Equal(t, http.StatusBadRequest, c.post("api/check", map[string]any{"url": "https://bank.test/", "credentials": "nobody"}, &refused))
	assert.Equal(t, "credentials", refused.Error.Field)
	assert.Equal(t, http.StatusBadRequest, c.post("api/check", map[string]any{"url": "https://bank.test/", "ca": goodClient}, &refused))
	var fine struct{ Warnings []struct{ Code string } }
	assert.Equal(t, http.StatusOK, c.post("api/check", request(bankHost, "/accounts", goodClient), &fine))
	assert.Empty(t, fine.Warnings)
}

// The platform's certificate is the entry of that name.
func TestPlatform(t *testing.T) {
	c := start(t, nil)
	document := with(request(bankHost, "/accounts", ""), "useMtls", true)
	assert.NotNil(t, c.run(document, nil).Result.Error)
	var entries []listed
	assert.Equal(t, http.StatusOK, c.post("api/credentials/rename", map[string]string{"from": goodClient, "to": platformName}, &entries))
	assert.Nil(t, c.run(document, nil).Result.Error)
}
