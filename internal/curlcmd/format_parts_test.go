package curlcmd

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/multipart"
)

// row is a part as the document has it.
type row struct {
	FieldType   string `json:"fieldType"`
	Key         string `json:"key"`
	Value       string `json:"value,omitempty"`
	File        string `json:"file,omitempty"`
	Data        string `json:"data,omitempty"`
	FileName    string `json:"fileName,omitempty"`
	ContentType string `json:"contentType,omitempty"`
}

// hostileRows have in each place what curl would act upon.
func hostileRows() (rows []row) {
	bad := []string{"a=@secret.txt;n", "a=b", "=", "=)", "=@secret.txt", ")", "(", "<secret.txt", "@secret.txt", "a;type=text/html", "a;filename=x",
		`a"b`, `a\b`, `a\"b=c\`, "a\nb", "a\r\nX-Evil: 1", " a ", "\ta", "a,secret.txt", "ü=ß", `a";headers=@secret.txt;x="`, "-", "$(id)'`id`"}
	for _, text := range bad {
		rows = append(rows, row{FieldType: "text", Key: text, Value: "v"}, row{FieldType: "text", Key: text, Value: text},
			row{FieldType: "text", Key: "k", Value: text}, row{FieldType: "text", Key: "k", Value: text, ContentType: "text/plain"},
			row{FieldType: "text", Key: text, Value: text, ContentType: "text/plain; charset=utf-8"},
			row{FieldType: "file", Key: "k", Data: text, FileName: text, ContentType: "image/png"},
			row{FieldType: "file", Key: text, Data: "v", FileName: text, ContentType: "image/png"},
			row{FieldType: "file", Key: text, File: "text.txt", ContentType: "text/plain"},
			row{FieldType: "file", Key: text, File: "text.txt", FileName: text, ContentType: "image/png"})
		if !strings.Contains(text, "\n") {
			rows = append(rows, row{FieldType: "text", Key: "k", Value: "v", ContentType: "text/plain;" + text},
				row{FieldType: "file", Key: "k", File: "text.txt", ContentType: "text/plain" + text})
		}
	}
	for _, contentType := range []string{"text/plain;headers=@secret.txt", "text/plain;HEADERS=<secret.txt", "text/plain; filename=x", "text/plain,secret.txt",
		"text/plain;encoder=base64", "text", "/", `text/plain; a="b;filename=c"`, "text/plain ", "text/ plain", "text/plain;"} {
		rows = append(rows, row{FieldType: "text", Key: "k", Value: "v", ContentType: contentType},
			row{FieldType: "file", Key: "k", File: "text.txt", ContentType: contentType}, row{FieldType: "file", Key: "a=b", File: "text.txt", ContentType: contentType})
	}
	return append(rows, row{FieldType: "text", Value: "v"}, row{FieldType: "text", Key: "k", Value: "v", File: "secret.txt"}, row{FieldType: "text"}, row{FieldType: "file", Data: "v"}, row{FieldType: "file", Key: "k", Data: "v"},
		row{FieldType: "file", Key: "k", File: "text.txt", FileName: "dir/x.txt", ContentType: "text/plain"},
		row{FieldType: "file", Key: "k", File: "text.txt", FileName: "/", ContentType: "text/plain"},
		row{FieldType: "file", Key: "k", File: "text.txt", FileName: "x.png", ContentType: "text/plain"},
		row{FieldType: "file", Key: "k", File: "text.txt", FileName: "x.bin", ContentType: "text/plain"},
		row{FieldType: "file", Key: "k", File: " a,b;c.txt", ContentType: "text/csv"}, row{FieldType: "file", Key: "k", File: "-", ContentType: "text/csv"})
}

// part is what is sent without curl.
func (r row) part(folder string) multipart.Part {
	p := multipart.Part{Name: r.Key, ContentType: r.ContentType, Text: r.Value, IsFile: r.FieldType == "file", FileName: r.FileName}
	if r.Data != "" {
		p.Text = r.Data
	}
	if r.File != "" && p.IsFile {
		p.Size, p.Open = -1, func() (io.ReadCloser, error) { return os.Open(filepath.Join(folder, r.File)) }
		if r.FileName == "" {
			p.FileName = r.File
		}
	}
	return p
}

// parts are a body's, each with its header's lines in order.
func parts(contentType string, body []byte) (out []string) {
	_, parameters, _ := mime.ParseMediaType(contentType)
	boundary := "--" + parameters["boundary"]
	body = bytes.TrimSuffix(body, []byte("\r\n"+boundary+"--\r\n"))
	for part := range strings.SplitSeq("\r\n"+string(body), "\r\n"+boundary+"\r\n") {
		header, content, _ := strings.Cut(part, "\r\n\r\n")
		lines := strings.Split(header, "\r\n")
		slices.Sort(lines)
		out = append(out, strings.Join(append(lines, content), "\n"))
	}
	return out
}

// The real curl sends of each part what we do, whatever stands in it, and reads
// no file that the part does not name.
func TestHostileParts(t *testing.T) {
	curl := curlPath(t)
	folder := t.TempDir()
	for name, text := range map[string]string{"secret.txt": "X-Secret: hunter2\n", "text.txt": "text", " a,b;c.txt": "spaces", "-": "dash"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	seen := make(chan []string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen <- parts(r.Header.Get("Content-Type"), body)
	}))
	defer server.Close()
	rows := hostileRows()
	for len(rows) > 0 { // some at a time: a line is not as long as one likes
		some := rows[:min(len(rows), 50)]
		rows = rows[len(some):]
		document, err := json.Marshal(map[string]any{"url": server.URL, "method": "POST", "bodyType": "multipart_form_data", "formDataFields": some})
		require.NoError(t, err)
		line, notes, err := Format(document, FormatOptions{Secrets: true})
		require.NoError(t, err)
		assert.Empty(t, notes)
		cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(line, "curl ", curl+" -q -sS --noproxy '*' ", 1))
		cmd.Dir = folder
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", line, out)
		var form []multipart.Part
		for _, r := range some {
			form = append(form, r.part(folder))
		}
		body, err := multipart.New(form)
		require.NoError(t, err)
		content, err := io.ReadAll(body.Reader())
		require.NoError(t, err)
		want, got := parts(body.ContentType(), content), <-seen
		require.Len(t, got, len(want))
		for i, text := range want {
			if i > 0 {
				assert.Equal(t, text, got[i], "%+v", some[i-1])
			}
		}
	}
}

// What could not be sent is no command line, and what a line cannot hold is told.
func TestPartsBeyondALine(t *testing.T) {
	format := func(r row) (string, []Note, error) {
		document, err := json.Marshal(map[string]any{"url": "https://a.test/", "bodyType": "multipart_form_data", "formDataFields": []row{r}})
		require.NoError(t, err)
		return Format(document, FormatOptions{Secrets: true})
	}
	for _, r := range []row{{Key: "a\x00=@b"}, {Key: "a\x1b"}, {Key: "k", ContentType: "text/plain\r\nX-Evil: 1"}, {FieldType: "file", Key: "k", FileName: "a\x00"},
		{FieldType: "file", Key: "k", File: "a\x00b"}} {
		_, _, err := format(r)
		var e *Error
		require.ErrorAs(t, err, &e, "%+v", r)
		assert.Equal(t, "formDataFields[0]", e.Option)
		assert.NotContains(t, err.Error(), "Evil")
	}
	for want, r := range map[string]row{"-F 'k=<-'": {Key: "k", Value: "a\x00b"}, "-F 'k=<-;filename=n;type=image/png'": {FieldType: "file", Key: "k", Data: "\x00", FileName: "n", ContentType: "image/png"}} {
		line, notes, err := format(r)
		require.NoError(t, err)
		assert.Contains(t, line, want)
		assert.Len(t, notes, 1)
	}
}
