package mtlshttp_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// field is a key of the request document.
type field struct {
	key  string
	with string                      // members that the key needs beside it
	get  func(*mtlshttp.Request) any // what it sets; nil: the key as it is written back
	zero any                         // where the key is missing, null or ""
	reads
	refused []string // values that are refused, by a fault that names the key
}

// reads are values, as JSON, with what they are read as.
type reads map[string]any

// option is a key whose default is false, inverted one whose default is true.
func option(key string, get func(*mtlshttp.Request) any) field {
	return field{key: key, get: get, zero: false, reads: reads{`true`: true, `false`: false, `"true"`: true, `"false"`: false}, refused: noFlags}
}

func inverted(key string, get func(*mtlshttp.Request) any) field {
	return field{key: key, get: get, zero: false, reads: reads{`true`: false, `false`: true, `"true"`: false, `"false"`: true}, refused: noFlags}
}

var noFlags = []string{`1`, `0`, `"yes"`, `"TRUE"`, `[]`, `{}`, `[true]`}

// written is the default of keys that show in no field of a Request.
func written(key string) func(*mtlshttp.Request) any {
	return func(r *mtlshttp.Request) any {
		document, err := json.Marshal(r)
		if err != nil {
			return err
		}
		var keys map[string]any
		if err := json.Unmarshal(document, &keys); err != nil {
			return err
		}
		return keys[key]
	}
}

func fields(t *testing.T) []field {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	pem := string(ca.PEM())
	pemJSON, err := json.Marshal(pem)
	require.NoError(t, err)
	type (
		request  = mtlshttp.Request
		header   = mtlshttp.Header
		param    = mtlshttp.Param
		protocol = mtlshttp.Protocol
	)
	const raw, form, multipart = `"bodyType": "raw"`, `"bodyType": "x_www_form_urlencoded"`, `"bodyType": "multipart_form_data"`
	row := func(row ...string) string { return "[{" + strings.Join(row, ",") + "}]" }
	return []field{
		{key: "credentials", get: func(r *request) any { return r.Credentials }, zero: "", reads: reads{`"bank"`: "bank"},
			refused: []string{`7`, `true`, `{}`, `[]`}},
		option("handleErrors", func(r *request) any { return r.StatusErrors }),
		{key: "url", get: func(r *request) any { return r.URL }, zero: "",
			reads: reads{`"https://a.test/x?y=1#z"`: "https://a.test/x?y=1#z", `"HTTP://a.test"`: "HTTP://a.test", `"https://a.test:8443"`: "https://a.test:8443"},
			refused: []string{`""`, `null`, `" "`, `5`, `[]`, `{}`, `"ftp://a.test/"`, `"/path"`, `"a.test"`, `"https://"`, `"https:///x"`, `"https://a.test:99999/"`, `"https://a b.test/"`,
				`"https://a.test/` + strings.Repeat("x", 64<<10) + `"`}},
		option("serializeUrl", func(r *request) any { return r.EscapeURL }),
		{key: "method", get: func(r *request) any { return r.Method }, zero: "",
			reads: reads{`"get"`: "get", `"PoSt"`: "PoSt", `"PROPFIND"`: "PROPFIND"}, refused: []string{`"GE T"`, `"a\nb"`, `"é"`, `7`, `[]`, `{}`}},
		{key: "headers", get: func(r *request) any { return r.Headers }, zero: []header(nil),
			reads: reads{`[]`: []header(nil), `{}`: []header(nil), `{"A": "1", "B": 2}`: []header{{Name: "A", Value: "1"}, {Name: "B", Value: "2"}},
				`[{"name": "A", "value": "1"}, {"name": "a", "value": null}]`: []header(nil), `[{"name": "A", "value": ""}]`: []header{{Name: "A"}}, `[{"name": "B", "value": true}, {"name": "A", "value": " x"}]`: []header{{Name: "B", Value: "true"}, {Name: "A", Value: " x"}},
				`[{"name": "A", "value": "1"}, {"name": "a", "secret": "s"}]`: []header(nil), `[{"name": "A", "secret": "s"}, {"name": "a", "value": "1", "secret": ""}]`: []header{{Name: "a", Value: "1"}}},
			refused: []string{`7`, `"A: 1"`, `[7]`, `[{"name": [], "value": "1"}]`, `[{"name": "A", "value": {}}]`, `[{"name": "A", "value": [[]]}]`, `[{"name": "A", "valeu": "1"}]`,
				`[{"name": "", "value": "1"}]`, `[{"value": "1"}]`, `[{"name": "A B", "value": "1"}]`, `[{"name": "A", "value": "1\r\nB: 2"}]`, `[{"name": "A", "value": "\u0000"}]`,
				`{"Content-Length": "1"}`, `{"transfer-encoding": "chunked"}`, `{"Connection": "x-a"}`, `{"Upgrade": "h2c"}`, `{"TE": "trailers"}`, `{"Host": ""}`, `{"Host": "a b"}`, `{"Host": ["a.test", "b.test"]}`,
				`[{"name": "A", "value": "1", "secret": "s"}]`, `[{"name": "A", "secret": 7}]`, `[{"secret": "s"}]`, `{"Host": {"secret": "s"}}`, `[{"name": "Content-Length", "secret": "s"}]`}},
		{key: "qs", get: func(r *request) any { return r.Query }, zero: []param(nil),
			reads: reads{`[]`: []param{}, `{}`: []param{}, `{"b": 1.50, "a": null}`: []param{{Name: "b", Value: json.Number("1.50")}, {Name: "a"}},
				`[{"name": "a", "value": {"z": [true], "b": ""}}]`: []param{{Name: "a", Value: []param{{Name: "z", Value: []any{true}}, {Name: "b", Value: ""}}}}},
			refused: []string{`7`, `"a=b"`, `[7]`, `[{"name": {}, "value": 1}]`, `[{"key": "a", "value": 1}]`,
				`{"a": "` + strings.Repeat("x", 64<<10) + `"}`}},
		option("useQuerystring", func(r *request) any { return r.PlainQueryKeys }),
		{key: "secretHeaders", get: func(r *request) any { return r.Secret }, zero: []string(nil), reads: reads{`["X-Mine"]`: []string{"X-Mine"}},
			refused: []string{`"X-Mine"`, `[1]`, `["X Mine"]`, `[""]`, `{}`}},
		option("parseResponse", func(r *request) any { return r.Parse }),
		{key: "authUser", get: func(r *request) any { return r.Auth }, zero: (*mtlshttp.BasicAuth)(nil),
			reads: reads{`"u"`: &mtlshttp.BasicAuth{User: "u"}, `7`: &mtlshttp.BasicAuth{User: "7"}}, refused: []string{`"a:b"`, `"a\u0001"`, `[]`, `{}`}},
		{key: "authPass", get: func(r *request) any { return r.Auth }, zero: (*mtlshttp.BasicAuth)(nil),
			reads: reads{`"p:q"`: &mtlshttp.BasicAuth{Password: "p:q"}, `7`: &mtlshttp.BasicAuth{Password: "7"}, `{"secret": "s"}`: &mtlshttp.BasicAuth{Secret: "s"}}, refused: []string{`[]`, `{}`, `"p\nq"`, `{"secret": ""}`, `{"secret": "s", "x": 1}`}},
		{key: "timeout", get: func(r *request) any { return r.Timeout }, zero: time.Duration(0),
			reads:   reads{`1`: time.Second, `1.5`: 1500 * time.Millisecond, `300`: 300 * time.Second, `"300"`: 300 * time.Second, `" 2.25 "`: 2250 * time.Millisecond, `1.000000001`: time.Second + 1},
			refused: []string{`0`, `"0"`, `0.999`, `300.001`, `30000`, `-1`, `"40s"`, `"NaN"`, `"Inf"`, `true`, `[]`, `{}`, `" "`}},
		option("shareCookies", func(r *request) any { return r.ShareCookies }),
		{key: "jar", with: `"shareCookies": true`, get: func(r *request) any { return r.Jar }, zero: "", reads: reads{`"orders"`: "orders"},
			refused: []string{`7`, `true`, `[]`, `{}`}},
		{key: "ca", get: func(r *request) any { return r.Roots }, zero: mtlshttp.Roots{},
			reads: reads{string(pemJSON): mtlshttp.Roots{PEM: pem}, `"our CA"`: mtlshttp.Roots{Name: "our CA"}},
			refused: []string{`7`, `true`, `[]`, `{}`, `"-----BEGIN CERTIFICATE-----"`, `"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"`,
				`"` + strings.Repeat("x", 257) + `"`}},
		{key: "caOnly", with: `"ca": "our CA"`, get: func(r *request) any { return r.Roots.Only }, zero: false,
			reads: reads{`true`: true, `false`: false, `"true"`: true}, refused: noFlags},
		inverted("rejectUnauthorized", func(r *request) any { return r.Verify.Off }),
		inverted("followRedirect", func(r *request) any { return r.Redirect.Off }),
		option("followAllRedirects", func(r *request) any { return r.Redirect.All }),
		{key: "maxRedirects", get: func(r *request) any { return r.Redirect.Max }, zero: 0, reads: reads{`0`: -1, `1`: 1, `"100"`: 100},
			refused: []string{`-1`, `101`, `1.5`, `"x"`, `true`, `[]`, `{}`}},
		option("followOriginalHttpMethod", func(r *request) any { return r.Redirect.KeepMethod }),
		option("removeRefererHeader", func(r *request) any { return r.Redirect.NoReferer }),
		option("allowDowngrade", func(r *request) any { return r.Redirect.AllowDowngrade }),
		option("gzip", func(r *request) any { return r.Compressed }),
		option("confirmHandshake", func(r *request) any { return r.ConfirmHandshake }),
		option("useMtls", func(r *request) any { return r.UseMutualTLS }),
		{key: "origins", get: func(r *request) any { return r.Origins }, zero: []string(nil),
			reads: reads{`["https://a.test:8443", "b.test", "*.c.test"]`: []string{"https://a.test:8443", "b.test", "*.c.test"}}, refused: []string{`"a.test"`, `[1]`, `["*"]`, `["ftp://a.test"]`, `[""]`, `{}`}},
		{key: "requireClientCertificate", with: `"credentials": "bank"`, get: func(r *request) any { return r.RequireClientCertificate }, zero: false,
			reads: reads{`true`: true, `false`: false}, refused: noFlags},
		{key: "verify", get: func(r *request) any { return r.Verify }, zero: mtlshttp.Verify{},
			reads:   reads{`{}`: mtlshttp.Verify{}, `{"name": "a.test", "allowExpired": true}`: mtlshttp.Verify{Name: "a.test", AllowExpired: true}, `{"skipName": "true"}`: mtlshttp.Verify{SkipName: true}},
			refused: []string{`"off"`, `[]`, `{"off": true}`, `{"pins": "x"}`, `{"pins": ["x"]}`, `{"name": 1}`, `{"name": "a", "skipName": true}`}},
		{key: "crl", get: func(r *request) any { return r.Roots.CRLs }, zero: [][]byte(nil), reads: reads{`[]`: [][]byte(nil)}, refused: []string{`"x"`, `["x"]`, `{}`, `[[]]`}},
		{key: "protocol", get: func(r *request) any { return r.Protocol }, zero: protocol{},
			reads:   reads{`{}`: protocol{}, `{"minTls": "1.2", "maxTls": 1.3, "http": 2}`: protocol{MinTLS: 0x303, MaxTLS: 0x304, HTTP: 2}, `{"http": "1"}`: protocol{HTTP: 1}},
			refused: []string{`"1.3"`, `[]`, `{"minTls": "1.3", "renegotiate": true}`, `{"minTls": "1.1"}`, `{"minTls": "1.3", "maxTls": "1.2"}`, `{"http": 3}`, `{"tls": "1.2"}`}},

		{key: "bodyType", zero: nil, reads: reads{`"raw"`: "raw", `"x_www_form_urlencoded"`: "x_www_form_urlencoded", `"multipart_form_data"`: "multipart_form_data"},
			refused: []string{`"RAW"`, `"json"`, `7`, `[]`, `{}`}},
		{key: "contentType", with: raw, zero: nil, reads: reads{`"text/xml; charset=utf-8"`: "text/xml; charset=utf-8", `"custom"`: nil}, refused: []string{`"a\nb"`, `[]`, `{}`}},
		{key: "customContentType", with: raw + `, "contentType": "custom"`, get: written("contentType"), zero: nil, reads: reads{`"application/x-ours"`: "application/x-ours"},
			refused: []string{`[]`, `{}`}},
		{key: "data", with: raw, zero: "", reads: reads{`" x\n"`: " x\n", `7.0`: "7.0", `true`: "true", `{"$base64": "AP8="}`: map[string]any{"$base64": "AP8="}},
			refused: []string{`{}`, `[]`, `{"a": 1}`, `{"$base64": "?"}`, `{"$base64": 1}`, `{"$base64": "AA==", "x": 1}`}},
		{key: "formFields", with: form, zero: []any{},
			reads:   reads{`[]`: []any{}, `[{"key": "a", "value": "b"}]`: []any{map[string]any{"key": "a", "value": "b"}}, `{"a": [1]}`: []any{map[string]any{"key": "a", "value": []any{1.0}}}},
			refused: []string{`7`, `[7]`, `[{"name": "a", "value": "b"}]`, `[{"key": [], "value": "b"}]`}},
		{key: "formDataFields", with: multipart, zero: []any{},
			reads: reads{`[]`: []any{}, row(`"fieldType": "text"`, `"key": "a"`, `"value": 7`): []any{map[string]any{"fieldType": "text", "key": "a", "value": "7"}},
				row(`"fieldType": "file"`, `"key": "f"`, `"data": "x"`, `"fileName": "f.txt"`):          []any{map[string]any{"fieldType": "file", "key": "f", "data": map[string]any{"$base64": "eA=="}, "fileName": "f.txt"}},
				row(`"fieldType": "file"`, `"key": "f"`, `"file": "x.bin"`, `"contentType": "a/b"`):     []any{map[string]any{"fieldType": "file", "key": "f", "file": "x.bin", "contentType": "a/b"}},
				row(`"fieldType": "file"`, `"key": "f"`, `"data": null`, `"fileName": "", "value": ""`): []any{map[string]any{"fieldType": "file", "key": "f", "data": map[string]any{"$base64": ""}}},
			},
			refused: []string{`7`, `"x"`, `{}`, `[7]`, row(`"fieldType": "blob"`), row(`"key": []`), row(`"key": "a"`, `"valeu": "b"`), row(`"key": "a"`, `"data": "x"`), row(`"key": "a"`, `"fileName": "x"`),
				row(`"fieldType": "file"`, `"data": []`), row(`"fieldType": "file"`, `"data": "x"`, `"file": "y"`), row(`"fieldType": "file"`, `"data": "x"`, `"value": "y"`),
				row(`"key": "a\u0000"`), row(`"fieldType": "file"`, `"fileName": "a\u0001"`), row(`"key": "a"`, `"contentType": "a\nb"`), row(`"key": "` + strings.Repeat("x", 64<<10) + `"`)}},
	}
}

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

// readDocument reads a request document and validates it.
func readDocument(text string) (*mtlshttp.Request, error) {
	r := new(mtlshttp.Request)
	if err := json.Unmarshal([]byte(text), r); err != nil {
		return nil, err
	}
	return r, r.Validate()
}

// document is a request with one key more.
func (f field) document(member string) string {
	members := []string{`"url": "https://a.test/"`, f.with, member}
	if f.key == "url" {
		members = members[1:]
	}
	return "{" + strings.Join(slices.DeleteFunc(members, func(m string) bool { return m == "" }), ", ") + "}"
}

func TestFields(t *testing.T) {
	for _, f := range fields(t) {
		get := f.get
		if get == nil {
			get = written(f.key)
		}
		t.Run(f.key, func(t *testing.T) {
			for _, member := range []string{"", `"` + f.key + `": null`, `"` + f.key + `": ""`} {
				r, err := readDocument(f.document(member))
				if f.key == "url" {
					assert.Equal(t, mtlshttp.KindURL, failureOf(t, err).Kind, "required")
				} else {
					require.NoError(t, err, member)
				}
				require.NotNil(t, r)
				assert.Equal(t, f.zero, get(r), member)
			}
			for value, want := range f.reads {
				text := f.document(fmt.Sprintf("%q: %s", f.key, value))
				r, err := readDocument(text)
				require.NoError(t, err, value)
				assert.Equal(t, want, get(r), value)

				again, err := json.Marshal(r)
				require.NoError(t, err, value)
				back, err := readDocument(string(again))
				require.NoError(t, err, value)
				assert.Equal(t, want, get(back), "%s through %s", value, again)
			}
			for _, value := range f.refused {
				shown := value[:min(len(value), 80)]
				_, err := readDocument(f.document(fmt.Sprintf("%q: %s", f.key, value)))
				var fault *mtlshttp.Error
				if assert.ErrorAs(t, err, &fault, shown) {
					name, _, _ := strings.Cut(fault.Field, "[")
					assert.Equal(t, f.key, name, "%s: %v", shown, err)
					assert.Contains(t, []string{"InvalidConfigurationError", "MaxFileSizeExceededError"}, fault.Type)
				}
			}
		})
	}
}

func TestEveryKeyOfTheDocumentHasARow(t *testing.T) {
	var rows []string
	for _, f := range fields(t) {
		rows = append(rows, f.key)
		assert.NotEmpty(t, f.reads, f.key)
		assert.NotEmpty(t, f.refused, f.key)
	}
	assert.ElementsMatch(t, mtlshttp.DocumentKeys(), rows)
}

// The table that people read has every key, and no other.
func TestEveryKeyOfTheDocumentIsDocumented(t *testing.T) {
	text, err := os.ReadFile("docs/fields.md")
	require.NoError(t, err)
	var keys []string
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "| `"); ok {
			key, _, _ := strings.Cut(rest, "`")
			keys = append(keys, key)
			assert.Equal(t, 7, strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"), "the row of %s has six cells", key)
			assert.NotContains(t, line, "|  |", "an empty cell of %s", key)
		}
	}
	assert.ElementsMatch(t, mtlshttp.DocumentKeys(), keys)
}

// Nothing that a document's keys are given may be held by one that is wrong.
func TestADocumentThatIsRefusedChangesNothing(t *testing.T) {
	r := mtlshttp.Request{URL: "https://a.test/", Method: "PUT"}
	before := r
	err := json.Unmarshal([]byte(`{"url": "https://b.test/", "timeout": 0}`), &r)
	require.ErrorIs(t, err, mtlshttp.KindConfig)
	assert.Equal(t, before, r)
}

func TestDocumentsThatAreNone(t *testing.T) {
	for _, text := range []string{`[]`, `"x"`, `7`, `true`, `{"url": "a", "url": "b"}`, "{\"url\": \"\xff\"}", `{"url": ` + nested(600) + `}`} {
		var r mtlshttp.Request
		err := r.UnmarshalJSON([]byte(text))
		var fault *mtlshttp.Error
		require.True(t, errors.As(err, &fault), text)
		assert.Equal(t, "InvalidConfigurationError", fault.Type, text)
	}
}

func TestSecretsOfADocumentAreInNoFault(t *testing.T) {
	for _, text := range []string{
		`{"url": "https://u:hunter2@a b.test/"}`, `{"url": "https://a.test", "authPass": ["hunter2"]}`, `{"url": "https://a.test", "authUser": "u:hunter2"}`,
		`{"url": "https://a.test", "headers": [{"name": "A", "value": "hunter2\n"}]}`, `{"url": "https://a.test", "data": "hunter2"}`,
		`{"url": "https://a.test", "bodyType": "raw", "data": {"$base64": "hunter2!"}}`, `{"url": "https://a.test", "ca": "-----BEGIN hunter2"}`,
		`{"url": "https://a.test", "qs": {"a": ["hunter2", ` + nested(600) + `]}}`,
	} {
		_, err := readDocument(text)
		require.Error(t, err, text)
		assert.NotContains(t, fmt.Sprintf("%v %+v", err, err), "hunter2", text)
		document, marshalErr := json.Marshal(failureOf(t, err))
		require.NoError(t, marshalErr)
		assert.NotContains(t, string(document), "hunter2", text)
	}
}
