package jsonvalue

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A builder that is kept for the next text has nothing of this one.
func TestBuilderForgets(t *testing.T) {
	b := builder{text: []byte(`{"secret":["s3cr3t",1,{"name":"alice","text":"\\u0041"}]}`)}
	_, ok := b.document()
	assert.True(t, ok)
	b.forget()
	assert.Empty(t, b.text)
	assert.Zero(t, b.pos)
	assert.Empty(t, b.scratch)
	assert.Zero(t, b.chunk.Cap())
	assert.Equal(t, [knownSize]string{}, b.knownNames)
	assert.Equal(t, [knownSize]any{}, b.knownStrings)
	assert.NotZero(t, cap(b.values))
	for _, v := range b.values[:cap(b.values)] {
		assert.Nil(t, v)
	}
	for _, name := range b.names[:cap(b.names)] {
		assert.Empty(t, name)
	}
}

func TestBuilderForgetsAllThatItRemembered(t *testing.T) {
	b := builder{text: []byte(`["a","b"]`), remembers: true}
	_, ok := b.document()
	assert.True(t, ok)
	assert.NotEqual(t, [knownSize]any{}, b.knownStrings)
	b.forget()
	assert.Equal(t, [knownSize]any{}, b.knownStrings)
}

func TestBuilderKeepsLittle(t *testing.T) {
	b := builder{values: make([]any, 0, mostWaiting+1), names: make([]string, 0, 1)}
	b.forget()
	assert.Zero(t, cap(b.values))
	assert.Zero(t, cap(b.names))
}

// TestBuilderChecksTheGrammar has what it must refuse without another's help:
// validate is asked afterwards, and only for the reason.
func TestBuilderChecksTheGrammar(t *testing.T) {
	for _, text := range []string{
		"", " ", "x", "nul", "nulll", "tru", "fals", "True", "1 1", "[", "]", "{", "}", "[1", "[1,", "[,1]", "[1,]", "[1 2]", "[1}", "{]", "[]]", "{}}",
		"{1:2}", "{\"a\"}", "{\"a\" 1}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{,}", "{\"a\":1]", "{a:1}", "{\"a\"::1}",
		"\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u123g\"", "\"\\U0041\"", "\"\t\"", "\"\\", "\"a\x00\"", "\"\x1f\"", "\"a\\n\n\"",
		"-", "+1", "01", "-01", "1.", ".5", "1.e1", "1e", "1e+", "1E-", "0x1", "1_000", "--1", "1.2.3", "1e1.5", "00", "-a", "Infinity", "\xa01", "1\x00",
	} {
		b := builder{text: []byte(text)}
		_, ok := b.document()
		assert.False(t, ok, "%q", text)
		assert.False(t, json.Valid([]byte(text)), "%q", text)
	}
	for _, text := range []string{
		"0", "-0", "0.0", "10", "1e0", "1E+00", "-1.5e-10", " [ ] ", "\t{\r\n}\n", "[0,{\"\":[]}]", "\"\"", "\"\\u0000\\/\"", "\"\x7f\"", "{\"a\":1,\"a\":2}", "\"\xff\"",
	} {
		b := builder{text: []byte(text)}
		_, ok := b.document()
		assert.True(t, ok, "%q", text)
		assert.True(t, json.Valid([]byte(text)), "%q", text)
	}
}
