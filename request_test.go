package mtlshttp_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

// faultsOf are the fields that an error is about.
func faultsOf(t testing.TB, err error) map[string]mtlshttp.Kind {
	t.Helper()
	f := failureOf(t, err)
	fields := map[string]mtlshttp.Kind{f.Field: f.Kind}
	for _, fault := range f.Faults {
		fields[fault.Field] = fault.Kind
	}
	return fields
}

func TestValidateRefuses(t *testing.T) {
	ok := mtlshttp.Request{URL: "https://a.test/"}
	cases := []struct {
		name   string
		change func(*mtlshttp.Request)
		field  string
		kind   mtlshttp.Kind
	}{
		{"no URL", func(r *mtlshttp.Request) { r.URL = "" }, "url", mtlshttp.KindURL},
		{"ftp", func(r *mtlshttp.Request) { r.URL = "ftp://a.test" }, "url", mtlshttp.KindURL},
		{"no host", func(r *mtlshttp.Request) { r.URL = "https:///x" }, "url", mtlshttp.KindURL},
		{"port", func(r *mtlshttp.Request) { r.URL = "https://a.test:99999/" }, "url", mtlshttp.KindURL},
		{"long URL", func(r *mtlshttp.Request) { r.URL += strings.Repeat("x", 70_000) }, "url", mtlshttp.KindLimit},
		{"method", func(r *mtlshttp.Request) { r.Method = "GE T" }, "method", mtlshttp.KindConfig},
		{"half a second", func(r *mtlshttp.Request) { r.Timeout = 500 * time.Millisecond }, "timeout", mtlshttp.KindConfig},
		{"301 seconds", func(r *mtlshttp.Request) { r.Timeout = 301 * time.Second }, "timeout", mtlshttp.KindConfig},
		{"negative timeout", func(r *mtlshttp.Request) { r.Timeout = -1 }, "timeout", mtlshttp.KindConfig},
		{"CR in a value", func(r *mtlshttp.Request) { r.Headers = []mtlshttp.Header{{Name: "X", Value: "a\r\nY: b"}} }, "headers[0]", mtlshttp.KindConfig},
		{"LF in a name", func(r *mtlshttp.Request) { r.Headers = []mtlshttp.Header{{Name: "X\nY", Value: "a"}} }, "headers[0]", mtlshttp.KindConfig},
		{"no name", func(r *mtlshttp.Request) { r.Headers = []mtlshttp.Header{{Value: "a"}} }, "headers[0]", mtlshttp.KindConfig},
		{"managed", func(r *mtlshttp.Request) { r.Headers = []mtlshttp.Header{{Name: "content-length", Value: "3"}} }, "headers[0]", mtlshttp.KindConfig},
		{"empty Host", func(r *mtlshttp.Request) { r.Headers = []mtlshttp.Header{{Name: "Host", Value: ""}} }, "headers[0]", mtlshttp.KindConfig},
		{"colon in user", func(r *mtlshttp.Request) { r.Auth = &mtlshttp.BasicAuth{User: "a:b"} }, "authUser", mtlshttp.KindConfig},
		{"nil reader", func(r *mtlshttp.Request) { r.Body = mtlshttp.Reader("", nil, 0) }, "data", mtlshttp.KindConfig},
		{"not JSON", func(r *mtlshttp.Request) { r.Body = mtlshttp.JSON(make(chan int)) }, "data", mtlshttp.KindConfig},
		{"both identities", func(r *mtlshttp.Request) { r.Credentials, r.Identity = "a", new(mtlshttp.Credential) }, "credentials", mtlshttp.KindConfig},
		{"required and none", func(r *mtlshttp.Request) { r.RequireClientCertificate = true }, "requireClientCertificate", mtlshttp.KindConfig},
		{"origin", func(r *mtlshttp.Request) { r.Origins = []string{"*"} }, "origins[0]", mtlshttp.KindConfig},
		{"roots", func(r *mtlshttp.Request) { r.Roots.PEM = "-----BEGIN CERTIFICATE-----" }, "ca", mtlshttp.KindConfig},
		{"redirects", func(r *mtlshttp.Request) { r.Redirect.Max = 101 }, "maxRedirects", mtlshttp.KindConfig},
		{"TLS 1.1", func(r *mtlshttp.Request) { r.Protocol.MinTLS = 0x0302 }, "protocol", mtlshttp.KindConfig},
		{"HTTP/3", func(r *mtlshttp.Request) { r.Protocol.HTTP = 3 }, "protocol", mtlshttp.KindConfig},
		{"unknown key", func(r *mtlshttp.Request) { r.Extra = map[string]json.RawMessage{"timeOut": nil} }, "timeOut", mtlshttp.KindConfig},
	}
	require.NoError(t, ok.Validate())
	e := newExecutor(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := ok
			c.change(&r)
			fields := faultsOf(t, r.Validate())
			assert.Equal(t, c.kind, fields[c.field], "%v", fields)
			_, err := e.Do(t.Context(), &r) // refused before anything is sent
			assert.EqualValues(t, "validate", failureOf(t, err).Phase)
		})
	}
}

func TestValidateReportsEveryFault(t *testing.T) {
	r := mtlshttp.Request{URL: "gopher://x", Method: "a b", Timeout: 1, Headers: []mtlshttp.Header{{Name: ""}}}
	fields := faultsOf(t, r.Validate())
	assert.Len(t, fields, 4)
}

func TestUnknownKeysNameTheNearest(t *testing.T) {
	for key, nearest := range map[string]string{"timeOut": "timeout", "followRedirects": "followRedirect", "rejectUnauthorised": "rejectUnauthorized",
		"formdataFields": "formDataFields"} {
		var r mtlshttp.Request
		require.NoError(t, json.Unmarshal(fmt.Appendf(nil, `{"url": "https://a.test", %q: 1}`, key), &r))
		assert.ErrorContains(t, r.Validate(), fmt.Sprintf("%q", nearest))
	}
}

func TestDocumentOptions(t *testing.T) {
	read := func(text string) (mtlshttp.Request, error) {
		var r mtlshttp.Request
		err := json.Unmarshal([]byte(text), &r)
		return r, err
	}
	var zero mtlshttp.Request
	for _, text := range []string{`{}`, `{"timeout": null, "gzip": null, "ca": null, "headers": null, "bodyType": null, "qs": null}`,
		`{"timeout": "", "gzip": "", "ca": "", "headers": "", "bodyType": "", "method": "", "qs": "", "rejectUnauthorized": ""}`} {
		r, err := read(text)
		require.NoError(t, err, text)
		assert.Equal(t, zero, r, text)
	}
	r, err := read(`{"timeout": "2.5", "rejectUnauthorized": false, "followRedirect": "false", "useQuerystring": true, "qs": []}`)
	require.NoError(t, err)
	assert.Equal(t, 2500*time.Millisecond, r.Timeout)
	assert.True(t, r.Verify.Off)
	assert.True(t, r.Redirect.Off)
	assert.NotNil(t, r.Query)

	for _, text := range []string{`{"timeout": 0}`, `{"timeout": 0.5}`, `{"timeout": 301}`, `{"timeout": 30000}`, `{"timeout": "1e9"}`,
		`{"timeout": true}`, `{"timeout": "NaN"}`} {
		_, err := read(text)
		assert.ErrorContains(t, err, "seconds", text)
		assert.Equal(t, "timeout", failureOf(t, err).Field)
	}
	_, err = read(`{"gzip": 7, "headers": 1, "qs": "a=b", "bodyType": "raw", "data": {"a": 1}}`)
	assert.Len(t, faultsOf(t, err), 4)
}

func TestHeadersOfADocument(t *testing.T) {
	for text, want := range map[string][]mtlshttp.Header{
		`[{"name":"A","value":"1"},{"name":"a","value":"2"},{"name":"B","value":3}]`: {{Name: "a", Value: "2"}, {Name: "B", Value: "3"}},
		`{"A":"1","B":true}`:               {{Name: "A", Value: "1"}, {Name: "B", Value: "true"}},
		`[{"name":"A","value":["1","2"]}]`: {{Name: "A", Value: "1"}, {Name: "A", Value: "2"}},
	} {
		var r mtlshttp.Request
		require.NoError(t, json.Unmarshal([]byte(`{"headers":`+text+`}`), &r))
		assert.Equal(t, want, r.Headers, text)
	}
}

func TestRequestRoundTripsThroughJSON(t *testing.T) {
	full := mtlshttp.Request{
		Method: "post", URL: "https://a.test/x?y=1", Headers: []mtlshttp.Header{{Name: "A", Value: "1"}, {Name: "B", Value: "2"}, {Name: "A", Value: "3"}},
		Query:       []mtlshttp.Param{{Name: "q", Value: []any{"1", json.Number("2"), true, nil}}, {Name: "o", Value: []mtlshttp.Param{{Name: "z", Value: "1"}, {Name: "a", Value: "2"}}}},
		Auth:        &mtlshttp.BasicAuth{User: "u", Password: ""},
		Secret:      []string{"X-Mine"},
		Body:        mtlshttp.Raw("application/octet-stream", []byte{0, 255}),
		Credentials: "bank", UseMutualTLS: true, Origins: []string{"*.a.test"}, RequireClientCertificate: true,
		Roots: mtlshttp.Roots{Name: "ca", Only: true}, Verify: mtlshttp.Verify{Off: true},
		Protocol: mtlshttp.Protocol{MinTLS: 0x0303, MaxTLS: 0x0304, HTTP: 1},
		Redirect: mtlshttp.Redirect{All: true, Max: 3, AllowDowngrade: true}, Timeout: 1500 * time.Millisecond,
		ShareCookies: true, Parse: true, Compressed: true, StatusErrors: true, PlainQueryKeys: true, EscapeURL: true,
	}
	for name, r := range map[string]mtlshttp.Request{
		"zero": {}, "full": full, "empty query": {Query: []mtlshttp.Param{}}, "text": {Body: mtlshttp.Text("text/plain", "x")},
		"form": {Body: mtlshttp.Form(mtlshttp.Param{Name: "a", Value: "b"})}, "type custom": {Body: mtlshttp.Text("custom", "x")},
	} {
		once, err := json.Marshal(&r)
		require.NoError(t, err, name)
		var back mtlshttp.Request
		require.NoError(t, json.Unmarshal(once, &back), name)
		twice, err := json.Marshal(&back)
		require.NoError(t, err, name)
		assert.Equal(t, string(once), string(twice), name)
		if name == "full" {
			back.Headers, r.Headers = nil, nil // fields of one name come to stand together
			assert.Equal(t, r, back)
		}
	}
}

func TestWhatCannotBeWrittenFailsToMarshal(t *testing.T) {
	for field, r := range map[string]*mtlshttp.Request{
		"identity": {Identity: new(mtlshttp.Credential)},
		"data":     {Body: mtlshttp.Reader("", strings.NewReader("x"), 1)},
	} {
		_, err := json.Marshal(r)
		var e *mtlshttp.Error
		require.True(t, errors.As(err, &e), field)
		assert.Equal(t, field, e.Field)
	}
}
