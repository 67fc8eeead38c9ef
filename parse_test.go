package mtlshttp_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

type answer struct {
	types []string
	body  string
	head  http.Header
}

// parsed asks for an answer, parsed.
func parsed(t *testing.T, a answer) (*mtlshttp.Response, error) {
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range a.head {
			w.Header()[name] = values
		}
		w.Header()["Content-Type"] = a.types // nil: none
		_, _ = w.Write([]byte(a.body))
	}))
	r := srv.Request("/files/report")
	r.Parse = true
	return newExecutor(t).Do(t.Context(), r)
}

// TestParsing has a row for each PAR row whose answer shows in the bundle.
func TestParsing(t *testing.T) {
	const jsonType, xmlType = "application/json", "application/xml"
	number := func(s string) any { return json.Number(s) }
	deep := func(open, end string, n int) string { return strings.Repeat(open, n) + strings.Repeat(end, n) }
	type object = map[string]any
	cases := []struct {
		id, contentType, body string
		want                  any // nil: the text
		kind                  mtlshttp.Kind
		reason                string
	}{
		{"PAR-02 arrays", jsonType, deep("[", "]", 10_001), nil, mtlshttp.KindLimit, "depth"},
		{"PAR-02 objects", jsonType, strings.Repeat(`{"a":`, 1_000_000), nil, mtlshttp.KindLimit, "depth"},
		{"PAR-02 both", jsonType, strings.Repeat(`[{"a":`, 500_000), nil, mtlshttp.KindLimit, "depth"},
		{"PAR-02 nodes", jsonType, "[" + strings.Repeat("1,", 1_000_000) + "1]", nil, mtlshttp.KindLimit, "nodes"},
		{"PAR-03", jsonType, `[9007199254740993,12345678901234567890,1e999,-0,0.1]`,
			[]any{number("9007199254740993"), number("12345678901234567890"), number("1e999"), number("-0"), number("0.1")}, "", ""},
		{"PAR-04 a name twice", jsonType, `{"a":1,"a":2}`, object{"a": number("2")}, "", ""},
		{"PAR-04 odd names", jsonType, `{"__proto__":1,"":2}`, object{"__proto__": number("1"), "": number("2")}, "", ""},
		{"PAR-04 BOM", jsonType, "\ufeff[]", []any{}, "", ""},
		{"PAR-04 NUL", jsonType, "[\x00]", nil, mtlshttp.KindParse, "json"},
		{"PAR-04 bytes that are not UTF-8", jsonType, "[\"a\xffb\"]", []any{"a\ufffdb"}, "", ""},
		{"PAR-04 surrogate", jsonType, `["\ud800"]`, []any{"\ufffd"}, "", ""},
		{"PAR-04 trailing data", jsonType, `{} {}`, nil, mtlshttp.KindParse, "json"},
		{"PAR-04 NDJSON", "application/x-ndjson", "{}\n{}\n", nil, "", ""},
		{"PAR-06 laughs", xmlType, `<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><a>&d;</a>`, nil, mtlshttp.KindParse, "dtd-not-allowed"},
		{"PAR-06 outside", xmlType, `<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>`, nil, mtlshttp.KindParse, "dtd-not-allowed"},
		{"PAR-06 unknown entity", xmlType, `<a>&b;</a>`, nil, mtlshttp.KindParse, "xml"},
		{"PAR-06 XInclude", xmlType, `<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>`,
			object{"x:include": object{"_attributes": object{"xmlns:x": "http://www.w3.org/2001/XInclude", "href": "file:///etc/passwd"}}}, "", ""},
		{"PAR-07 depth", xmlType, deep("<a>", "</a>", 200_000), nil, mtlshttp.KindLimit, "depth"},
		{"PAR-07 siblings", xmlType, "<a>" + strings.Repeat("<b/>", 1_000_001) + "</a>", nil, mtlshttp.KindLimit, "nodes"},
		{"PAR-08 header", xmlType + "; charset=iso-8859-1", `<?xml version="1.0" encoding="utf-8"?><a>` + "\xe9</a>", object{"a": "é"}, "", ""},
		{"PAR-08 declaration", xmlType, `<?xml version="1.0" encoding="iso-8859-1"?><a>` + "\xe9</a>", object{"a": "é"}, "", ""},
		{"PAR-08 BOM", xmlType + "; charset=iso-8859-1", "\xef\xbb\xbf<a>\xc3\xa9</a>", object{"a": "é"}, "", ""},
		{"PAR-08 UTF-16", xmlType, "\xfe\xff\x00<\x00a\x00/\x00>", object{"a": ""}, "", ""},
		{"PAR-08 CDATA", xmlType, `<a><![CDATA[<b>]]></a>`, object{"a": "<b>"}, "", ""},
		{"PAR-08 malformed", xmlType + "; charset=shift_jis", "<a>\xff</a>", nil, mtlshttp.KindParse, "xml"},
		{"PAR-10 unknown charset", "text/plain; charset=klingon", "caf\xe9", []byte("caf\xe9"), "", ""},
		{"PAR-10 utf-7", "text/plain; charset=utf-7", "+ADw-", "\ufffd", "", ""},
		{"PAR-10 utf-32", "text/plain; charset=utf-32", "a\x00\x00\x00", []byte("a\x00\x00\x00"), "", ""},
		{"PAR-10 x-user-defined", "text/plain; charset=x-user-defined", "a\x80", "a\uf780", "", ""},
		{"PAR-10 hz-gb-2312", "text/plain; charset=hz-gb-2312", "~{abc~}", "\ufffd", "", ""},
		{"PAR-11 a page", jsonType, "<html></html>", nil, mtlshttp.KindParse, "json"},
		{"PAR-11 no type", "", `{"a":true}`, object{"a": true}, "", ""},
		{"PAR-11 +json", "application/problem+json", `{"a":true}`, object{"a": true}, "", ""},
		{"PAR-11 +xml", "application/vnd.x+xml", `<a/>`, object{"a": ""}, "", ""},
		{"PAR-11 text/json", "text/json", `[]`, []any{}, "", ""},
		{"PAR-11 long parameters", jsonType + "; a=" + strings.Repeat("x", 500_000), `[]`, []any{}, "", ""},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			a := answer{body: c.body}
			if c.contentType != "" {
				a.types = []string{c.contentType}
			}
			begun := time.Now()
			resp, err := parsed(t, a)
			assert.Less(t, time.Since(begun), 30*time.Second)
			require.NotNil(t, resp, "%v", err)
			if c.kind == "" {
				require.NoError(t, err)
			} else {
				f := failureOf(t, err)
				assert.Equal(t, c.kind, f.Kind)
				assert.Equal(t, c.reason, f.Reason)
				assert.Same(t, resp, f.Response)
			}
			switch {
			case c.want != nil:
				assert.Equal(t, c.want, resp.Data)
			case strings.Contains(c.id, "malformed"):
				assert.Equal(t, "<a>\ufffd</a>", resp.Data)
			default:
				assert.Equal(t, c.body, resp.Data, "the raw text is kept")
			}
		})
	}
}

// PAR-11: of a type that came twice the last valid one counts.
func TestContentTypeTwice(t *testing.T) {
	resp, err := parsed(t, answer{types: []string{"text/html", "application/json; charset=utf-8"}, body: `{"a":true}`})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"a": true}, resp.Data)
	assert.Equal(t, "application/json", resp.ContentType)
}

// PAR-12: nothing to parse is no error.
func TestNothingToParse(t *testing.T) {
	for _, body := range []string{"", " \r\n\t"} {
		for _, contentType := range []string{"application/json", "application/xml"} {
			resp, err := parsed(t, answer{types: []string{contentType}, body: body})
			require.NoError(t, err)
			assert.Nil(t, resp.Data)
		}
	}
	for _, status := range []int{200, 204, 205, 304} {
		srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
		}))
		for _, method := range []string{"GET", "HEAD", "POST"} {
			r := srv.Request("/")
			r.Method, r.Parse, r.Compressed = method, true, true
			resp, err := newExecutor(t).Do(t.Context(), r)
			require.NoError(t, err, "%s %d", method, status)
			assert.Nil(t, resp.Data)
			assert.Zero(t, resp.FileSize)
			assert.Empty(t, resp.Notes)
		}
	}
}

// PAR-06: what a document refers to is not asked for, whatever it is.
func TestNothingOutsideIsRead(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var asked atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			_ = conn.Close()
		}
	}()
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte("sesame"), 0o600))
	there := "http://" + l.Addr().String() + "/"
	for name, document := range map[string]string{
		"external subset":     `<!DOCTYPE a SYSTEM "` + there + `a.dtd"><a/>`,
		"entity of a file":    `<!DOCTYPE a [<!ENTITY x SYSTEM "file://` + file + `">]><a>&x;</a>`,
		"entity elsewhere":    `<!DOCTYPE a [<!ENTITY x SYSTEM "` + there + `">]><a>&x;</a>`,
		"parameter entity":    `<!DOCTYPE a [<!ENTITY % x SYSTEM "` + there + `">%x;]><a/>`,
		"XInclude":            `<a xmlns:i="http://www.w3.org/2001/XInclude"><i:include href="` + there + `"/><i:include href="file://` + file + `" parse="text"/></a>`,
		"style sheet":         `<?xml-stylesheet href="` + there + `"?><a/>`,
		"schema":              `<a xmlns:s="http://www.w3.org/2001/XMLSchema-instance" s:schemaLocation="u ` + there + `" s:noNamespaceSchemaLocation="` + there + `"/>`,
		"namespace elsewhere": `<a xmlns="` + there + `"/>`,
	} {
		resp, err := parsed(t, answer{types: []string{"application/xml"}, body: document})
		require.NotNil(t, resp, "%s: %v", name, err)
		written, merr := json.Marshal(resp)
		require.NoError(t, merr)
		assert.NotContains(t, string(written), "sesame", name)
	}
	require.NoError(t, l.Close())
	<-ended
	assert.Zero(t, asked.Load())
}

// PAR-13: a name for the file is safe wherever it comes from.
func TestFileNames(t *testing.T) {
	for disposition, want := range map[string]string{
		"":                                   "report",
		`attachment; filename="../../a.txt"`: "a.txt",
		`attachment; filename*=UTF-8''na%C3%AFve.txt; filename=naive.txt`: "naïve.txt",
		`attachment; filename="CON.txt"`:                                  "_CON.txt",
		`attachment; filename="..\..\b.exe"`:                              "b.exe",
	} {
		resp, err := parsed(t, answer{head: http.Header{"Content-Disposition": {disposition}}, types: []string{"text/plain"}, body: "x"})
		require.NoError(t, err)
		assert.Equal(t, want, resp.FileName, disposition)
	}
}

// What net/http takes out of the header section is put back; Set-Cookie is one
// entry each; trailers stand apart.
func TestHiddenHeaders(t *testing.T) {
	for scheme, r := range answerRaw(t, func(w io.Writer) {
		_, _ = w.Write([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close\r\n" +
			"Set-Cookie: a=1\r\nB: 1\r\nSet-Cookie: b=2\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n"))
	}) {
		resp, err := newExecutor(t).Do(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, []mtlshttp.Header{{Name: "b", Value: "1"}, {Name: "connection", Value: "close"}, {Name: "set-cookie", Value: "a=1"},
			{Name: "set-cookie", Value: "b=2"}, {Name: "trailer", Value: "x-sum"}, {Name: "transfer-encoding", Value: "chunked"}}, resp.Headers, scheme)
		assert.Equal(t, []mtlshttp.Header{{Name: "x-sum", Value: "7"}}, resp.Trailers)
		assert.Equal(t, []string{"a=1", "b=2"}, resp.CookieHeaders)
		assert.Equal(t, "hi", resp.Data)
	}
}

// FLT-52: what ends the request ends the decoding of text, too, and not only the
// parsing that may follow.
func TestEndsAmidText(t *testing.T) {
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=iso-2022-jp")
		w.Header().Set("Content-Length", "3")
		_, _ = io.WriteString(w, "abc")
	}))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := srv.Request("/")
	r.Progress = func(p mtlshttp.Progress) {
		if p.Bytes == p.Total {
			cancel()
		}
	}
	resp, err := newExecutor(t).Do(ctx, r)
	f := failureOf(t, err)
	assert.Equal(t, mtlshttp.KindCanceled, f.Kind)
	assert.EqualValues(t, "decode", f.Phase)
	assert.Equal(t, []byte("abc"), resp.Data)
}
