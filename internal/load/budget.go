package load

import (
	"container/list"
	"context"
	"sync"
)

// Budget is a number of bytes that many share.
type Budget struct {
	most, first int64

	mu    sync.Mutex
	used  int64
	queue list.List // of chan struct{}: the shares that wait to begin
}

// firstShare is what everybody is given to begin with, so that those who have
// begun are not more than can go on.
const firstShare = 64 << 10

// NewBudget makes a budget of so many bytes; nil, which has no end, for less
// than 1.
func NewBudget(most int64) *Budget {
	if most < 1 {
		return nil
	}
	return &Budget{most: most, first: min(firstShare, most)}
}

// Used is how many bytes are given out.
func (b *Budget) Used() int64 {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

// Share is what one has of a budget; nil has all that it wants.
type Share struct {
	budget *Budget
	has    int64
}

// Enter waits until there is something left to begin with. The error is the
// cause that ended ctx.
func (b *Budget) Enter(ctx context.Context) (*Share, error) {
	if b == nil {
		return nil, nil
	}
	share := &Share{b, b.first}
	b.mu.Lock()
	if b.queue.Len() == 0 && b.used+b.first <= b.most {
		b.used += b.first
		b.mu.Unlock()
		return share, nil
	}
	given := make(chan struct{})
	at := b.queue.PushBack(given)
	b.mu.Unlock()
	select {
	case <-given:
		return share, nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-given:
		b.used -= b.first
	default:
		b.queue.Remove(at)
	}
	b.admit()
	return nil, context.Cause(ctx)
}

// admit lets in those who wait, as far as there is something left.
func (b *Budget) admit() {
	for b.queue.Len() > 0 && b.used+b.first <= b.most {
		b.used += b.first
		close(b.queue.Remove(b.queue.Front()).(chan struct{}))
	}
}

// Reach makes the share as large as total, if it is smaller and so much is left,
// and says whether it is. It does not wait: two who wait for what the other has
// would wait for ever.
func (s *Share) Reach(total int64) bool {
	if s == nil || total <= s.has {
		return true
	}
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	more := total - s.has
	if more > s.budget.most-s.budget.used {
		return false
	}
	s.budget.used += more
	s.has = total
	return true
}

// Leave gives the share back. It may be called again.
func (s *Share) Leave() {
	if s == nil {
		return
	}
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	s.budget.used -= s.has
	s.has = 0
	s.budget.admit()
}
