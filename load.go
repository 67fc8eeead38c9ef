package mtlshttp

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/load"
	"github.com/mtlshttp/mtlshttp/internal/target"
)

// LoadPolicy bounds what an executor does at one time, over all its requests and
// sessions. A zero field bounds nothing; a negative one is a fault of kind
// config. A host is a name or address with a port, whoever is shown to it.
//
// A request that would pass a bound waits, in the order in which requests came,
// until its deadline or its context ends it: an error of kind timeout or canceled
// and phase connect, before a byte is sent, whose reason names the bound:
// host-connections, host-rate or memory. Each hop of a redirect and each try is
// a request. What waits, and gives up, takes nothing from the others.
type LoadPolicy struct {
	// HostConnections is the most connections to a host that are open at a
	// time, kept ones included. Those that nobody uses
	// give way to who waits, and behind a request that has waited for 50 ms
	// others wait too, so that no identity keeps a host to itself. Over HTTP/2 a
	// connection serves many requests. A plain request that a proxy forwards
	// counts as one to the proxy.
	HostConnections int
	// HostRate is how many requests a second are sent to a host, evenly;
	// HostBurst how many of them may go at once after a pause, 0: one.
	HostRate  float64
	HostBurst int
	// Memory bounds the decoded bodies, in bytes, that are in memory while Do
	// reads, decodes and parses them; what parsing makes of them comes on top.
	// A request begins with 64 KiB, or all if that is less, and waits until
	// there is as much. One whose body needs more than is left then ends with
	// an error of kind limit and reason memory, which is Retryable if the
	// request may be repeated. What Do returned, and what goes to an Output or
	// to the reader of a Stream or a client, is not counted.
	Memory int64
}

// The reasons of what ended while it waited.
const (
	reasonHostConnections = "host-connections"
	reasonHostRate        = "host-rate"
	reasonMemory          = "memory" // as content.LimitMemory
)

func (l LoadPolicy) fault() *Error {
	if l.HostConnections < 0 || l.HostRate < 0 || l.HostBurst < 0 || l.Memory < 0 {
		return fault(KindConfig, "load", "negative", "a bound is negative")
	}
	return nil
}

// loadBounds is a policy made ready; those that bound nothing are nil.
type loadBounds struct {
	connections *load.Slots
	rate        *load.Rate
	memory      *load.Budget
}

func (l LoadPolicy) prepare() loadBounds {
	return loadBounds{load.NewSlots(l.HostConnections), load.NewRate(l.HostRate, l.HostBurst), load.NewBudget(l.Memory)}
}

// queue waits until a request to a host may be sent.
func (b *loadBounds) queue(req *http.Request) error {
	if b.rate == nil {
		return nil
	}
	o := target.OriginOf(req.URL)
	if b.rate.Wait(req.Context(), net.JoinHostPort(o.Host, o.Port)) == nil {
		return nil
	}
	return waited(req.Context(), reasonHostRate)
}

// waited is the error of a wait that a context ended.
func waited(ctx context.Context, reason string) *Error {
	e := interrupted(ctx, phaseConnect)
	if e.Kind != KindClosed {
		e.Reason = reason
	}
	return e
}

// admitted is a try that holds a share of the memory for the body that it reads.
func (p *plan) admitted(ctx context.Context) attempt {
	if p.hold {
		return p.try(ctx)
	}
	var err error
	if p.share, err = p.executor.load.memory.Enter(ctx); err != nil {
		e := waited(ctx, reasonMemory)
		e.URL, e.Retryable = p.target.String(), e.Kind == KindTimeout
		return attempt{begun: time.Now(), err: e}
	}
	defer p.share.Leave()
	return p.try(ctx)
}
