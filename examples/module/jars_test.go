package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestJarsAreKeptByName(t *testing.T) {
	j := new(jars)
	first, err := j.Jar(t.Context(), "a")
	require.NoError(t, err)
	for i := range maxJars - 1 {
		other, err := j.Jar(t.Context(), fmt.Sprint(i))
		require.NoError(t, err)
		assert.NotSame(t, first, other)
	}
	again, err := j.Jar(t.Context(), "a")
	require.NoError(t, err)
	assert.Same(t, first, again)
	_, err = j.Jar(t.Context(), "one too many")
	assert.ErrorIs(t, err, errJars)
}
