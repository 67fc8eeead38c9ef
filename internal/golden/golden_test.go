package golden

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDifference(t *testing.T) {
	for _, row := range []struct {
		a, b     string
		line     int
		inA, inB string
	}{
		{"a\nb\n", "a\nc\n", 2, "b\n", "c\n"},
		{"a\n", "a\nb\n", 2, "", "b\n"},
		{"a\nb\n", "a\n", 2, "b\n", ""},
		{"a", "a\n", 1, "a", "a\n"},
		{"", "a", 1, "", "a"},
	} {
		line, inA, inB := difference(row.a, row.b)
		assert.Equal(t, row.line, line, "%q %q", row.a, row.b)
		assert.Equal(t, row.inA, inA)
		assert.Equal(t, row.inB, inB)
	}
}
