package load

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func nobody() {}

var errGone = errors.New("gone")

func TestSlotsAreGivenInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSlots(2)
		first, err := s.Take(t.Context(), "a", 1, nobody)
		require.NoError(t, err)
		_, err = s.Take(t.Context(), "a", 1, nobody)
		require.NoError(t, err)
		_, err = s.Take(t.Context(), "b", 1, nobody)
		require.NoError(t, err, "each key has its own")
		var order []int
		for i := range 5 {
			go func() {
				give, err := s.Take(t.Context(), "a", i, nobody)
				assert.NoError(t, err)
				order = append(order, i)
				give()
			}()
			synctest.Wait()
		}
		assert.False(t, s.Wanted("a", 0), "nobody has waited long")
		time.Sleep(patience)
		assert.True(t, s.Wanted("a", 0))
		assert.False(t, s.Wanted("b", 0))
		first()
		synctest.Wait()
		assert.Equal(t, []int{0, 1, 2, 3, 4}, order)
		assert.False(t, s.Wanted("a", 0))
	})
}

func TestWhoWaitsForASlotAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSlots(1)
		give, err := s.Take(t.Context(), "a", 1, nobody)
		require.NoError(t, err)
		begun, asked := time.Now(), 0
		_, err = s.Take(t.Context(), "a", 2, func() {
			if asked++; asked == 3 {
				give()
			}
		})
		require.NoError(t, err)
		assert.Equal(t, 3, asked)
		assert.Equal(t, 2*askAgain, time.Since(begun))
		assert.False(t, s.Wanted("a", 2))
	})
}

func TestWhoGivesUpLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r, b := NewSlots(1), NewRate(1, 1), NewBudget(firstShare)
		give, err := s.Take(t.Context(), "a", 1, nobody)
		require.NoError(t, err)
		require.NoError(t, r.Wait(t.Context(), "a"))
		share, err := b.Enter(t.Context())
		require.NoError(t, err)
		ctx, cancel := context.WithCancelCause(t.Context())
		for range 3 {
			go func() {
				_, err := s.Take(ctx, "a", 2, nobody)
				assert.ErrorIs(t, err, errGone)
			}()
			go func() { assert.ErrorIs(t, r.Wait(ctx, "a"), errGone) }()
			go func() {
				_, err := b.Enter(ctx)
				assert.ErrorIs(t, err, errGone)
			}()
		}
		synctest.Wait()
		cancel(errGone)
		synctest.Wait()
		give()
		share.Leave()
		assert.Empty(t, s.byKey)
		assert.Empty(t, r.turns.byKey)
		assert.Zero(t, b.Used())
		assert.Zero(t, b.queue.Len())
		begun := time.Now()
		require.NoError(t, r.Wait(t.Context(), "a"))
		assert.Equal(t, time.Second, time.Since(begun), "nobody's turn was used up")
	})
}

func TestRateIsEven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRate(10, 3)
		begun := time.Now()
		var at []time.Duration
		for range 6 {
			require.NoError(t, r.Wait(t.Context(), "a"))
			at = append(at, time.Since(begun))
		}
		const tenth = time.Second / 10
		assert.Equal(t, []time.Duration{0, 0, 0, tenth, 2 * tenth, 3 * tenth}, at)
		require.NoError(t, r.Wait(t.Context(), "b"))
		assert.Equal(t, 3*tenth, time.Since(begun), "another host is not waited for")
		time.Sleep(time.Minute)
		begun = time.Now()
		for range 3 {
			require.NoError(t, r.Wait(t.Context(), "a"))
		}
		assert.Zero(t, time.Since(begun), "after a pause the burst is whole again, and no more than that")
		require.NoError(t, r.Wait(t.Context(), "a"))
		assert.Equal(t, tenth, time.Since(begun))
	})
}

// Numbers beyond all measure are what they say, not what an overflow makes of them.
func TestRateOfExtremes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		for _, r := range []*Rate{NewRate(10, math.MaxInt), NewRate(0.3, math.MaxInt/2), NewRate(1e-300, math.MaxInt), NewRate(1e300, 1),
			NewRate(math.Inf(1), math.MaxInt), NewRate(math.NaN(), 1)} {
			for range 100 {
				require.NoError(t, r.Wait(t.Context(), "a"))
			}
		}
		rare := NewRate(1e-300, 1)
		require.NoError(t, rare.Wait(t.Context(), "a"))
		assert.Zero(t, time.Since(begun))
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Hour, errGone)
		defer cancel()
		assert.ErrorIs(t, rare.Wait(ctx, "a"), errGone)
	})
}

func TestRateForgetsHostsAtRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRate(1000, 1)
		for i := range 10 * mostKeys {
			require.NoError(t, r.Wait(t.Context(), fmt.Sprint(i)))
			time.Sleep(time.Millisecond)
		}
		assert.Less(t, len(r.byKey), mostKeys+1)
	})
}

func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(3 * firstShare)
		one, err := b.Enter(t.Context())
		require.NoError(t, err)
		assert.True(t, one.Reach(100), "what it has is enough")
		assert.True(t, one.Reach(2*firstShare))
		two, err := b.Enter(t.Context())
		require.NoError(t, err)
		assert.False(t, two.Reach(firstShare+1), "all is given out")
		assert.False(t, one.Reach(1<<62))
		var entered atomic.Int64
		for range 3 {
			go func() {
				share, err := b.Enter(t.Context())
				assert.NoError(t, err)
				entered.Add(1)
				time.Sleep(time.Second)
				share.Leave()
			}()
		}
		synctest.Wait()
		assert.Zero(t, entered.Load())
		two.Leave()
		two.Leave()
		synctest.Wait()
		assert.EqualValues(t, 1, entered.Load())
		one.Leave()
		synctest.Wait()
		assert.EqualValues(t, 3, entered.Load())
		time.Sleep(2 * time.Second)
		assert.Zero(t, b.Used())
	})
}

// Many who come, wait and give up at random never have more than there is, and
// leave all of it.
func TestUnderLoadNothingIsLost(t *testing.T) {
	const most = 4
	s, b := NewSlots(most), NewBudget(most*firstShare)
	var group sync.WaitGroup
	var slots, shares, worst atomic.Int64
	note := func(n int64) {
		for old := worst.Load(); n > old && !worst.CompareAndSwap(old, n); old = worst.Load() {
		}
	}
	for i := range 64 {
		group.Go(func() {
			random := rand.New(rand.NewPCG(8, uint64(i)))
			for range 50 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(2000))*time.Microsecond)
				if give, err := s.Take(ctx, "a", i, nobody); err == nil {
					note(slots.Add(1))
					time.Sleep(time.Duration(random.IntN(50)) * time.Microsecond)
					slots.Add(-1)
					give()
				}
				if share, err := b.Enter(ctx); err == nil {
					note(shares.Add(1))
					time.Sleep(time.Duration(random.IntN(50)) * time.Microsecond)
					shares.Add(-1)
					share.Leave()
				}
				cancel()
			}
		})
	}
	group.Wait()
	assert.LessOrEqual(t, worst.Load(), int64(most))
	assert.Empty(t, s.byKey)
	assert.Zero(t, b.Used())
}

func TestWithoutBounds(t *testing.T) {
	var (
		s *Slots
		r *Rate
		b *Budget
	)
	assert.Nil(t, NewSlots(0))
	assert.Nil(t, NewRate(0, 5))
	assert.Nil(t, NewBudget(0))
	give, err := s.Take(t.Context(), "a", 1, nobody)
	require.NoError(t, err)
	give()
	assert.False(t, s.Wanted("a", 1))
	require.NoError(t, r.Wait(t.Context(), "a"))
	share, err := b.Enter(t.Context())
	require.NoError(t, err)
	assert.True(t, share.Reach(1<<60))
	share.Leave()
	assert.Zero(t, b.Used())
}
