package mtlshttp_test

import (
	"crypto/tls"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/slack"
	"github.com/mtlshttp/mtlshttp/internal/testca"
)

// strangers makes credentials that share nothing but their key, which costs
// time to make and is the caller's memory in any case.
func strangers(t testing.TB, n int) []*mtlshttp.Credential {
	ca, err := testca.New(testca.Options{})
	require.NoError(t, err)
	key, err := testca.NewKey("")
	require.NoError(t, err)
	list := make([]*mtlshttp.Credential, n)
	for i := range list {
		pair, err := ca.Issue(testca.Leaf{CommonName: "client " + strconv.Itoa(i), Signer: key})
		require.NoError(t, err)
		list[i], err = mtlshttp.NewCredential(pair.Key, pair.Certificate)
		require.NoError(t, err)
	}
	return list
}

// inUse is the memory of this process that is in use: heap and stacks.
func inUse() int64 {
	runtime.GC()
	runtime.GC() // what the first one has finalized
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// idleIdentities has each credential used once, and says what the executor
// holds then; the server is in a process of its own.
func idleIdentities(t testing.TB, e *mtlshttp.Executor, credentials []*mtlshttp.Credential, http int) (bytes int64) {
	srv := startBenchServer(t)
	before := settled()
	var next atomic.Int64
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(credentials); i = next.Add(1) - 1 {
				r := &mtlshttp.Request{URL: srv.AnyURL + "/small", Identity: credentials[i], Roots: srv.roots(),
					Protocol: mtlshttp.Protocol{HTTP: http, MinTLS: tls.VersionTLS13}}
				if resp, err := e.Do(t.Context(), r); err != nil || resp.Receipt.ClientCertificate.Presented == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	workers.Wait()
	if http == 2 {
		time.Sleep(settling)
	}
	return settled() - before
}

// settled is what is in use once it has not fallen for a second: connections that
// gave way are being closed, and on a machine under load that takes its time.
func settled() int64 {
	const pause, still = 200 * time.Millisecond, 5
	least := inUse()
	for looks, same := 0, 0; looks < 100 && same < still; looks++ {
		time.Sleep(pause)
		now := inUse()
		if same++; now < least-32<<10 {
			same = 0
		}
		least = min(least, now)
	}
	return least
}

// settling is how long net/http keeps an HTTP/2 connection that it has closed: it
// does not stop the timer of the next ping.
const settling = 16 * time.Second

// BenchmarkIdleIdentities is what 10,000 identities cost that were used once
// and have nothing to do.
func BenchmarkIdleIdentities(b *testing.B) {
	const identities = 10_000
	credentials := strangers(b, identities)
	for _, http := range []int{1, 2} {
		b.Run(fmt.Sprint("HTTP/", http), func(b *testing.B) {
			for b.Loop() {
				e := new(mtlshttp.Executor)
				bytes := idleIdentities(b, e, credentials, http)
				b.ReportMetric(float64(bytes)/identities, "B/identity")
				b.ReportMetric(float64(bytes)/(1<<20), "MiB")
				require.NoError(b, e.Close())
			}
		})
	}
}

// An identity that has nothing to do costs little, so that 10,000 of them stay
// within 64 MiB: beyond those that are kept warm, which is a number of its own,
// each adds its share.
func TestIdleIdentitiesCostLittle(t *testing.T) {
	const warm, more = 1_100, 2_900 // the history has its 1,000 by then
	e := newExecutor(t)
	first := idleIdentities(t, e, strangers(t, warm), 1)
	each := float64(idleIdentities(t, e, strangers(t, more), 1)) / more
	all := float64(first) + each*(10_000-warm)
	fmt.Printf("idle identities: %d take %d KiB, each further one %.0f bytes; 10,000: %.1f MiB\n", warm, first>>10, each, all/(1<<20))
	bound := 64. * (1 << 20)
	if slack.Race { // which pads what is held, and empties the pools that would be shared
		bound += bound / 4
	}
	assert.Less(t, all, bound)
}
