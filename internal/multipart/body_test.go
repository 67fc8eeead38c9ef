package multipart

import (
	"bytes"
	"io"
	"mime"
	stdmultipart "mime/multipart"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// file is a part that yields content, and counts how often it is open.
func file(name, fileName, content string, size int64, open *int) Part {
	return Part{Name: name, IsFile: true, FileName: fileName, Size: size, Open: func() (io.ReadCloser, error) {
		*open++
		return &closer{strings.NewReader(content), func() { *open-- }}, nil
	}}
}

type closer struct {
	io.Reader
	close func()
}

func (c *closer) Close() error { c.close(); return nil }

func TestBody(t *testing.T) {
	open := 0
	b, err := New([]Part{
		{Name: "é", Text: "日本"},
		{Name: "typed", Text: "{}", ContentType: "application/json"},
		file("f", "dir/a.txt", "hello", 5, &open),
		{Name: "g", IsFile: true, Text: "in memory"},
		{Name: "h", IsFile: true, FileName: "a.bin", ContentType: "application/vnd.test+json; v=1", Text: "x"},
	})
	require.NoError(t, err)
	_, params, err := mime.ParseMediaType(b.ContentType())
	require.NoError(t, err)
	want := strings.NewReplacer("\n", "\r\n", "BOUNDARY", params["boundary"]).Replace(`--BOUNDARY
Content-Disposition: form-data; name="é"

日本
--BOUNDARY
Content-Disposition: form-data; name="typed"
Content-Type: application/json

{}
--BOUNDARY
Content-Disposition: form-data; name="f"; filename="a.txt"
Content-Type: text/plain

hello
--BOUNDARY
Content-Disposition: form-data; name="g"
Content-Type: application/octet-stream

in memory
--BOUNDARY
Content-Disposition: form-data; name="h"; filename="a.bin"
Content-Type: application/vnd.test+json; v=1

x
--BOUNDARY--
`)
	assert.Equal(t, int64(len(want)), b.Length())
	assert.True(t, b.Replayable())
	for range 2 {
		r := b.Reader()
		got, err := io.ReadAll(iotest.OneByteReader(r))
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
		require.NoError(t, r.Close())
	}
	assert.Zero(t, open, "every file is closed")
	require.NoError(t, iotest.TestReader(b.Reader(), []byte(want)))
}

func TestEmpty(t *testing.T) {
	b, err := New(nil)
	require.NoError(t, err)
	got, err := io.ReadAll(b.Reader())
	require.NoError(t, err)
	assert.Equal(t, int64(len(got)), b.Length())
	assert.Regexp(t, `^--[A-Z0-9]{26,}--\r\n$`, string(got))
}

func TestBoundaryIsNew(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		b, err := New(nil)
		require.NoError(t, err)
		require.False(t, seen[b.boundary])
		seen[b.boundary] = true
	}
}

func TestNamesStayInTheirHeader(t *testing.T) {
	evil := "a\"; x=\"\r\nX-Injected: 1\r\n\r\n\\b"
	b, err := New([]Part{{Name: evil, Text: "1"}, {Name: "f", IsFile: true, FileName: evil, Text: "2"}})
	require.NoError(t, err)
	got, err := io.ReadAll(b.Reader())
	require.NoError(t, err)
	assert.Contains(t, string(got), `name="a%22; x=%22%0D%0AX-Injected: 1%0D%0A%0D%0A\b"`+"\r\n\r\n1")
	assert.Contains(t, string(got), `filename="a%22; x=%22%0D%0AX-Injected: 1%0D%0A%0D%0A\b"`+"\r\nContent-Type: application/octet-stream\r\n\r\n2")
	assert.NotContains(t, string(got), "\nX-Injected")
}

func TestNewRefuses(t *testing.T) {
	cases := []struct {
		part Part
		want Reason
	}{
		{Part{Name: "a\x00"}, BadName},
		{Part{Name: "a\x1b[0m\x7f"}, BadName},
		{Part{Name: "a", IsFile: true, FileName: "\x00"}, BadName},
		{Part{Name: "a", ContentType: "text/plain\r\nX: 1"}, BadContentType},
		{Part{Name: "a", IsFile: true, ContentType: "text/plain\x7f"}, BadContentType},
		{Part{Name: strings.Repeat("\"", MaxHeader/3)}, TooLong},
	}
	for _, c := range cases {
		_, err := New([]Part{{Name: "fine"}, c.part})
		var e *Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, c.want, e.Reason)
		assert.Equal(t, 1, e.Index)
		assert.NotEmpty(t, e.Error())
	}
	_, err := New(make([]Part, MaxParts+1))
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, TooMany, e.Reason)
}

func TestFileName(t *testing.T) {
	for path, want := range map[string]string{"../../etc/passwd": "passwd", "a.txt": "a.txt", "dir/": "dir", "/": "", "": "",
		`C:\dir\a.txt`: `C:\dir\a.txt`} {
		assert.Equal(t, want, baseName(path), path)
	}
}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func FuzzBody(f *testing.F) {
	f.Add("name", "a.txt", "text/plain", "content", true)
	f.Add("\"\r\n", "..\\/\"", "", "\r\n--", false)
	f.Fuzz(func(t *testing.T, name, fileName, contentType, content string, isFile bool) {
		open := 0
		part := file(name, fileName, content, int64(len(content)), &open)
		part.IsFile, part.ContentType, part.Text = isFile, contentType, content
		b, err := New([]Part{part, {Name: "last", Text: content}})
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e)
			return
		}
		got, err := io.ReadAll(b.Reader())
		require.NoError(t, err)
		require.Equal(t, b.Length(), int64(len(got)))
		require.Zero(t, open)

		// What stands between the boundaries is two parts of at most two
		// header lines, whatever the names are.
		pieces := bytes.Split(got, []byte("--"+b.boundary))
		require.Len(t, pieces, 4)
		header, body, found := bytes.Cut(pieces[1], []byte("\r\n\r\n"))
		require.True(t, found)
		require.LessOrEqual(t, bytes.Count(header, []byte("\n")), 2)
		require.Equal(t, content+"\r\n", string(body))

		r := stdmultipart.NewReader(bytes.NewReader(got), b.boundary)
		for range 2 {
			p, err := r.NextRawPart()
			require.NoError(t, err)
			read, err := io.ReadAll(p)
			require.NoError(t, err)
			require.Equal(t, content, string(read))
		}
		_, err = r.NextPart()
		require.Equal(t, io.EOF, err)
	})
}
