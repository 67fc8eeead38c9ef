package query

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEscapes(t *testing.T) {
	for _, plain := range []bool{false, true} {
		got, err := Form([]Pair{{"é &=", "-._~!'()*+%\r\n\"日\xff"}}, plain)
		require.NoError(t, err)
		assert.Equal(t, "%C3%A9%20%26%3D=-._~%21%27%28%29%2A%2B%25%0D%0A%22%E6%97%A5%FF", got)
		got, err = Merge("a=%E9%c3%a9%zz%4", []Pair{}, plain, 0)
		require.NoError(t, err)
		assert.Equal(t, "a=%E9%C3%A9%25zz%254", got)
	}
	assert.Equal(t, "a=b c+%zz&%21%27%28%29%2A", EscapeText("a=b c+%zz&!'()*"))
}
