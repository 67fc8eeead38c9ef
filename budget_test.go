package mtlshttp_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/slack"
)

// budget is what one request may allocate in our process.
type budget struct{ objects, bytes float64 }

// budgets are those of the hot cases, at the level that was reached. What takes
// more has to say why; what takes less lowers them.
var budgets = map[string]budget{
	"SmallGET":  {88, 8_320},
	"POST10KB":  {100, 15_430},
	"Cookies20": {103, 10_930},
	"HTTP2":     {75, 8_780},
}

func TestAllocationBudgets(t *testing.T) {
	srv := startBenchServer(t)
	for _, c := range hotCases {
		t.Run(c.name, func(t *testing.T) {
			limit, ok := budgets[c.name]
			require.True(t, ok, "every hot case has a budget")
			ours := spent(t, 200, c.ours(t, srv))
			if slack.Race { // which allocates by itself, and empties pools
				limit.objects, limit.bytes = 2*limit.objects, 3*limit.bytes
			}
			assert.LessOrEqual(t, ours.objects, limit.objects, "allocations")
			assert.LessOrEqual(t, ours.bytes, limit.bytes, "bytes")
			if !slack.Race {
				assert.Less(t, ours.objects, spent(t, 200, c.tuned(t, srv)).objects, "net/http as a careful engineer uses it allocates less")
			}
		})
	}
}

// TestCookiesCostLittle: what 20 of them add to a request.
func TestCookiesCostLittle(t *testing.T) {
	srv := startBenchServer(t)
	without, with := spent(t, 200, sendsOurs(nil)(t, srv)), spent(t, 200, oursWithCookies(20)(t, srv))
	assert.LessOrEqual(t, with.objects-without.objects, 20.0)
	assert.LessOrEqual(t, with.bytes-without.bytes, 4_000.0)
}

// TestMemoryIsLinear: a body costs what it is long, and no more; a client of
// many credentials, or with a full jar, costs each request what any other does.
func TestMemoryIsLinear(t *testing.T) {
	srv := startBenchServer(t)
	t.Run("bodies", func(t *testing.T) {
		for _, c := range []struct {
			path    string
			perByte float64 // the data, and what is parsed of it
		}{{"/bytes?n=", 1.15}, {"/json?n=", 12}} {
			sizes := bodySizes
			if slack.Race {
				sizes = sizes[:3] // the detector takes its time
			}
			for _, size := range sizes {
				got := spent(t, max(3, min(100, 1_000_000/size)), oursOfSize(c.path, size)(t, srv))
				assert.LessOrEqual(t, got.bytes, 12_000+c.perByte*float64(size), "%s%d", c.path, size)
			}
		}
	})
	t.Run("credentials", func(t *testing.T) {
		e := newExecutor(t)
		one := spent(t, 200, sendsOurs(nil)(t, srv))
		turn := 0
		requests := srv.requests(len(srv.credentials))
		all := spent(t, 3*len(requests), func(ctx context.Context) error {
			turn++
			_, err := e.Do(ctx, requests[turn%len(requests)])
			return err
		})
		assert.InDelta(t, one.objects, all.objects, 8)
	})
	t.Run("cookies", func(t *testing.T) {
		few, full := spent(t, 200, oursAmongCookies(20)(t, srv)), spent(t, 200, oursAmongCookies(10_000)(t, srv))
		assert.InDelta(t, few.objects, full.objects, 2)
		within := 200.0
		if slack.Race {
			within = 1000 // sync.Pool then drops at random what it is given
		}
		assert.InDelta(t, few.bytes, full.bytes, within)
	})
}

var bodySizes = []int{1 << 10, 10 << 10, 100 << 10, 1 << 20, 10 << 20}

// oursOfSize reads a body of a size.
func oursOfSize(path string, size int) hotSide {
	return sendsOurs(func(r *mtlshttp.Request) { r.URL = strings.TrimSuffix(r.URL, "/small") + path + strconv.Itoa(size) })
}

// oursAmongCookies sends the 20 cookies of the server's host out of a jar that
// was given so many in all, of other hosts; it keeps 3,000.
func oursAmongCookies(all int) hotSide {
	return func(t testing.TB, srv *benchServer) func(context.Context) error {
		s := &mtlshttp.Session{Executor: newExecutor(t), Jar: new(mtlshttp.Jar)}
		for host := 0; all > 20; host++ {
			n := min(all-20, 100)
			u, cookies := parsedCookies(t, fmt.Sprintf("https://host%d.example", host), n)
			s.Jar.SetCookies(u, cookies)
			all -= n
		}
		u, cookies := parsedCookies(t, srv.URL, 20)
		s.Jar.SetCookies(u, cookies)
		r := srv.request("/small")
		r.ShareCookies = true
		return func(ctx context.Context) error {
			_, err := s.Do(ctx, r)
			return err
		}
	}
}

// requests are small GETs by the first n clients.
func (s *benchServer) requests(n int) []*mtlshttp.Request {
	var list []*mtlshttp.Request
	for _, c := range s.credentials[:n] {
		r := s.request("/small")
		r.Identity = c
		list = append(list, r)
	}
	return list
}

// spent sends n requests after some that open connections and fill pools, and
// returns what each allocated: the least of three goes, since others in the
// process allocate too.
func spent(t *testing.T, n int, send func(context.Context) error) budget {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for range min(n, 100) {
		require.NoError(t, send(t.Context()))
	}
	least := budget{1e9, 1e12}
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range n {
			if err := send(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		least.objects = min(least.objects, float64(after.Mallocs-before.Mallocs)/float64(n))
		least.bytes = min(least.bytes, float64(after.TotalAlloc-before.TotalAlloc)/float64(n))
	}
	return least
}
