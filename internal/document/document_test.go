package document

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/query"
)

// What is read is written as it was, the keys in their order.
func TestRoundTrip(t *testing.T) {
	for document, want := range map[string]Request{
		`{}`: {},
		`{"url":"https://a.test","headers":[{"name":"A","value":["1","2"]},{"name":"B","secret":"b"}],"qs":[]}`: {URL: "https://a.test",
			Headers: []Header{{"A", "1"}, {"A", "2"}}, HeaderSecrets: []HeaderSecret{{"B", "b"}}, Query: []query.Pair{}},
		`{"qs":[{"name":"x","value":{"b":1.0,"a":[null]}}],"useQuerystring":true,"bodyType":"raw","contentType":"a/b","data":"c"}`: {
			Query:          []query.Pair{{Name: "x", Value: []query.Pair{{Name: "b", Value: json.Number("1.0")}, {Name: "a", Value: []any{nil}}}}},
			PlainQueryKeys: true, Body: Body{Type: Raw, ContentType: "a/b", Data: []byte("c"), IsText: true}},
		`{"bodyType":"raw","data":{"$base64":"/w=="}}`: {Body: Body{Type: Raw, Data: []byte{0xff}}},
		`{"bodyType":"multipart_form_data","formDataFields":[{"fieldType":"text","key":"k","value":"v"},{"fieldType":"file","key":"f","file":"a.txt"}]}`: {
			Body: Body{Type: Multipart, Parts: []Part{{Name: "k", Value: "v"}, {Name: "f", Path: "a.txt"}}}},
		`{"authUser":"u","authPass":{"secret":"s"},"timeout":1.5,"maxRedirects":0}`: {Auth: &Auth{User: "u", Secret: "s"},
			Timeout: 1500 * time.Millisecond, Redirect: Redirect{Max: -1}},
		`{"ca":"roots","rejectUnauthorized":false,"verify":{"name":"n"},"protocol":{"minTls":"1.2","maxTls":"1.3","http":2}}`: {
			Roots: Roots{Name: "roots"}, Verify: Verify{Off: true, Name: "n"}, Protocol: Protocol{MinTLS: 0x0303, MaxTLS: 0x0304, HTTP: 2}},
		`{"later":{"a":1}}`: {Extra: map[string]json.RawMessage{"later": json.RawMessage(`{"a":1}`)}},
	} {
		r, faults := Read([]byte(document))
		require.Empty(t, faults, document)
		assert.Equal(t, &want, r, document)
		written, err := r.Append(nil)
		require.NoError(t, err, document)
		assert.Equal(t, document, string(written))
	}
}

// Exports carry the empty cells of their form.
func TestEmptyCellsOfParts(t *testing.T) {
	for row, want := range map[string]Part{
		`{"fieldType":"text","key":"a","value":"b","data":"","fileName":""}`: {Name: "a", Value: "b"},
		`{"data":"","fileName":"","value":"b","key":"a","fieldType":"text"}`: {Name: "a", Value: "b"},
		`{"fieldType":"file","key":"a","data":"","fileName":"f"}`:            {Name: "a", FileName: "f", Data: []byte{}},
		`{"fieldType":"file","key":"a","data":"","file":"a.txt"}`:            {Name: "a", Path: "a.txt"},
	} {
		r, faults := Read([]byte(`{"bodyType":"multipart_form_data","formDataFields":[` + row + `]}`))
		require.Empty(t, faults, row)
		assert.Equal(t, []Part{want}, r.Body.Parts, row)
	}
	_, faults := Read([]byte(`{"bodyType":"multipart_form_data","formDataFields":[{"fieldType":"text","key":"a","data":"x"}]}`))
	assert.NotEmpty(t, faults)
}

func TestNumbersAreJSONs(t *testing.T) {
	for value, want := range map[string]int{`5`: 5, `5.0`: 5, `1e1`: 10, `"5"`: 5, `0.0`: -1, `1E+2`: 100} {
		r, faults := Read([]byte(`{"maxRedirects":` + value + `}`))
		require.Empty(t, faults, value)
		assert.Equal(t, want, r.Redirect.Max, value)
	}
	for value, want := range map[string]time.Duration{`40.0`: 40 * time.Second, `4e1`: 40 * time.Second, `" 40 "`: 40 * time.Second, `"1.5"`: 1500 * time.Millisecond} {
		r, faults := Read([]byte(`{"timeout":` + value + `}`))
		require.Empty(t, faults, value)
		assert.Equal(t, want, r.Timeout, value)
	}
	for _, document := range []string{`{"maxRedirects":5.5}`, `{"maxRedirects":-1}`, `{"maxRedirects":1e400}`, `{"maxRedirects":1e12}`, `{"maxRedirects":"5.0"}`,
		`{"timeout":"0x10p0"}`, `{"timeout":"0x1_0p0"}`, `{"timeout":"1_0"}`, `{"timeout":"NaN"}`, `{"timeout":"Inf"}`} {
		_, faults := Read([]byte(document))
		assert.Len(t, faults, 1, document)
	}
}

func TestReadNamesEveryKey(t *testing.T) {
	for document, want := range map[string][2]string{
		`[]`:                    {"", Malformed},
		`{`:                     {"", Malformed},
		`{"timeout":0.5}`:       {"timeout", Timeout},
		`{"data":"x"}`:          {"bodyType", Missing},
		`{"bodyType":"x"}`:      {"bodyType", Unknown},
		`{"followRedirect":1}`:  {"followRedirect", Malformed},
		`{"protocol":{"a":""}}`: {"protocol", Malformed},
		`{"bodyType":"multipart_form_data","formDataFields":[{"fieldType":"x"}]}`: {"formDataFields[0]", Malformed},
	} {
		_, faults := Read([]byte(document))
		require.Len(t, faults, 1, document)
		assert.Equal(t, want, [2]string{faults[0].Key, faults[0].Reason}, document)
	}
	_, faults := Read([]byte(`{"gzip":"x","url":1,"bodyType":[]}`))
	require.Len(t, faults, 3)
	assert.Equal(t, []string{"gzip", "url", "bodyType"}, []string{faults[0].Key, faults[1].Key, faults[2].Key})
}

// A fault says what is expected, not what was given: in the wrong place that may
// be a password.
func TestFaultsQuoteNoValues(t *testing.T) {
	for _, document := range []string{
		`{"authPass":"\ud800QZXKV"}`, `{"authPass":"\uQZXKV"}`, `{"authPass":QZXKV}`, `{"authPass":["QZXKV"]}`,
		`{"bodyType":"QZXKV"}`, `{"gzip":"QZXKV"}`, `{"timeout":"QZXKV"}`, `{"maxRedirects":"QZXKV"}`,
		`{"verify":"QZXKV"}`, `{"protocol":{"minTls":"QZXKV"}}`, `{"headers":"QZXKV"}`, `{"headers":[{"name":["QZXKV"]}]}`,
		`{"bodyType":"raw","data":{"$base64":"QZXKV"}}`, `{"bodyType":"raw","data":["QZXKV"]}`,
		`{"bodyType":"multipart_form_data","formDataFields":[{"fieldType":"QZXKV"}]}`,
		`{"bodyType":"multipart_form_data","formDataFields":[{"fieldType":"text","data":"QZXKV"}]}`,
	} {
		_, faults := Read([]byte(document))
		require.Len(t, faults, 1, document)
		assert.False(t, strings.ContainsAny(faults[0].Error(), "QZXKV"), "%s: %v", document, faults[0])
	}
}

func TestAppendRefusesWhatWouldNotComeBack(t *testing.T) {
	for key, r := range map[string]Request{
		"url":  {URL: "\xff"},
		"data": {Body: Body{Type: Raw, Data: []byte("\"\xff\""), IsJSON: true}},
		"qs":   {Query: []query.Pair{{Name: "x", Value: []query.Pair{{Name: "a", Value: 1}, {Name: "a", Value: 2}}}}},
	} {
		_, err := r.Append(nil)
		var e *Error
		require.ErrorAs(t, err, &e, key)
		assert.Equal(t, [2]string{key, NotSerialisable}, [2]string{e.Key, e.Reason})
	}
}

func TestUnknownKeySuggestsTheNearest(t *testing.T) {
	assert.Contains(t, UnknownKey("followredirects"), `"followRedirect"`)
	assert.Contains(t, UnknownKey("header"), `"headers"`)
	for _, key := range []string{"zzz", strings.Repeat("timeout", 1000)} {
		assert.NotContains(t, UnknownKey(key), "did you mean", key)
	}
	assert.Contains(t, Keys(), "formDataFields")
}
