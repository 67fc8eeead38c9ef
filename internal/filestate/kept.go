package filestate

import (
	"context"
	"sync/atomic"
	"time"
)

// readAttempts is how often parts are read that change meanwhile, before the
// reading is given up.
const readAttempts = 8

// Kept is what was made of a set's state, kept in step with it: what is in force
// is replaced as a whole, and only by what can be used.
type Kept[T any] struct {
	set   Set
	maker Maker[T]
	tell  func(error)

	inForce atomic.Pointer[T] // nil: nothing was ever good

	turn chan struct{} // one caller looks at a time; the rest is its own
	seen []Stamp       // the state that was last read; nil: none
	err  error         // what was wrong with it
	sure bool          // a further change would show in the stamps
	told string        // what tell was told last, since the last good state
}

// Maker makes something of the parts, in their order, beside what is in force;
// nil: nothing is. A fault that may pass while the parts stay as they are is not
// kept.
type Maker[T any] func(ctx context.Context, parts [][]byte, inForce *T) (made *T, mayPass bool, err error)

// Keep keeps what a maker makes of a set. A state that cannot be used leaves the old
// one in force, and tell is told, once for each fault.
func Keep[T any](set Set, maker Maker[T], tell func(error)) *Kept[T] {
	return &Kept[T]{set: set, maker: maker, tell: tell, turn: make(chan struct{}, 1)}
}

// Get returns what is in force, having looked whether the parts have changed. A
// caller does not wait for another one's look unless there is nothing yet.
func (k *Kept[T]) Get(ctx context.Context) (*T, error) {
	if v := k.inForce.Load(); v != nil {
		select {
		case k.turn <- struct{}{}:
		default:
			return v, nil
		}
	} else {
		select {
		case k.turn <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer func() { <-k.turn }()
	err := k.look(ctx)
	if v := k.inForce.Load(); v != nil {
		return v, nil
	}
	return nil, err
}

// look reads the parts where that has not been done since they changed, and puts
// what is made of them in force where it can be used.
func (k *Kept[T]) look(ctx context.Context) error {
	if k.sure && Same(k.set.Stamps(), k.seen) {
		return k.err
	}
	begun := time.Now()
	parts, stamps, err := k.read(ctx)
	k.seen, k.sure = stamps, err == nil
	for _, s := range stamps {
		k.sure = k.sure && s.Settled(begun)
	}
	var v *T
	if err == nil {
		var mayPass bool
		v, mayPass, err = k.maker(ctx, parts, k.inForce.Load())
		k.sure = k.sure && !mayPass
	}
	if err != nil && ctx.Err() != nil {
		k.sure = false // it says nothing about the parts
		return ctx.Err()
	}
	if k.err = err; err == nil {
		k.told = ""
		k.inForce.Store(v)
		return nil
	}
	if k.inForce.Load() != nil && k.told != err.Error() {
		k.told = err.Error()
		k.tell(err)
	}
	return err
}

// read reads the parts until nothing changed meanwhile, so that what comes out is
// one state of them.
func (k *Kept[T]) read(ctx context.Context) ([][]byte, []Stamp, error) {
	for attempt := range readAttempts {
		if parts, stamps, err := k.set.Read(); stamps != nil {
			return parts, stamps, err
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(time.Duration(attempt) * time.Millisecond):
		}
	}
	return nil, nil, faulty(File, "%s keep changing while they are read", k.set)
}
