package mtlshttp_test

import (
	"crypto/tls"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
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
	before := inUse()
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
	return inUse() - before
}

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
