package mtlshttp_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// message is what came over the wire.
type message struct {
	Method, Target, Host string
	Header               http.Header
	Length               int64
	Body                 string // with "BOUNDARY" for a form's own
	Parts                []part
}

type part struct {
	Header  map[string][]string
	Content string
}

// recorder answers nothing and keeps the one request that it saw last.
type recorder struct {
	*httptest.Server
	last message
}

func newRecorder(t testing.TB) *recorder {
	rec := new(recorder)
	rec.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		m := message{Method: r.Method, Target: r.RequestURI, Host: r.Host, Header: r.Header, Length: r.ContentLength, Body: string(body)}
		if kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind == "multipart/form-data" && params["boundary"] != "" {
			m.Parts = partsOf(t, m.Body, params["boundary"])
			m.Body = strings.ReplaceAll(m.Body, params["boundary"], "BOUNDARY")
			m.Header.Set("Content-Type", strings.ReplaceAll(r.Header.Get("Content-Type"), params["boundary"], "BOUNDARY"))
		}
		rec.last = m
	}))
	t.Cleanup(rec.Close)
	return rec
}

func partsOf(t testing.TB, body, boundary string) (parts []part) {
	form := multipart.NewReader(strings.NewReader(body), boundary)
	for {
		p, err := form.NextRawPart()
		if err == io.EOF {
			return parts
		}
		if !assert.NoError(t, err) {
			return parts
		}
		content, err := io.ReadAll(p)
		assert.NoError(t, err)
		parts = append(parts, part{p.Header, string(content)})
	}
}

var seedFlag = flag.Uint64("seed", 0, "of the requests that are made; 0: another each time")

// generator makes requests of every kind, from one seed.
type generator struct{ *rand.Rand }

func (g generator) chance(percent int) bool { return g.IntN(100) < percent }

func pick[T any](g generator, list ...T) T { return list[g.IntN(len(list))] }

// text is up to a dozen pieces that somebody's escaping trips over.
func (g generator) text() string {
	var b strings.Builder
	for range g.IntN(5) * g.IntN(4) {
		b.WriteString(pick(g, "a", "Z", "7", " ", "+", "&", "=", "?", "#", "%", "%41", "%zz", "/", "[", "]", "[]", `"`, "'", "<", ">", `\`, "{{1.data}}",
			"é", "日本", "😀", "\u2028", "\ufffd", "$base64", "*", "!", "(", ";", ",", ":", "@", "\t", "\r\n", "null", "-"))
	}
	if g.chance(1) {
		b.WriteByte(0xff)
	}
	return b.String()
}

// value is one of a parameter.
func (g generator) value(depth int) any {
	switch g.IntN(14) {
	case 0:
		return nil
	case 1:
		return g.chance(50)
	case 2:
		return pick[any](g, 0, -1, int64(1)<<60, uint8(200), 1.5, 1e21, 1e-7, -0.25, 1e20, float32(0.1), 123456789.125)
	case 3:
		return json.Number(pick(g, "1", "1.0", "-0", "1e3", "1E-9", "12345678901234567890", "0.10"))
	case 4, 5:
		list := []any{}
		for range g.IntN(4) * max(1-depth/3, 0) {
			list = append(list, g.value(depth+1))
		}
		return list
	case 6, 7:
		object := []mtlshttp.Param{}
		for range g.IntN(4) * max(1-depth/3, 0) {
			object = append(object, mtlshttp.Param{Name: g.text(), Value: g.value(depth + 1)})
		}
		return object
	}
	return g.text()
}

func (g generator) params() []mtlshttp.Param {
	params := []mtlshttp.Param{}
	for range g.IntN(5) {
		params = append(params, mtlshttp.Param{Name: pick(g, "a", "b", "a[0]", "a[b]", g.text()), Value: g.value(0)})
	}
	return params
}

func (g generator) bytes() []byte {
	data := make([]byte, g.IntN(3)*g.IntN(50))
	for i := range data {
		data[i] = byte(g.IntN(256))
	}
	return data
}

func (g generator) part() mtlshttp.Part {
	p := mtlshttp.Part{Name: g.text(), ContentType: pick(g, "", "", "text/csv", "application/x-ours; v=1")}
	switch g.IntN(4) {
	case 0:
		p.FileName, p.Data = g.text(), g.bytes()
	case 1:
		p.FileName, p.Path = pick(g, "", g.text()), pick(g, "a.txt", "./sub/b.bin")
	case 2:
		p.FileName = "empty.pdf"
	default:
		p.Value = g.text()
	}
	return p
}

func (g generator) body() mtlshttp.Body {
	contentType := pick(g, "", "text/plain", "application/json", "custom", "text/xml; charset=utf-8")
	switch g.IntN(7) {
	case 0:
		return mtlshttp.Raw(contentType, g.bytes())
	case 1:
		return mtlshttp.Text(contentType, g.text())
	case 2:
		return mtlshttp.JSON(map[string]any{"text": g.text(), "list": []any{1.5, nil, true, "<&>"}, "number": json.Number("1.10")})
	case 3, 4:
		return mtlshttp.Form(g.params()...)
	case 5:
		parts := make([]mtlshttp.Part, g.IntN(5))
		for i := range parts {
			parts[i] = g.part()
		}
		return mtlshttp.Multipart(parts...)
	}
	return mtlshttp.Body{}
}

func (g generator) headers() (headers []mtlshttp.Header) {
	for range g.IntN(6) {
		headers = append(headers, mtlshttp.Header{
			Name:  pick(g, "X-A", "x-a", "X-B", "x-c", "Accept", "User-Agent", "Cookie", "Content-Type", "Accept-Encoding", "Authorization", "X-Api-Key", "Host"),
			Value: pick(g, "", "1", "a, b", "text/plain", strings.NewReplacer("\r\n", "", "\t", "").Replace(g.text())),
		})
	}
	return headers
}

func (g generator) request(origin string) *mtlshttp.Request {
	r := &mtlshttp.Request{
		Method:  pick(g, "", "get", "POST", "Put", "PATCH", "delete", "OPTIONS", "head", "PropFind"),
		URL:     origin + pick(g, "", "/", "/a/../b", "/a%2fb", "//x", "/é ö", "/a+b", "/"+strings.ReplaceAll(g.text(), "\r\n", "")) + pick(g, "", "?", "?a=1&a=2", "?a[b]=c&z", "?q=%zz&é=1"),
		Headers: g.headers(), Body: g.body(),
		PlainQueryKeys: g.chance(50), EscapeURL: g.chance(50), Compressed: g.chance(50), ShareCookies: g.chance(50),
		Parse: g.chance(50), StatusErrors: g.chance(50),
		Redirect: mtlshttp.Redirect{Off: g.chance(30), All: g.chance(30), Max: g.IntN(102) - 1, AllowDowngrade: g.chance(30)},
		Verify:   mtlshttp.Verify{Off: g.chance(30)},
		Protocol: mtlshttp.Protocol{MinTLS: pick[uint16](g, 0, 0x303), MaxTLS: pick[uint16](g, 0, 0x303, 0x304), HTTP: pick(g, 0, 1)},
		Timeout:  pick(g, 0, time.Second, 300*time.Second, time.Second+time.Duration(g.Int64N(int64(299*time.Second)))),
		Origins:  pick(g, nil, []string{"*.a.test", "https://b.test:8443"}), Secret: pick(g, nil, []string{"X-B"}),
	}
	if g.chance(60) {
		r.Query = g.params()
	}
	if g.chance(30) {
		r.Auth = &mtlshttp.BasicAuth{User: pick(g, "", "ü", "user"), Password: g.text()}
	}
	if r.Auth != nil && g.chance(30) {
		r.Auth.Password, r.Auth.Secret = "", "password"
	}
	if g.chance(30) {
		r.HeaderSecrets = []mtlshttp.HeaderSecret{{Name: "X-D", Secret: "token"}}
	}
	return r
}

// A request that was written and read again puts the same on the wire.
func TestWireIsTheSameAfterARoundTrip(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	defer func() {
		if t.Failed() {
			t.Logf("again with -args -seed %d", seed)
		}
	}()
	g := generator{rand.New(rand.NewPCG(seed, 0))}
	rec := newRecorder(t)
	executor := newExecutor(t)
	executor.Files = fstest.MapFS{"a.txt": {Data: []byte("hello")}, "sub/b.bin": {Data: []byte{0, 255, 10}}}
	executor.Secrets = newVault()
	session := &mtlshttp.Session{Executor: executor, Jar: new(mtlshttp.Jar)}
	send := func(r *mtlshttp.Request) (message, error) {
		rec.last = message{}
		_, err := session.Do(t.Context(), r)
		return rec.last, err
	}
	const n = 600
	sent, unwritable := 0, 0
	for i := range n {
		r := g.request(rec.URL)
		if r.Validate() != nil {
			continue
		}
		before, err := send(r)
		require.NoError(t, err, "request %d", i)
		document, err := json.Marshal(r)
		if err != nil {
			unwritable++
			fault := failureOf(t, err)
			require.Equal(t, "not-serialisable", fault.Reason)
			require.Contains(t, mtlshttp.DocumentKeys(), strings.Split(fault.Field, "[")[0])
			continue
		}
		back := new(mtlshttp.Request)
		require.NoError(t, json.Unmarshal(document, back), "request %d: %s", i, document)
		after, err := send(back)
		require.NoError(t, err, "request %d: %s", i, document)
		require.Equal(t, before, after, "request %d: %s", i, document)
		again, err := json.Marshal(back)
		require.NoError(t, err)
		require.Equal(t, string(document), string(again))
		// What does not show on the wire is the same as well.
		was, is := *r, *back
		for _, q := range []*mtlshttp.Request{&was, &is} {
			q.Headers, q.Query, q.Body = nil, nil, mtlshttp.Body{}
		}
		require.Equal(t, was, is, "request %d: %s", i, document)
		sent++
	}
	assert.Greater(t, sent, n/2, "most of the requests that are made are valid")
	assert.NotZero(t, unwritable)
	t.Logf("%d of %d requests sent twice, %d that cannot be written", sent, n, unwritable)
}

func TestRequestsThatDoNotComeBackAreNotWritten(t *testing.T) {
	type param = mtlshttp.Param
	for name, c := range map[string]struct {
		field   string
		request mtlshttp.Request
	}{
		"header":          {"headers", mtlshttp.Request{Headers: []mtlshttp.Header{{Name: "A", Value: "\xff"}}}},
		"query":           {"qs", mtlshttp.Request{Query: []param{{Name: "\xff"}}}},
		"nested":          {"qs", mtlshttp.Request{Query: []param{{Name: "a", Value: []any{[]param{{Name: "a", Value: "\xff"}}}}}}},
		"twice":           {"qs", mtlshttp.Request{Query: []param{{Name: "a", Value: []param{{Name: "b"}, {Name: "b"}}}}}},
		"type":            {"qs", mtlshttp.Request{Query: []param{{Name: "a", Value: make(chan int)}}}},
		"form":            {"formFields", mtlshttp.Request{Body: mtlshttp.Form(param{Name: "a", Value: "\xff"})}},
		"part":            {"formDataFields", mtlshttp.Request{Body: mtlshttp.Multipart(mtlshttp.Part{Name: "a", Value: "\xff"})}},
		"part's reader":   {"formDataFields[1]", mtlshttp.Request{Body: mtlshttp.Multipart(mtlshttp.Part{Name: "a"}, mtlshttp.Part{Reader: strings.NewReader("")})}},
		"part's files":    {"formDataFields[0]", mtlshttp.Request{Body: mtlshttp.Multipart(mtlshttp.Part{Path: "a", FS: fstest.MapFS{}})}},
		"reader":          {"data", mtlshttp.Request{Body: mtlshttp.Reader("", strings.NewReader(""), 0)}},
		"password":        {"authPass", mtlshttp.Request{Auth: &mtlshttp.BasicAuth{User: "u", Password: "\xff"}}},
		"certificates":    {"ca", mtlshttp.Request{Roots: newRoots(t)}},
		"identity":        {"identity", mtlshttp.Request{Identity: new(mtlshttp.Credential)}},
		"malformed extra": {"x", mtlshttp.Request{Extra: map[string]json.RawMessage{"x": json.RawMessage("{")}}},
	} {
		_, err := c.request.MarshalJSON()
		fault := failureOf(t, err)
		assert.Equal(t, c.field, fault.Field, name)
		assert.Equal(t, "not-serialisable", fault.Reason, name)
		assert.NotContains(t, fmt.Sprint(err), "\xff", name)
	}
	raw := mtlshttp.Request{URL: "http://a.test", Body: mtlshttp.Text("", "\xff")}
	document, err := json.Marshal(&raw)
	require.NoError(t, err, "bytes have a form of their own")
	assert.Contains(t, string(document), `{"$base64":"/w=="}`)
}

func newRoots(t testing.TB) mtlshttp.Roots {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	return ca.Roots()
}
