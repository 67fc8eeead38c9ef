package load

import (
	"context"
	"math"
	"sync"
	"time"
)

// Rate lets so many a second pass for each key, evenly, and a number at once
// after a pause.
type Rate struct {
	every time.Duration
	ahead time.Duration // how far a burst may run ahead of the even pace
	turns *Slots        // one waits for the pace, the others for it

	mu    sync.Mutex
	byKey map[string]time.Time // the even pace's next moment
}

// longest stands for every longer time: nobody lives to see the difference.
const longest time.Duration = 1 << 62

// NewRate lets perSecond pass, and burst at once, at least 1; nil, which lets
// everything pass, where perSecond is not positive.
func NewRate(perSecond float64, burst int) *Rate {
	if !(perSecond > 0) { // nor where it is no number
		return nil
	}
	every := time.Duration(min(float64(time.Second)/perSecond, float64(longest)))
	ahead, more := time.Duration(math.MaxInt64), time.Duration(max(burst, 1)-1) // so far that no wait is left
	if every == 0 || more <= longest/every {
		ahead = more * every
	}
	return &Rate{every: every, ahead: ahead, turns: NewSlots(1), byKey: make(map[string]time.Time)}
}

// Wait returns when it is the caller's turn. The error is the cause that ended
// ctx; the turn is then the next one's.
func (r *Rate) Wait(ctx context.Context, key string) error {
	if r == nil {
		return nil
	}
	give, err := r.turns.Take(ctx, key, nil, func() {})
	if err != nil {
		return err
	}
	defer give()
	now := time.Now()
	if wait := r.next(key, now).Sub(now) - r.ahead; wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	r.pass(key, time.Now())
	return nil
}

// next is when the even pace has room again, now at the earliest.
func (r *Rate) next(key string, now time.Time) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if next := r.byKey[key]; next.After(now) {
		return next
	}
	return now
}

// mostKeys is from how many keys on those are forgotten that are at rest.
const mostKeys = 1024

func (r *Rate) pass(key string, now time.Time) {
	next := r.next(key, now)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byKey[key] = next.Add(r.every)
	if len(r.byKey) < mostKeys {
		return
	}
	for k, next := range r.byKey {
		if next.Before(now) {
			delete(r.byKey, k)
		}
	}
}
