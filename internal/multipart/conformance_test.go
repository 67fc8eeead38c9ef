package multipart

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/corpus"
)

// wireCase is what this package needs of a recording.
type wireCase struct {
	ID, Verdict string
	Request     struct {
		BodyType string
		Data     json.RawMessage
	}
	Expect struct {
		Hops []struct {
			Body struct{ Text, B64 string }
		}
	}
}

// row is a field of a recorded form.
type row struct {
	Name, FieldType, FileName, ContentType string
	Value                                  any
	Data                                   json.RawMessage
}

// TestConformanceMultipart writes every recorded form anew, and compares all but
// the boundary byte for byte.
func TestConformanceMultipart(t *testing.T) {
	file, err := os.ReadFile(filepath.Join(corpus.Folder(t, "wire", "MTLSHTTP_WIRE"), "corpus.json"))
	require.NoError(t, err)
	var cases []wireCase
	require.NoError(t, json.Unmarshal(file, &cases))
	passed, total := 0, 0
	var failing []string
	for _, c := range cases {
		var rows []row
		if c.Request.BodyType != "multipart_form_data" || c.Verdict != "copy" || json.Unmarshal(c.Request.Data, &rows) != nil {
			continue
		}
		total++
		got, length := written(t, rows)
		want := c.Expect.Hops[0].Body.Text
		if b64 := c.Expect.Hops[0].Body.B64; b64 != "" {
			want = fromBase64(t, b64)
		}
		if got == want && length == int64(len(strings.ReplaceAll(want, "{{boundary}}", strings.Repeat("b", 26)))) {
			passed++
		} else {
			failing = append(failing, fmt.Sprintf("%s: %q is not %q", c.ID, got, want))
		}
	}
	corpus.Report(t, "wire/multipart", passed, total, failing)
	require.NotZero(t, total)
	require.Empty(t, failing)
}

// written is a form as it goes out, but for its boundary.
func written(t *testing.T, rows []row) (text string, length int64) {
	var parts []Part
	for _, r := range rows {
		p := Part{Name: r.Name, ContentType: r.ContentType, IsFile: r.FieldType == "file", FileName: r.FileName}
		if p.IsFile {
			data := content(t, r.Data)
			p.Size = int64(len(data))
			p.Open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
		} else if r.Value != nil {
			p.Text = fmt.Sprint(r.Value)
		}
		parts = append(parts, p)
	}
	b, err := New(parts)
	require.NoError(t, err)
	out, err := io.ReadAll(b.Reader())
	require.NoError(t, err)
	return strings.ReplaceAll(string(out), b.boundary, "{{boundary}}"), b.Length()
}

// content is a file's: a string, or an object of text or base64.
func content(t *testing.T, data json.RawMessage) []byte {
	var text string
	if json.Unmarshal(data, &text) == nil {
		return []byte(text)
	}
	var object struct{ Text, B64 string }
	require.NoError(t, json.Unmarshal(data, &object))
	if object.B64 != "" {
		return []byte(fromBase64(t, object.B64))
	}
	return []byte(object.Text)
}

func fromBase64(t *testing.T, s string) string {
	data, err := base64.StdEncoding.DecodeString(s)
	require.NoError(t, err)
	return string(data)
}
