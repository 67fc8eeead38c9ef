package mtlshttp_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

func TestBodiesOnTheWire(t *testing.T) {
	rec := newRecorder(t)
	e := newExecutor(t)
	type param = mtlshttp.Param
	for name, c := range map[string]struct {
		body   mtlshttp.Body
		kind   string // Content-Type
		text   string
		length int64
	}{
		"none":             {mtlshttp.Body{}, "", "", 0},
		"raw":              {mtlshttp.Raw("application/x-ours", []byte{0, 255}), "application/x-ours", "\x00\xff", 2},
		"text":             {mtlshttp.Text("", " märz\n"), "", " märz\n", 7},
		"empty":            {mtlshttp.Text("text/plain", ""), "text/plain", "", 0},
		"JSON":             {mtlshttp.JSON(map[string]any{"b": 1, "a": []string{"x"}}), "application/json", `{"a":["x"],"b":1}`, 17},
		"form":             {mtlshttp.Form(param{Name: "a b", Value: "1&2"}, param{Name: "l", Value: []any{"x", nil}}), "application/x-www-form-urlencoded", "a%20b=1%262&l%5B0%5D=x&l%5B1%5D=", 32},
		"empty form":       {mtlshttp.Form(), "application/x-www-form-urlencoded", "", 0},
		"reader":           {mtlshttp.Reader("text/csv", strings.NewReader("1,2"), 3), "text/csv", "1,2", 3},
		"found length":     {mtlshttp.Reader("", strings.NewReader("1,2"), -1), "", "1,2", 3},
		"unknown length":   {mtlshttp.Reader("", io.MultiReader(strings.NewReader("1,2")), -9), "", "1,2", -1},
		"no length":        {mtlshttp.Reader("", io.MultiReader(strings.NewReader("1,2")), 0), "", "1,2", -1},
		"one byte a time":  {mtlshttp.Reader("", iotest.OneByteReader(strings.NewReader("1,2")), -1), "", "1,2", -1},
		"data beside EOF":  {mtlshttp.Reader("", iotest.DataErrReader(strings.NewReader("1,2")), -1), "", "1,2", -1},
		"nothing, chunked": {mtlshttp.Reader("", io.MultiReader(), -1), "", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := e.Do(t.Context(), &mtlshttp.Request{Method: "POST", URL: rec.URL, Body: c.body})
			require.NoError(t, err)
			assert.Equal(t, c.kind, rec.last.Header.Get("Content-Type"))
			assert.Equal(t, c.text, rec.last.Body)
			if name != "nothing, chunked" { // its length is found out, or not
				assert.Equal(t, c.length, rec.last.Length)
			}
		})
	}
}

func TestContentTypeOfTheHeadersWins(t *testing.T) {
	rec := newRecorder(t)
	for name, body := range map[string]mtlshttp.Body{"raw": mtlshttp.Text("text/plain", "x"), "JSON": mtlshttp.JSON(1), "reader": mtlshttp.Reader("a/b", strings.NewReader("x"), 1)} {
		r := &mtlshttp.Request{Method: "PUT", URL: rec.URL, Body: body, Headers: []mtlshttp.Header{{Name: "content-type", Value: "application/x-ours"}}}
		_, err := newExecutor(t).Do(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, []string{"application/x-ours"}, rec.last.Header.Values("Content-Type"), name)
	}
	// A form is what it is, whatever the headers say.
	for kind, body := range map[string]mtlshttp.Body{"application/x-www-form-urlencoded": mtlshttp.Form(), "multipart/form-data; boundary=BOUNDARY": mtlshttp.Multipart()} {
		r := &mtlshttp.Request{Method: "PUT", URL: rec.URL, Body: body, Headers: []mtlshttp.Header{{Name: "content-type", Value: "application/x-ours"}}}
		_, err := newExecutor(t).Do(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, []string{kind}, rec.last.Header.Values("Content-Type"))
	}
}

// reading is a reader that is a function.
type reading func(p []byte) (int, error)

func (f reading) Read(p []byte) (int, error) { return f(p) }

func TestReadersThatMisbehave(t *testing.T) {
	srv := httptest.NewServer(discard)
	defer srv.Close()
	broken := errors.New("the disk is gone")
	for name, reader := range map[string]io.Reader{
		"fails":          io.MultiReader(strings.NewReader("begun"), iotest.ErrReader(broken)),
		"panics":         reading(func([]byte) (int, error) { panic("hunter2") }),
		"counts wrong":   reading(func(p []byte) (int, error) { return len(p) + 1, nil }),
		"counts below 0": reading(func([]byte) (int, error) { return -1, nil }),
		"yields nothing": reading(func([]byte) (int, error) { return 0, nil }),
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		_, err := newExecutor(t).Do(ctx, &mtlshttp.Request{Method: "POST", URL: srv.URL, Body: mtlshttp.Reader("", reader, -1)})
		cancel()
		fault := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindBodySource, fault.Kind, "%s: %v", name, err)
		assert.False(t, fault.Retryable, name)
		assert.NotContains(t, err.Error(), "hunter2")
		if name == "fails" {
			assert.ErrorIs(t, err, broken)
		}
	}
}

// A reader that has fewer bytes than it was said to have must not pass for
// whole, and one that has more must not send them.
func TestReadersOfAnotherLength(t *testing.T) {
	srv := mtlstest.NewServer(t, discard)
	for _, length := range []int64{0, 2, 9} {
		for version, protocol := range versions {
			r := srv.Request("/")
			r.Method, r.Protocol, r.Body = "POST", protocol, mtlshttp.Reader("", io.MultiReader(strings.NewReader("12345")), length)
			resp, err := newExecutor(t).Do(t.Context(), r)
			if length == 0 { // unknown
				require.NoError(t, err, version)
				assert.Equal(t, "5", resp.Header("X-Received"))
				continue
			}
			require.Error(t, err, "%d, %s: %v", length, version, resp)
			fault := failureOf(t, err)
			assert.Equal(t, mtlshttp.KindBodySource, fault.Kind, "%d, %s: %v", length, version, err)
			assert.Equal(t, "DataError", fault.Type)
		}
	}
}

func TestFormsThatCannotBeWritten(t *testing.T) {
	deep := any("x")
	for range 600 {
		deep = []any{deep}
	}
	for name, value := range map[string]any{"channel": make(chan int), "NaN": math.NaN(), "map": map[string]any{}, "too deep": deep} {
		r := mtlshttp.Request{URL: "https://a.test", Body: mtlshttp.Form(mtlshttp.Param{Name: "a", Value: value})}
		fault := failureOf(t, r.Validate())
		assert.Equal(t, "formFields", fault.Field, name)
		assert.Equal(t, mtlshttp.KindConfig, fault.Kind, name)
		q := mtlshttp.Request{URL: "https://a.test", Query: []mtlshttp.Param{{Name: "a", Value: value}}}
		assert.Equal(t, "qs", failureOf(t, q.Validate()).Field, name)
	}
}
