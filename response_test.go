package mtlshttp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// answering serves what the query asks for: type, body, status.
var answering = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if t := q.Get("type"); t != "" {
		w.Header().Set("Content-Type", t)
	}
	var status int
	if _, err := fmt.Sscan(q.Get("status"), &status); err == nil {
		w.WriteHeader(status)
	}
	_, _ = w.Write([]byte(q.Get("body")))
})

func TestDataOfTheBundle(t *testing.T) {
	srv := mtlstest.NewServer(t, answering)
	e := newExecutor(t)
	cases := []struct {
		name, contentType, body string
		parse                   bool
		want                    any
		kind                    mtlshttp.Kind
	}{
		{"JSON", "application/json", `{"a":[9007199254740993,null]}`, true, map[string]any{"a": []any{json.Number("9007199254740993"), nil}}, ""},
		{"+json", "application/problem+json", `true`, true, true, ""},
		{"JSON unparsed", "application/json", `{"a":1}`, false, `{"a":1}`, ""},
		{"a type that lies", "text/plain", `{"a":1}`, true, map[string]any{"a": json.Number("1")}, ""},
		{"broken JSON", "application/json", `{"a":`, true, `{"a":`, mtlshttp.KindParse},
		{"HTML for JSON", "application/json", `<html>`, true, `<html>`, mtlshttp.KindParse},
		{"blank JSON", "application/json", " \n", true, nil, ""},
		{"empty", "application/json", "", true, nil, ""},
		{"XML", "text/xml", `<a x="1">hi</a>`, true, map[string]any{"a": map[string]any{"_value": "hi", "_attributes": map[string]any{"x": "1"}}}, ""},
		{"broken XML", "text/xml", `<a>`, true, `<a>`, mtlshttp.KindParse},
		{"text", "text/plain", "hé", true, "hé", ""},
		{"Latin-1", "text/plain; charset=iso-8859-1", "h\xe9", true, "hé", ""},
		{"bytes", "application/octet-stream", "\x00\xff", true, []byte{0, 255}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := srv.Request("/?" + url.Values{"type": {c.contentType}, "body": {c.body}}.Encode())
			r.Parse = c.parse
			resp, err := e.Do(t.Context(), r)
			require.NotNil(t, resp)
			assert.Equal(t, c.want, resp.Data)
			assert.EqualValues(t, len(c.body), resp.FileSize)
			assert.Equal(t, c.body, string(resp.Bytes()))
			if c.kind == "" {
				require.NoError(t, err)
			} else {
				f := failureOf(t, err)
				assert.Equal(t, c.kind, f.Kind)
				assert.Same(t, resp, f.Response)
				assert.Equal(t, "DataError", f.Type)
			}
			_, err = json.Marshal(resp)
			require.NoError(t, err)
		})
	}
}

func TestLimitsOfTheBundle(t *testing.T) {
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/body":
			_, _ = w.Write(make([]byte, 2000))
		case "/fields":
			for i := range 20 {
				w.Header().Add("X-Many", fmt.Sprint(i))
			}
		case "/depth":
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("[[[[[[]]]]]]"))
		}
	}))
	e := &mtlshttp.Executor{Limits: mtlshttp.Limits{Body: 1000, HeaderFields: 10, Depth: 3}}
	defer e.Close()
	for path, reason := range map[string]string{"/body": "body", "/fields": "header-fields", "/depth": "depth"} {
		r := srv.Request(path)
		r.Parse = true
		resp, err := e.Do(t.Context(), r)
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindLimit, f.Kind, path)
		assert.Equal(t, reason, f.Reason, path)
		assert.ErrorContains(t, err, map[string]string{"/body": "2000", "/fields": ": 2", "/depth": "more than 3 levels"}[path], "how far it got")
		require.NotNil(t, resp, path)
	}
}

func TestRawJSONIsValidatedAndAsItCame(t *testing.T) {
	for body, kind := range map[string]mtlshttp.Kind{
		"{ \"n\" : 1.0e2, \"n\" : 2 }\n": "", "\xef\xbb\xbf[1]": "", "": mtlshttp.KindParse, "{": mtlshttp.KindParse, "1 2": mtlshttp.KindParse,
		"\"\xff\"": mtlshttp.KindParse, "[[[[1]]]]": mtlshttp.KindLimit,
	} {
		srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
		e := newExecutor(t)
		e.Limits.Depth = 3
		resp, err := e.Do(t.Context(), srv.Request("/"))
		require.NoError(t, err)
		raw, err := resp.RawJSON()
		if kind == "" {
			require.NoError(t, err, body)
			assert.Equal(t, strings.TrimPrefix(body, "\xef\xbb\xbf"), string(raw))
			continue
		}
		fault := failureOf(t, err)
		assert.Equal(t, kind, fault.Kind, body)
		assert.Equal(t, resp.URL, fault.URL)
		assert.Empty(t, raw)
	}
}

func TestDecodeReadsTheSameBytes(t *testing.T) {
	srv := mtlstest.NewServer(t, answering)
	resp, err := newExecutor(t).Do(t.Context(), srv.Request("/?type=application/json&body="+url.QueryEscape("\ufeff"+`{"id": 9007199254740993}`)))
	require.NoError(t, err)
	var v struct{ ID int64 }
	require.NoError(t, resp.Decode(&v))
	assert.EqualValues(t, int64(9007199254740993), v.ID)
	utf16 := "\xff\xfe" + strings.Join(strings.Split(`{"id": 9007199254740993}`, ""), "\x00") + "\x00"
	resp, err = newExecutor(t).Do(t.Context(), srv.Request("/?type=application/json&body="+url.QueryEscape(utf16)))
	require.NoError(t, err)
	v.ID = 0
	require.NoError(t, resp.Decode(&v))
	assert.EqualValues(t, int64(9007199254740993), v.ID)
	assert.Equal(t, mtlshttp.KindParse, failureOf(t, resp.Decode(new(int))).Kind)
}

func TestStatusErrors(t *testing.T) {
	srv := mtlstest.NewServer(t, answering)
	e := newExecutor(t)
	for status, name := range map[int]string{400: "BundleValidationError", 404: "BundleValidationError", 401: "AccountValidationError",
		403: "AccountValidationError", 429: "RateLimitError", 503: "ConnectionError", 504: "ConnectionError", 418: "RuntimeError", 500: "RuntimeError"} {
		r := srv.Request(fmt.Sprintf("/?type=text/plain&body=sorry&status=%d", status))
		resp, err := e.Do(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, status, resp.StatusCode)
		r.StatusErrors = true
		resp, err = e.Do(t.Context(), r)
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindStatus, f.Kind)
		assert.Equal(t, name, f.Type)
		require.NotNil(t, resp)
		assert.Equal(t, "sorry", resp.Data)
	}
}
