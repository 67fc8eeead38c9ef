package wire

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// net/http's error can be had, is one and the same, and no other is taken for it.
func TestHeaderListTooLarge(t *testing.T) {
	known := headerListTooLarge()
	require.Error(t, known)
	assert.Contains(t, known.Error(), "header list")
	for err, want := range map[error]bool{
		nil:   false,
		known: false, // it comes as the cause of a stream error
		fmt.Errorf("of a hop: %w", StreamError{1, 1, known}):   true,
		StreamError{1, 1, errors.New(known.Error())}:           false,
		StreamError{1, 1, nil}:                                 false,
		errors.Join(errors.New("x"), StreamError{3, 1, known}): true,
	} {
		assert.Equal(t, want, HeaderListTooLarge(err), "%v", err)
	}
}
