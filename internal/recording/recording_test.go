package recording

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// throughFile is a body as it comes back from a file.
func throughFile(t testing.TB, content []byte) []byte {
	f := New(nil)
	f.Exchanges = append(f.Exchanges, &Exchange{Request{Method: "GET", URL: "https://a.test/", Headers: []Field{}}, Response{Status: 200, Body: bodyOf(content)}})
	name := filepath.Join(t.TempDir(), "x.json")
	require.NoError(t, f.Write(name))
	back, err := Read(name)
	require.NoError(t, err)
	got, err := back.Exchanges[0].Response.Body.bytes()
	require.NoError(t, err)
	return got
}

func TestBodiesComeBackAsTheyWere(t *testing.T) {
	for content, form := range map[string]Body{
		"":                        {},
		"plain":                   {Text: "plain"},
		"a\nb\n":                  {Lines: []string{"a", "b", ""}},
		"\n":                      {Lines: []string{"", ""}},
		`{"b":1.50,"a":[1e2]}`:    {JSON: json.RawMessage(`{"b":1.50,"a":[1e2]}`)},
		"{\"a\":\"<&>\u2028\"}\n": {JSON: json.RawMessage("{\"a\":\"<&>\u2028\"}"), NewLine: true},
		`{"a": 1}`:                {Text: `{"a": 1}`},
		"null":                    {Text: "null"},
		"\x00\xff":                {Base64: "AP8="},
		"a\x00b":                  {Base64: "YQBi"},
		`{"a":1,"a":2}`:           {JSON: json.RawMessage(`{"a":1,"a":2}`)},
		strings.Repeat(" ", 3):    {Text: "   "},
		"\"\\ud800\"":             {JSON: json.RawMessage("\"\\ud800\"")},
	} {
		assert.Equal(t, form, bodyOf([]byte(content)), "%q", content)
		assert.Equal(t, content, string(throughFile(t, []byte(content))))
	}
}

func FuzzBody(f *testing.F) {
	for _, seed := range []string{"", "a", "a\r\nb", `{"a":[1,{"b":null}]}`, "[1]\n", "\xff", "null\n", "\"\\u00e9\"\n\n", "\"&\""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		text, err := (&File{Exchanges: []*Exchange{{Response: Response{Body: bodyOf(content)}}}}).encode()
		require.NoError(t, err)
		var back File
		require.NoError(t, json.Unmarshal(text, &back))
		got, err := back.Exchanges[0].Response.Body.bytes()
		require.NoError(t, err)
		assert.True(t, bytes.Equal(content, got), "%q became %q", content, got)
	})
}

func request(t *testing.T, method, url, contentType string) *http.Request {
	t.Helper()
	req, err := http.NewRequest(method, url, nil)
	require.NoError(t, err)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return req
}

func TestDifference(t *testing.T) {
	f := New([]string{"mine"})
	const address, form = "https://a.test/p?page=1&token=x", "application/x-www-form-urlencoded"
	recorded := f.Request(request(t, "POST", address, form), []byte("a=1&mine=2"))
	for name, c := range map[string]struct {
		method, url, body string
		same              bool
	}{
		"the same":                {"POST", address, "a=1&mine=2", true},
		"another secret":          {"POST", "https://a.test/p?page=1&token=y", "a=1&mine=3", true},
		"what a Location left":    {"POST", "https://a.test/p?page=***&token=***", "a=1&mine=2", true},
		"a part of it":            {"POST", "https://a.test/p?page=***&token=x", "a=1&mine=2", false},
		"another method":          {"PUT", address, "a=1&mine=2", false},
		"another page":            {"POST", "https://a.test/p?page=2&token=x", "a=1&mine=2", false},
		"another body":            {"POST", address, "a=2&mine=2", false},
		"no body":                 {"POST", address, "", false},
		"another order of fields": {"POST", address, "mine=2&a=1", false},
		"no query":                {"POST", "https://a.test/p", "a=1&mine=2", false},
	} {
		req := request(t, c.method, c.url, form)
		difference := Difference(recorded, f.Request(req, []byte(c.body)), req.URL.String())
		assert.Equal(t, c.same, difference == "", "%s: %s", name, difference)
	}
	one, other := New(nil), New(nil)
	req := request(t, "POST", address, "")
	assert.NotEqual(t, one.Request(req, []byte("x")).Body, other.Request(req, []byte("x")).Body, "a fingerprint means nothing in another file")
}

func TestMultipartBoundariesDoNotCount(t *testing.T) {
	f := New(nil)
	with := func(boundary string) Request {
		return f.Request(request(t, "POST", "https://a.test/", "multipart/form-data; boundary="+boundary), []byte("--"+boundary+"\r\n\r\nx\r\n--"+boundary+"--"))
	}
	assert.Equal(t, with("one").Body, with("two").Body)
	assert.Equal(t, []Field{{"Content-Type", "multipart/form-data"}}, with("one").Headers)
}

// A secret is hidden wherever else it stands, before it was known and after.
func TestSecretsAreHiddenEverywhere(t *testing.T) {
	f := New(nil)
	add := func(req *http.Request, header http.Header, status int, body string) {
		resp := &http.Response{StatusCode: status, Header: header}
		f.Exchanges = append(f.Exchanges, &Exchange{f.Request(req, nil), f.Response(resp, []byte(body))})
	}
	add(request(t, "GET", "https://a.test/", ""), http.Header{"Content-Type": {"text/plain"}, "Location": {"/x"}}, 201, "your key is hunter2-and-more, not hunt")
	req := request(t, "GET", "https://u:p@a.test/?apikey=hunter3%21", "")
	req.SetBasicAuth("u", "hunter2-and-more")
	add(req, http.Header{"Set-Cookie": {"sid=hunter4; Path=/"}, "Location": {"https://a.test/?q=hunter5#hunter5", "?q=hunter5"}}, 302, "to hunter5")
	add(request(t, "GET", "https://a.test/", ""), http.Header{"Content-Type": {"application/json"}}, 200, `{"n":{"refresh_token":"hunter6"},"l":[{"pin":1}],"t":"hunter6!","k":"hunter3!","c":"hunter4","key":"colour","app_key":"hunter8"}`)
	name := filepath.Join(t.TempDir(), "x.json")
	require.NoError(t, f.Write(name))
	back, err := Read(name)
	require.NoError(t, err)
	text, err := json.Marshal(back)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "hunter")
	assert.NotContains(t, string(text), "u:p@")
	assert.Equal(t, "your key is ***, not hunt", back.Exchanges[0].Response.Body.Text)
	assert.JSONEq(t, `{"n":{"refresh_token":"***"},"l":[{"pin":"***"}],"t":"***!","k":"***","c":"***","key":"colour","app_key":"***"}`, string(back.Exchanges[2].Response.Body.JSON))
	assert.Contains(t, back.Exchanges[1].Response.Headers, Field{"Set-Cookie", "sid=***; Path=/"})
}

func TestCodingsOfResponses(t *testing.T) {
	for name, c := range map[string]struct {
		coding  string
		body    string
		encoded bool
		want    string
	}{
		"none":        {"", "text", false, "text"},
		"identity":    {"identity", "text", false, "text"},
		"broken gzip": {"gzip", "text", true, "text"},
		"br":          {"br", "\x8b\x01\x80text\x03", true, "\x8b\x01\x80text\x03"},
		"empty":       {"gzip", "", false, ""},
	} {
		f := New(nil)
		r := f.Response(&http.Response{StatusCode: 200, Header: http.Header{"Content-Encoding": {c.coding}, "Content-Length": {"999"}}, Trailer: http.Header{"X-Sum": {"1"}}}, []byte(c.body))
		assert.Equal(t, c.encoded, r.Encoded, name)
		resp, err := r.HTTP(request(t, "GET", "https://a.test/", ""))
		require.NoError(t, err)
		got, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		assert.Equal(t, c.want, string(got), name)
		assert.EqualValues(t, len(c.want), resp.ContentLength, name)
		assert.NotEqual(t, "999", resp.Header.Get("Content-Length"), name)
		assert.Equal(t, "1", resp.Trailer.Get("X-Sum"))
	}
}
