package blueprint

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// one reads a single module of the version with the given parameters and mapper.
func one(t testing.TB, version int, parameters, mapper string) *Module {
	t.Helper()
	name := map[int]string{3: "http:ActionSendData", 4: "http:MakeRequest"}[version]
	return named(t, name, version, parameters, mapper)
}

func named(t testing.TB, name string, version int, parameters, mapper string) *Module {
	t.Helper()
	s, err := Parse(fmt.Appendf(nil, `{"flow":[{"id":7,"module":%q,"version":%d,"parameters":%s,"mapper":%s}]}`, name, version, parameters, mapper))
	require.NoError(t, err)
	require.Len(t, s.Modules, 1)
	m := &s.Modules[0]
	assert.Empty(t, unaccounted(t, m))
	return m
}

func faultCodes(m *Module) (codes []string) {
	for _, f := range m.Faults {
		codes = append(codes, string(f.Code)+" "+strings.TrimPrefix(f.Path, m.Route+"."))
	}
	return codes
}

func noteCodes(m *Module) (codes []string) {
	for _, n := range m.Notes {
		codes = append(codes, string(n.Code)+" "+strings.TrimPrefix(n.Path, m.Route+"."))
	}
	return codes
}

func TestDocument(t *testing.T) {
	for name, c := range map[string]struct {
		version            int
		parameters, mapper string
		want               string
	}{
		"order is kept": {3, `{"handleErrors":true}`, `{"timeout":"40","url":"u","gzip":true,"method":"get"}`,
			`{"handleErrors":true,"timeout":"40","url":"u","gzip":true,"method":"get"}`},
		"headers as an object": {3, `{}`, `{"url":"u","headers":{"b":"1","a":"2"}}`, `{"url":"u","headers":{"b":"1","a":"2"}}`},
		"numbers are exact":    {3, `{}`, `{"url":"u","qs":[{"name":"n","value":12345678901234567890}]}`, `{"url":"u","qs":[{"name":"n","value":12345678901234567890}]}`},
		"a header's value is text": {3, `{}`, `{"url":"u","headers":[{"name":"n","value":5},{"name":"b","value":true}]}`,
			`{"url":"u","headers":[{"name":"n","value":"5"},{"name":"b","value":"true"}]}`},
		"switches as text": {3, `{}`, `{"url":"u","gzip":"true","shareCookies":"FALSE"}`, `{"url":"u","gzip":true,"shareCookies":false}`},
		"missing stays":    {3, `{}`, `{"url":"u","gzip":"","timeout":null,"ca":"","qs":null}`, `{"url":"u","gzip":"","timeout":null,"ca":"","qs":null}`},
		"idle body keys": {3, `{}`, `{"url":"u","bodyType":"","data":"x","contentType":"text/plain","formFields":[]}`,
			`{"url":"u","bodyType":""}`},
		"version 4's names": {4, `{}`, `{"url":"u","queryParameters":[{"name":"a","value":"b"}],"stopOnHttpError":true,"allowRedirects":false,"requestCompressedContent":true}`,
			`{"url":"u","qs":[{"name":"a","value":"b"}],"handleErrors":true,"followRedirect":false,"followAllRedirects":false,"gzip":true}`},
		"version 4 form": {4, `{}`, `{"url":"u","contentType":"urlEncoded","urlEncodedBodyContent":[{"name":"a","value":1}]}`,
			`{"url":"u","bodyType":"x_www_form_urlencoded","formFields":[{"key":"a","value":1}]}`},
		"version 4 custom": {4, `{}`, `{"url":"u","contentType":"custom","contentTypeValue":"text/csv","rawBodyContent":"a;b"}`,
			`{"url":"u","bodyType":"raw","contentType":"custom","customContentType":"text/csv","data":"a;b"}`},
		"version 4 json text": {4, `{}`, `{"url":"u","contentType":"json","inputMethod":"jsonString","jsonStringBodyContent":"{}","dataStructureBodyContent":{"a":1}}`,
			`{"url":"u","bodyType":"raw","contentType":"application/json","data":"{}"}`},
		"version 4 structure": {4, `{}`, `{"url":"u","contentType":"json","inputMethod":"dataStructure","dataStructureBodyContent":{"b":[1.50,{"a":"<"}]}}`,
			`{"url":"u","bodyType":"raw","contentType":"application/json","data":"{\"b\":[1.50,{\"a\":\"<\"}]}"}`},
		"an empty object of PHP": {4, `[]`, `{"url":"u"}`, `{"url":"u"}`},
	} {
		m := one(t, c.version, c.parameters, c.mapper)
		assert.Equal(t, c.want, string(m.Document), name)
		assert.Empty(t, faultCodes(m), name)
	}
}

func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		version            int
		parameters, mapper string
		want               []string
	}{
		"no URL":                {3, `{}`, `{"method":"get"}`, []string{"missing mapper.url"}},
		"empty URL":             {4, `{}`, `{"url":""}`, []string{"missing mapper.url"}},
		"milliseconds":          {3, `{}`, `{"url":"u","timeout":30000}`, []string{"timeout mapper.timeout"}},
		"milliseconds, text":    {4, `{}`, `{"url":"u","timeout":"5000"}`, []string{"timeout mapper.timeout"}},
		"no time":               {3, `{}`, `{"url":"u","timeout":0}`, []string{"timeout mapper.timeout"}},
		"too long":              {3, `{}`, `{"url":"u","timeout":301}`, []string{"timeout mapper.timeout"}},
		"half a second":         {3, `{}`, `{"url":"u","timeout":0.5}`, []string{"timeout mapper.timeout"}},
		"with its unit":         {3, `{}`, `{"url":"u","timeout":"30s"}`, []string{"type mapper.timeout"}},
		"timeout is a switch":   {3, `{}`, `{"url":"u","timeout":true}`, []string{"type mapper.timeout"}},
		"body without type":     {3, `{}`, `{"url":"u","data":"x"}`, []string{"missing mapper.bodyType"}},
		"form without type":     {3, `{}`, `{"url":"u","formFields":[{"key":"a","value":"b"}]}`, []string{"missing mapper.bodyType"}},
		"body type of others":   {3, `{}`, `{"url":"u","bodyType":"json","data":"x"}`, []string{"value mapper.bodyType"}},
		"body type of 4":        {3, `{}`, `{"url":"u","bodyType":"urlEncoded"}`, []string{"other-version mapper.bodyType"}},
		"content type of 4":     {3, `{}`, `{"url":"u","bodyType":"raw","contentType":"json"}`, []string{"other-version mapper.contentType"}},
		"content type":          {3, `{}`, `{"url":"u","bodyType":"raw","contentType":"xml"}`, []string{"value mapper.contentType"}},
		"content type of 3":     {4, `{}`, `{"url":"u","contentType":"application/x-www-form-urlencoded"}`, []string{"other-version mapper.contentType"}},
		"unknown content type":  {4, `{}`, `{"url":"u","contentType":"octets","rawBodyContent":"a"}`, []string{"value mapper.contentType"}},
		"custom without value":  {4, `{}`, `{"url":"u","contentType":"custom"}`, []string{"missing mapper.contentTypeValue"}},
		"no input method":       {4, `{}`, `{"url":"u","contentType":"json","jsonStringBodyContent":"{}"}`, []string{"missing mapper.inputMethod"}},
		"wrong input method":    {4, `{}`, `{"url":"u","contentType":"json","inputMethod":"text"}`, []string{"value mapper.inputMethod"}},
		"broken JSON":           {4, `{}`, `{"url":"u","contentType":"json","inputMethod":"jsonString","jsonStringBodyContent":"{a}"}`, []string{"value mapper.jsonStringBodyContent"}},
		"body without content":  {4, `{}`, `{"url":"u","rawBodyContent":"a"}`, []string{"missing mapper.contentType"}},
		"keys of 3":             {4, `{}`, `{"url":"u","qs":[],"gzip":true}`, []string{"other-version mapper.qs", "other-version mapper.gzip"}},
		"keys of 4":             {3, `{}`, `{"url":"u","queryParameters":[],"allowRedirects":true,"inputMethod":"x"}`, []string{"other-version mapper.queryParameters", "other-version mapper.allowRedirects", "other-version mapper.inputMethod"}},
		"misspelt":              {3, `{}`, `{"url":"u","metod":"get"}`, []string{"unknown-key mapper.metod"}},
		"usual mistakes":        {3, `{}`, `{"url":"u","query_string":[],"verifySsl":true}`, []string{"unknown-key mapper.query_string", "unknown-key mapper.verifySsl"}},
		"headers as text":       {3, `{}`, `{"url":"u","headers":"Accept: */*"}`, []string{"type mapper.headers"}},
		"header as an array":    {3, `{}`, `{"url":"u","headers":[["a","b"]]}`, []string{"type mapper.headers[0]"}},
		"header without name":   {3, `{}`, `{"url":"u","headers":[{"value":"b"}]}`, []string{"missing mapper.headers[0].name"}},
		"one header":            {3, `{}`, `{"url":"u","headers":{"name":"a","value":"b"}}`, []string{"type mapper.headers"}},
		"header's value":        {3, `{}`, `{"url":"u","headers":[{"name":"a","value":{}}]}`, []string{"type mapper.headers[0].value"}},
		"switch is a number":    {3, `{}`, `{"url":"u","gzip":1}`, []string{"type mapper.gzip"}},
		"URL is a number":       {3, `{}`, `{"url":["u"]}`, []string{"type mapper.url", "missing mapper.url"}},
		"two methods":           {3, `{}`, `{"url":"u","method":"get post"}`, []string{"value mapper.method"}},
		"in the parameters":     {3, `{"url":"u"}`, `{}`, []string{"misplaced parameters.url"}},
		"in the mapper":         {3, `{}`, `{"url":"u","handleErrors":true}`, []string{"misplaced mapper.handleErrors"}},
		"part without type":     {4, `{}`, `{"url":"u","contentType":"multipart","multipartBodyContent":[{"name":"a","value":"b"}]}`, []string{"missing mapper.multipartBodyContent[0].multipartFieldType"}},
		"part of another type":  {3, `{}`, `{"url":"u","bodyType":"multipart_form_data","formDataFields":[{"key":"a","fieldType":"blob"}]}`, []string{"value mapper.formDataFields[0].fieldType"}},
		"part named":            {3, `{}`, `{"url":"u","bodyType":"multipart_form_data","formDataFields":[{"name":"a","fieldType":"text","value":""}]}`, []string{"unknown-key mapper.formDataFields[0].name"}},
		"header against form":   {3, `{}`, `{"url":"u","headers":[{"name":"content-type","value":"text/plain"}],"bodyType":"x_www_form_urlencoded","formFields":[]}`, []string{"conflict mapper.headers[0]"}},
		"no boundary":           {4, `{}`, `{"url":"u","headers":[{"name":"Content-Type","value":"multipart/form-data"}],"contentType":"multipart","multipartBodyContent":[]}`, []string{"conflict mapper.headers[0]"}},
		"TLS type":              {4, `{"tlsType":"MTLS"}`, `{"url":"u"}`, []string{"value parameters.tlsType"}},
		"no keychain":           {4, `{"authenticationType":"apiKey"}`, `{"url":"u"}`, []string{"no-credential parameters.authenticationType"}},
		"no authority":          {4, `{"tlsType":"tls"}`, `{"url":"u"}`, []string{"no-credential parameters.tlsType"}},
		"authentication":        {4, `{"authenticationType":"bearer"}`, `{"url":"u"}`, []string{"value parameters.authenticationType"}},
		"TLS type in mapper":    {4, `{}`, `{"url":"u","tlsType":"mTls"}`, []string{"misplaced mapper.tlsType"}},
		"keychain in mapper":    {4, `{}`, `{"url":"u","proxyKeychain":5}`, []string{"misplaced mapper.proxyKeychain"}},
		"never closed":          {3, `{}`, `{"url":"https://a/{{1.b"}`, []string{"expression mapper.url"}},
		"mapper is an array":    {3, `{}`, `["u"]`, []string{"type mapper", "missing mapper.url"}},
		"parameters are text":   {3, `"x"`, `{"url":"u"}`, []string{"type parameters"}},
		"second client":         {4, `{"tlsType":"mTls","clientCertKeychain":1,"mtlsKeychain":2}`, `{"url":"u"}`, []string{"conflict parameters.mtlsKeychain"}},
		"keychain is an object": {4, `{"proxyKeychain":{}}`, `{"url":"u"}`, []string{"type parameters.proxyKeychain"}},
	} {
		m := one(t, c.version, c.parameters, c.mapper)
		assert.Equal(t, c.want, faultCodes(m), name)
	}
}

func TestVersions(t *testing.T) {
	assert.Equal(t, []string{"version version"}, faultCodes(named(t, "http:ActionSendData", 4, `{}`, `{"url":"u"}`)))
	assert.Equal(t, []string{"version version"}, faultCodes(named(t, "http:MakeRequest", 1, `{}`, `{"url":"u","queryParameters":[]}`)))
	m := named(t, "http:ActionSendDatas", 3, `{}`, `{"url":"u","qs":[]}`)
	assert.Equal(t, []string{"module module"}, faultCodes(m))
	assert.Contains(t, m.Faults[0].Text, "http:ActionSendData?")
	assert.Equal(t, []string{"module module", "version version"}, faultCodes(named(t, "http:Request", 7, `{}`, `{"url":"u"}`)))

	s, err := Parse([]byte(`{"module":"http:ActionSendData","mapper":{"url":"u"}}`))
	require.NoError(t, err)
	assert.Equal(t, []string{"version version", "missing id"}, faultCodes(&s.Modules[0]))
}

func TestNotes(t *testing.T) {
	m := one(t, 3, `{"useNewZLibDeCompress":true}`, `{"url":"u","newFeature":{"a":1},"headers":[{"name":"a","value":"b","note":"x"},null],"gzip":"true"}`)
	assert.Equal(t, []string{"hidden parameters.useNewZLibDeCompress", "unknown-key mapper.newFeature", "unknown-key mapper.headers[0].note",
		"no-effect mapper.headers[1]", "coerced mapper.gzip"}, noteCodes(m))
	assert.Empty(t, m.Faults)

	m = one(t, 4, `{}`, `{"url":"u","paginationType":"tokenBased","tokenPath":"next"}`)
	assert.Equal(t, []string{"paging mapper.paginationType", "paging mapper.tokenPath"}, noteCodes(m))
	m = named(t, "http:ActionGetFile", 3, `{}`, `{"url":"u"}`)
	assert.Equal(t, []string{"output module"}, noteCodes(m))
}

func TestKeychains(t *testing.T) {
	m := named(t, "http:ActionSendDataClientCertAuth", 3, `{"key":"bank"}`, `{"url":"u"}`)
	assert.Equal(t, "bank", m.Credentials)
	assert.JSONEq(t, `{"credentials":"bank","url":"u"}`, string(m.Document))
	for _, none := range []string{`{}`, `{"key":0}`, `{"key":""}`, `{"key":null}`} {
		m = named(t, "http:ActionSendDataClientCertAuth", 3, none, `{"url":"u"}`)
		assert.Equal(t, []string{"no-credential parameters"}, faultCodes(m), none)
		assert.Empty(t, m.Credentials)
	}
	m = one(t, 4, `{"tlsType":"mTls","tlsKeychain":12}`, `{"url":"u"}`)
	assert.JSONEq(t, `{"credentials":"12","url":"u"}`, string(m.Document))
	m = one(t, 4, `{"tlsType":"tls","tlsKeychain":12}`, `{"url":"u"}`)
	assert.JSONEq(t, `{"ca":"12","url":"u"}`, string(m.Document))
	m = one(t, 4, `{"tlsType":"mTls"}`, `{"url":"u"}`)
	assert.JSONEq(t, `{"useMtls":true,"url":"u"}`, string(m.Document))
	m = one(t, 4, `{}`, `{"url":"u","tlsType":"mTls"}`)
	assert.JSONEq(t, `{"useMtls":true,"url":"u"}`, string(m.Document))
	m = one(t, 4, `{"tlsType":"{{1.t}}","tlsKeychain":"{{1.k}}"}`, `{"url":"u"}`)
	filled, err := m.Resolve(t.Context(), values(map[string]any{"1.t": "mTls", "1.k": 12}))
	require.NoError(t, err)
	assert.JSONEq(t, `{"credentials":"12","url":"u"}`, string(filled.Document))
	m = one(t, 4, `{"authenticationType":"oAuth","oAuthAccount":3}`, `{"url":"u"}`)
	assert.Equal(t, []Keychain{{Parameter: "oAuthAccount", Kind: "oauth", ID: "3"}}, m.Keychains)
	assert.Empty(t, m.Faults)
}

func TestNothingSecretInTexts(t *testing.T) {
	m := one(t, 3, `{}`, `{"url":"https://me:hunter2@a.test/","authPass":"hunter2","headers":[{"name":"X","value":{"a":"hunter2"}}],"data":"hunter2","gzip":"hunter2","bodyType":"hunter2","timeout":"hunter2"}`)
	require.NotEmpty(t, m.Faults)
	texts, err := json.Marshal([]any{m.Faults, m.Notes, m.Keychains})
	require.NoError(t, err)
	assert.NotContains(t, string(texts), "hunter2")
	assert.NotContains(t, m.String()+fmt.Sprintf("%v %+v", m, m), "hunter2")
}
