package jsonvalue

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A builder that is kept for the next text has nothing of this one.
func TestBuilderForgets(t *testing.T) {
	b := builder{text: []byte(`{"secret":["s3cr3t",1,{"name":"alice","text":"\\u0041"}]}`)}
	assert.NotEmpty(t, b.value())
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

func TestBuilderKeepsLittle(t *testing.T) {
	b := builder{values: make([]any, 0, mostWaiting+1), names: make([]string, 0, 1)}
	b.forget()
	assert.Nil(t, b.values)
	assert.Nil(t, b.names)
}
