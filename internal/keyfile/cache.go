package keyfile

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/mtlshttp/mtlshttp/internal/lru"
)

// DefaultCacheEntries is how many files a [Cache] holds if it is not told.
const DefaultCacheEntries = 256

// Cache remembers what came out of files, so that the second look at a file
// costs no key derivation. It is keyed by content and password together, with
// an HMAC under a key that only this process has: it holds no password, and who
// does not know the password has no way to the credential. The zero value is
// ready; it is safe for concurrent use.
//
// Failures are not kept. Several callers that ask for one file at once wait
// for one extraction. The inventories are shared and must not be changed.
type Cache struct {
	// Entries bounds how many files are held, the ones last used; 0 means
	// DefaultCacheEntries.
	Entries int

	once    sync.Once
	secret  []byte
	mu      sync.Mutex
	kept    lru.Map[cacheKey, *Inventory]
	flights map[cacheKey]*flight
}

type cacheKey [sha256.Size]byte

// flight is an extraction that callers wait for. It ends when the last of them
// gives up.
type flight struct {
	done      chan struct{}
	waiting   int
	cancel    context.CancelFunc
	inventory *Inventory
	err       error
}

// Extract is [Extract], remembered.
func (c *Cache) Extract(ctx context.Context, file []byte, o Options) (*Inventory, error) {
	return c.remember(ctx, "one", [][]byte{file}, o, func(ctx context.Context, files [][]byte, o Options) (*Inventory, error) {
		return Extract(ctx, files[0], o)
	})
}

// ExtractPair is [ExtractPair], remembered.
func (c *Cache) ExtractPair(ctx context.Context, certificateFile, keyFile []byte, o Options) (*Inventory, error) {
	return c.remember(ctx, "pair", [][]byte{certificateFile, keyFile}, o, func(ctx context.Context, files [][]byte, o Options) (*Inventory, error) {
		return ExtractPair(ctx, files[0], files[1], o)
	})
}

// Clear forgets everything. Extractions under way are not kept either.
func (c *Cache) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept, c.flights = lru.Map[cacheKey, *Inventory]{}, nil
}

type extract func(ctx context.Context, files [][]byte, o Options) (*Inventory, error)

func (c *Cache) remember(ctx context.Context, what string, files [][]byte, o Options, do extract) (*Inventory, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, file := range files {
		if len(file) > o.Limits.withDefaults().FileSize {
			return do(ctx, files, o) // which refuses it
		}
	}
	key := c.key(what, files, o)
	c.mu.Lock()
	if inventory, ok := c.kept.Get(key); ok {
		c.mu.Unlock()
		return inventory, nil
	}
	f := c.flights[key]
	if f == nil {
		f = c.start(ctx, key, files, o, do)
	}
	f.waiting++
	c.mu.Unlock()

	select {
	case <-f.done:
		return f.inventory, f.err
	case <-ctx.Done():
		c.mu.Lock()
		if f.waiting--; f.waiting == 0 {
			f.cancel()
			if c.flights[key] == f {
				delete(c.flights, key)
			}
		}
		c.mu.Unlock()
		return nil, ctx.Err()
	}
}

// start begins an extraction that outlives the caller who began it, as long as
// another one waits. It works on copies, since callers wipe their passwords.
func (c *Cache) start(ctx context.Context, key cacheKey, files [][]byte, o Options, do extract) *flight {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &flight{done: make(chan struct{}), cancel: cancel}
	if c.flights == nil {
		c.flights = map[cacheKey]*flight{}
	}
	c.flights[key] = f
	copies := make([][]byte, len(files))
	for i, file := range files {
		copies[i] = append([]byte(nil), file...)
	}
	o.Password, o.KeyPassword = cloneSecret(o.Password), cloneSecret(o.KeyPassword)
	go func() {
		defer cancel()
		inventory, err := do(ctx, copies, o)
		clear(o.Password)
		clear(o.KeyPassword)
		c.mu.Lock()
		f.inventory, f.err = inventory, err
		if c.flights[key] == f {
			delete(c.flights, key)
			if err == nil {
				c.keep(key, inventory)
			}
		}
		c.mu.Unlock()
		close(f.done)
	}()
	return f
}

// keep stores an inventory and drops the least used.
func (c *Cache) keep(key cacheKey, inventory *Inventory) {
	c.kept.Put(key, inventory)
	most := c.Entries
	if most <= 0 {
		most = DefaultCacheEntries
	}
	c.kept.Shorten(most)
}

// key is an HMAC over all that the outcome depends on, each part with its
// length so that no two parts run into each other.
func (c *Cache) key(what string, files [][]byte, o Options) cacheKey {
	c.once.Do(func() {
		c.secret = make([]byte, sha256.Size)
		rand.Read(c.secret) // never fails (crypto/rand)
	})
	mac := hmac.New(sha256.New, c.secret)
	part := func(b []byte) {
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b))))
		mac.Write(b)
	}
	part([]byte(what))
	for _, file := range files {
		part(file)
	}
	for _, password := range [][]byte{o.Password, o.KeyPassword} {
		part([]byte(fmt.Sprint(password == nil)))
		part(password)
	}
	part([]byte(fmt.Sprint(o.AllowNoMAC, o.Limits)))
	return cacheKey(mac.Sum(nil))
}

// cloneSecret copies a password; nil stays nil, which means something else than
// the empty password.
func cloneSecret(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append(make([]byte, 0, len(b)), b...)
}
