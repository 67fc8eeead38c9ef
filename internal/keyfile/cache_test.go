package keyfile

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// costly is a file whose derivation takes a while.
func costly(rounds int, password []byte) []byte {
	return der(tagSequence, der(tagSequence, derOID(oidPBES2), der(tagSequence,
		der(tagSequence, derOID(oidPBKDF2), der(tagSequence, der(tagOctetString, testSalt), der(tagInteger, []byte{byte(rounds >> 24), byte(rounds >> 16), byte(rounds >> 8), byte(rounds)}))),
		der(tagSequence, derOID(oidAES256CBC), der(tagOctetString, make([]byte, 16))))), der(tagOctetString, make([]byte, 64)))
}

func TestCacheAnswersOnlyToThePassword(t *testing.T) {
	s := samples()["p256"]
	file := testSchemes()[0].pkcs8(s, []byte("x"))
	var c Cache
	first, err := c.Extract(context.Background(), file, Options{Password: []byte("x")})
	require.NoError(t, err)
	again, err := c.Extract(context.Background(), file, Options{Password: []byte("x")})
	require.NoError(t, err)
	require.Same(t, first, again)

	for _, o := range []Options{{}, {Password: []byte{}}, {Password: []byte("y")}, {KeyPassword: []byte("y")}} {
		_, err = c.Extract(context.Background(), file, o)
		require.Error(t, err)
	}
	other, err := c.Extract(context.Background(), file, Options{KeyPassword: []byte("x")})
	require.NoError(t, err)
	require.NotSame(t, first, other)
	_, err = c.ExtractPair(context.Background(), bundle(s), file, Options{Password: []byte("x")})
	require.NoError(t, err)
	require.Equal(t, 3, c.kept.Len(), "failures are not kept")

	c.Clear()
	fresh, err := c.Extract(context.Background(), file, Options{Password: []byte("x")})
	require.NoError(t, err)
	require.NotSame(t, first, fresh)
}

func TestCacheHoldsNoPassword(t *testing.T) {
	password := []byte("a password to look for")
	var c Cache
	given := append([]byte(nil), password...)
	_, err := c.Extract(context.Background(), testSchemes()[0].pkcs8(samples()["p256"], password), Options{Password: given})
	require.NoError(t, err)
	require.Equal(t, password, given, "the caller's password is not touched")
	require.Equal(t, 1, c.kept.Len())
	for key, inventory := range c.kept.All() {
		require.NotContains(t, string(key[:]), string(password))
		require.NotContains(t, fmt.Sprintf("%+v", *inventory), string(password))
	}
}

func TestCacheIsBounded(t *testing.T) {
	c := Cache{Entries: 2}
	s := samples()["p256"]
	get := func(n int) *Inventory {
		inv, err := c.Extract(context.Background(), append(bundle(s), strings.Repeat("\n", n)...), Options{})
		require.NoError(t, err)
		return inv
	}
	one := get(1)
	get(2)
	require.Same(t, one, get(1))
	get(3) // drops 2, which was not used since
	require.Same(t, one, get(1))
	require.Equal(t, 2, c.kept.Len())
}

func TestCacheExtractsOnceForAll(t *testing.T) {
	var c Cache
	var mu sync.Mutex
	started := 0
	release := make(chan struct{})
	slow := func(ctx context.Context, files [][]byte, o Options) (*Inventory, error) {
		mu.Lock()
		started++
		mu.Unlock()
		<-release
		return Extract(ctx, files[0], o)
	}
	var wg sync.WaitGroup
	got := make([]*Inventory, 8)
	for i := range got {
		wg.Go(func() {
			got[i], _ = c.remember(context.Background(), "one", [][]byte{bundle(samples()["p256"])}, Options{}, slow)
		})
	}
	require.Eventually(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, f := range c.flights {
			return f.waiting == len(got)
		}
		return false
	}, 20*time.Second, time.Millisecond)
	close(release)
	wg.Wait()
	require.Equal(t, 1, started)
	for _, inv := range got {
		require.NotNil(t, inv)
		require.Same(t, got[0], inv)
	}
}

func TestCacheEndsWhatNobodyWaitsFor(t *testing.T) {
	var c Cache
	file := costly(1<<30, nil)
	o := Options{Password: []byte("x"), Limits: Limits{Iterations: 1 << 40}}
	patient, giveUp := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { _, err := c.Extract(patient, file, o); done <- err }()
	hasty, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	_, err := c.Extract(hasty, file, o)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	select {
	case err := <-done:
		t.Fatalf("the patient caller got %v", err)
	default:
	}
	giveUp()
	require.ErrorIs(t, <-done, context.Canceled)
	require.Eventually(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.flights) == 0
	}, 20*time.Second, time.Millisecond)
}
