package wire

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An exchange dials some times at once; each further dial has a turn, which comes
// later each time, up to a bound.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := new(Exchange)
		for range quickDials {
			require.NoError(t, x.dials(new(Record)))
		}
		for _, pause := range []time.Duration{10, 20, 40, 80, 160, 250, 250} {
			require.ErrorIs(t, x.dials(new(Record)), errTurn)
			begun := time.Now()
			require.NoError(t, x.turn(t.Context(), nil))
			assert.Equal(t, pause*time.Millisecond, time.Since(begun))
			require.NoError(t, x.dials(new(Record)))
		}
	})
}

// The wait ends with the request and with the pool, at once.
func TestTurnsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, new(Exchange).turn(ended, nil), context.Canceled)
		closed := make(chan struct{})
		close(closed)
		require.ErrorIs(t, new(Exchange).turn(t.Context(), closed), ErrClosed)
		assert.Zero(t, time.Since(begun))
	})
}

// It gives up where nobody was answered on the connections that it lost, and
// where they are very many.
func TestTurnsAreBounded(t *testing.T) {
	lose := func(n int, answered bool) *Exchange {
		x := new(Exchange)
		for range n {
			conn := new(Conn)
			if answered {
				conn.Answered()
			}
			x.lost().left = append(x.lost().left, conn)
		}
		return x
	}
	require.NoError(t, lose(barrenLimit-1, false).turn(t.Context(), nil))
	require.ErrorIs(t, lose(barrenLimit, false).turn(t.Context(), nil), ErrTooManyDials)
	require.NoError(t, lose(resetLimit-1, true).turn(t.Context(), nil))
	require.ErrorIs(t, lose(resetLimit, true).turn(t.Context(), nil), ErrTooManyDials)
}
