package conformance_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/corpus"
	"github.com/mtlshttp/mtlshttp/internal/testpeer"
)

func init() { conformance["bundles"] = conformanceBundles }

// sample is an execution that was recorded: the module's input and its bundle.
type sample struct {
	Input  []map[string]json.RawMessage
	Output []struct {
		StatusCode    int
		Headers       json.RawMessage // rows, or in version 4 an object
		CookieHeaders []string
		Data          json.RawMessage
		FileSize      *int64
	}
}

// conformanceBundles serves what recorded bundles show and compares ours with
// them.
func conformanceBundles(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus.Folder(t, "blueprints", ""), "*-input-and-output-bundle.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	passed, failing := 0, []string(nil)
	for _, file := range files {
		if t.Run(filepath.Base(file), func(t *testing.T) { replay(t, file) }) {
			passed++
		} else {
			failing = append(failing, filepath.Base(file))
		}
	}
	corpus.Report(t, "bundles", passed, len(files), failing)
}

func replay(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var s sample
	require.NoError(t, json.Unmarshal(text, &s))
	require.Len(t, s.Input, 1)
	require.Len(t, s.Output, 1)
	want := s.Output[0]
	rows, cookies := headerRows(t, want.Headers)
	if want.CookieHeaders != nil {
		cookies = want.CookieHeaders
	}
	var body bytes.Buffer
	require.NoError(t, json.Compact(&body, want.Data))
	size := int64(body.Len())

	requests := testpeer.AnswerRaw(t, func(w io.Writer) { writeAnswer(w, want.StatusCode, rows, cookies, body.Bytes()) })
	for scheme, server := range requests {
		r := readInput(t, s.Input[0])
		r.URL, r.Roots, r.Identity, r.Protocol = server.URL, server.Roots, server.Identity, server.Protocol
		session := mtlshttp.Session{Executor: newExecutor(t), Jar: new(mtlshttp.Jar)}
		got, err := session.Do(t.Context(), r)
		require.NoError(t, err, scheme)
		assert.Equal(t, want.StatusCode, got.StatusCode)
		assert.Equal(t, cookies, got.CookieHeaders)
		data, err := json.Marshal(got)
		require.NoError(t, err)
		var written struct{ Data json.RawMessage }
		require.NoError(t, json.Unmarshal(data, &written))
		assert.JSONEq(t, string(want.Data), string(written.Data))
		if want.FileSize != nil {
			assert.Equal(t, *want.FileSize, got.FileSize)
		}
		assert.Equal(t, size, got.FileSize, "the decoded length")
		for _, row := range rows {
			if row.Name == "set-cookie" {
				continue
			}
			value := row.Value
			if row.Name == "content-length" { // the sample's body was shortened
				value = fmt.Sprint(size)
			}
			assert.Contains(t, got.Headers, mtlshttp.Header{Name: row.Name, Value: value}, scheme)
		}
		assert.Len(t, got.Headers, len(others(rows))+len(cookies), "no header more")
	}
}

// headerRows reads headers in the shape of either version.
func headerRows(t *testing.T, raw json.RawMessage) (rows []mtlshttp.Header, cookies []string) {
	if json.Unmarshal(raw, &rows) == nil {
		return rows, nil
	}
	var object map[string]any
	require.NoError(t, json.Unmarshal(raw, &object))
	for name, value := range object {
		if list, ok := value.([]any); ok {
			for _, v := range list {
				cookies = append(cookies, v.(string))
			}
			continue
		}
		rows = append(rows, mtlshttp.Header{Name: name, Value: value.(string)})
	}
	return rows, cookies
}

func others(rows []mtlshttp.Header) (kept []mtlshttp.Header) {
	for _, row := range rows {
		if row.Name != "set-cookie" {
			kept = append(kept, row)
		}
	}
	return kept
}

// writeAnswer writes the answer that the bundle came from.
func writeAnswer(w io.Writer, status int, rows []mtlshttp.Header, cookies []string, body []byte) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	chunked := false
	for _, row := range others(rows) {
		switch row.Name {
		case "content-encoding":
			if row.Value == "gzip" {
				var zipped bytes.Buffer
				z := gzip.NewWriter(&zipped)
				_, _ = z.Write(body)
				_ = z.Close()
				body = zipped.Bytes()
			}
		case "transfer-encoding":
			chunked = row.Value == "chunked"
		case "content-length":
			continue
		}
		fmt.Fprintf(&b, "%s: %s\r\n", row.Name, row.Value)
	}
	for _, c := range cookies {
		fmt.Fprintf(&b, "set-cookie: %s\r\n", c)
	}
	if chunked {
		fmt.Fprintf(&b, "\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	} else {
		fmt.Fprintf(&b, "content-length: %d\r\n\r\n%s", len(body), body)
	}
	_, _ = w.Write(b.Bytes())
}

// readInput reads the module's input: version 3 is our document; of version 4
// the keys that its sample has are renamed.
func readInput(t *testing.T, input map[string]json.RawMessage) *mtlshttp.Request {
	if raw, ok := input["rawBodyContent"]; ok {
		renamed := map[string]json.RawMessage{"bodyType": json.RawMessage(`"raw"`), "data": raw, "contentType": input["contentTypeValue"],
			"handleErrors": input["stopOnHttpError"], "gzip": input["requestCompressedContent"], "followRedirect": input["allowRedirects"]}
		for _, key := range []string{"url", "method", "headers", "shareCookies", "parseResponse"} {
			renamed[key] = input[key]
		}
		input = renamed
	}
	document, err := json.Marshal(input)
	require.NoError(t, err)
	r := new(mtlshttp.Request)
	require.NoError(t, json.Unmarshal(document, r), strings.TrimSpace(string(document)))
	return r
}
