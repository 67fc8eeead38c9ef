package blueprint

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func constant(v any) Resolver {
	return func(context.Context, Expression) (any, error) { return v, nil }
}

// values resolves by the code of an expression.
func values(all map[string]any) Resolver {
	return func(_ context.Context, e Expression) (any, error) {
		if v, ok := all[e.Code()]; ok {
			return v, nil
		}
		return nil, ErrUnresolved
	}
}

func TestResolve(t *testing.T) {
	for name, c := range map[string]struct {
		version int
		mapper  string
		values  map[string]any
		want    string
	}{
		"amid text":     {3, `{"url":"https://a.test/{{1.id}}?x={{ 1.x }}"}`, map[string]any{"1.id": 12, "1.x": true}, `{"url":"https://a.test/12?x=true"}`},
		"a switch":      {3, `{"url":"u","gzip":"{{1.g}}"}`, map[string]any{"1.g": true}, `{"url":"u","gzip":true}`},
		"a number":      {3, `{"url":"u","timeout":"{{1.t}}"}`, map[string]any{"1.t": json.Number("30")}, `{"url":"u","timeout":30}`},
		"bytes":         {3, `{"url":"u","bodyType":"raw","data":"{{1.d}}"}`, map[string]any{"1.d": []byte{0, 255}}, `{"url":"u","bodyType":"raw","data":{"$base64":"AP8="}}`},
		"an array":      {3, `{"url":"u","qs":[{"name":"a","value":"{{1.l}}"}]}`, map[string]any{"1.l": []any{"x", 1.5}}, `{"url":"u","qs":[{"name":"a","value":["x",1.5]}]}`},
		"array in text": {3, `{"url":"u{{1.l}}"}`, map[string]any{"1.l": []any{"x", nil, 2}}, `{"url":"ux, , 2"}`},
		"object in text": {3, `{"url":"u","bodyType":"raw","data":"<{{1.o}}>"}`, map[string]any{"1.o": map[string]any{"b": 1, "a": "<"}},
			`{"url":"u","bodyType":"raw","data":"<{\"a\":\"<\",\"b\":1}>"}`},
		"null":           {3, `{"url":"u{{1.n}}","ca":"{{1.n}}"}`, map[string]any{"1.n": nil}, `{"url":"u","ca":null}`},
		"header is text": {3, `{"url":"u","headers":[{"name":"n","value":"{{1.v}}"}]}`, map[string]any{"1.v": 7}, `{"url":"u","headers":[{"name":"n","value":"7"}]}`},
		"all headers": {4, `{"url":"u","headers":"{{1.h}}"}`, map[string]any{"1.h": []any{map[string]any{"name": "a", "value": "b"}}},
			`{"url":"u","headers":[{"name":"a","value":"b"}]}`},
		"a structure": {4, `{"url":"u","contentType":"json","inputMethod":"dataStructure","dataStructureBodyContent":{"n":"{{1.n}}","t":"no {{1.n}}","q":"{{1.q}}"}}`,
			map[string]any{"1.n": 5, "1.q": `"`}, `{"url":"u","bodyType":"raw","contentType":"application/json","data":"{\"n\":5,\"t\":\"no 5\",\"q\":\"\\\"\"}"}`},
		"the content type": {4, `{"url":"u","contentType":"{{if(1.b; \"json\")}}","inputMethod":"jsonString","jsonStringBodyContent":"{{1.b}}"}`,
			map[string]any{`if(1.b; "json")`: "json", "1.b": `{"a":1}`}, `{"url":"u","bodyType":"raw","contentType":"application/json","data":"{\"a\":1}"}`},
		"both redirects": {4, `{"url":"u","allowRedirects":"{{1.r}}"}`, map[string]any{"1.r": "false"}, `{"url":"u","followRedirect":false,"followAllRedirects":false}`},
		"not read again": {3, `{"url":"u{{1.a}}","method":"{{1.b}}"}`, map[string]any{"1.a": "{{1.b}}", "1.b": "{{1.a}}"}, `{"url":"u{{1.b}}","method":"{{1.a}}"}`},
	} {
		m := one(t, c.version, `{}`, c.mapper)
		before := string(m.Document)
		require.NotEmpty(t, m.Expressions, name)
		filled, err := m.Resolve(t.Context(), values(c.values))
		require.NoError(t, err, name)
		assert.Equal(t, c.want, string(filled.Document), name)
		assert.Empty(t, filled.Expressions, name)
		assert.Equal(t, before, string(m.Document), name)
	}
}

func TestResolveInPart(t *testing.T) {
	m := one(t, 3, `{}`, `{"url":"https://{{1.host}}/{{1.path}}","method":"{{1.method}}"}`)
	filled, err := m.Resolve(t.Context(), values(map[string]any{"1.host": "a.test", "1.method": "put"}))
	require.NoError(t, err)
	assert.Equal(t, `{"url":"https://{{1.host}}/{{1.path}}","method":"put"}`, string(filled.Document))
	require.Len(t, filled.Expressions, 2)
	filled, err = filled.Resolve(t.Context(), values(map[string]any{"1.host": "a.test", "1.path": "p"}))
	require.NoError(t, err)
	assert.Equal(t, `{"url":"https://a.test/p","method":"put"}`, string(filled.Document))
}

func TestResolveChecksWhatItFilled(t *testing.T) {
	m := one(t, 3, `{}`, `{"url":"u","timeout":"{{1.t}}","gzip":"{{1.g}}"}`)
	assert.Empty(t, m.Faults)
	filled, err := m.Resolve(t.Context(), values(map[string]any{"1.t": 30000, "1.g": "perhaps"}))
	require.NoError(t, err)
	assert.Equal(t, []string{"timeout mapper.timeout", "type mapper.gzip"}, faultCodes(filled))
}

func TestResolveFails(t *testing.T) {
	m := one(t, 3, `{}`, `{"url":"{{1.a}}"}`)
	cause := errors.New("no such bundle")
	_, err := m.Resolve(t.Context(), func(context.Context, Expression) (any, error) { return nil, cause })
	var failed *ResolveError
	require.ErrorAs(t, err, &failed)
	assert.ErrorIs(t, err, cause)
	assert.Equal(t, "url", failed.Expression.Field)

	_, err = m.Resolve(t.Context(), constant(make(chan int)))
	assert.ErrorAs(t, err, &failed)

	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	_, err = m.Resolve(ctx, constant("x"))
	assert.ErrorIs(t, err, cause)
}

func TestResolverIsToldTheField(t *testing.T) {
	m := one(t, 4, `{}`, `{"url":"u","queryParameters":[{"name":"a","value":"{{1.b}}"}]}`)
	var seen []Expression
	_, err := m.Resolve(t.Context(), func(_ context.Context, e Expression) (any, error) {
		seen = append(seen, e)
		return "x", nil
	})
	require.NoError(t, err)
	assert.Equal(t, []Expression{{Field: "qs[0].value", Path: "flow[0].mapper.queryParameters[0].value", Text: "{{1.b}}", Whole: true}}, seen)
}
