// Package wire makes connections and remembers what was seen on them: the dial
// with its deadline, the handshake and which identity was presented in it, the
// raw bytes that say why it failed, and the pool of transports, one for each
// TLS setting.
package wire

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"
)

// Key tells settings apart. Equal keys share connections, so a key covers by
// content everything that changes what a connection means.
type Key [sha256.Size]byte

// Setting is what all connections of one transport have in common.
type Setting struct {
	Key Key
	// TLS makes the part that does not depend on the connection: roots,
	// verification, versions, clock; and what verifies a connection to a
	// host beside it, nil for nothing. It is called once for a transport.
	TLS func() (*tls.Config, func(host string, state tls.ConnectionState) error, error)
	// Identities are the candidates for the server's request, best first.
	// Every one of them may be shown to every host that is dialed by this
	// setting: the caller has asked the origin rule.
	Identities []*Identity
	// Refused are identities that are configured and not meant for these
	// hosts; they are never presented, and the record names them.
	Refused []*Identity
	// Required gives up a connection on which no identity was presented.
	Required bool
	// HTTP2Only gives up a connection on which HTTP/2 was not agreed.
	HTTP2Only bool
	// HTTP1Only offers no HTTP/2.
	HTTP1Only bool
	// HeaderBytes bounds a response's header section.
	HeaderBytes int64
}

// Transport is an http.Transport for one setting.
type Transport struct {
	setting  *Setting
	tls      *tls.Config
	verify   func(host string, state tls.ConnectionState) error
	pool     *Pool
	http     *http.Transport
	sessions *sessions

	// The pool's, under its lock.
	kept  *kept // its place; nil: none
	users int   // requests that have no answer yet
	conns int   // that are open
}

// newTransport makes one that goes on with the sessions of an earlier one; nil:
// of its own.
func newTransport(p *Pool, s *Setting, earlier *sessions) (*Transport, error) {
	base, verify, err := s.TLS()
	if err != nil {
		return nil, err
	}
	t := &Transport{setting: s, tls: base, verify: verify, pool: p, sessions: earlier}
	if t.sessions == nil && !s.Required {
		t.sessions = newSessions(sessionLimit)
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!s.HTTP2Only)
	protocols.SetHTTP2(!s.HTTP1Only)
	t.http = &http.Transport{
		DialContext:            t.placed(t.dialPlain),
		DialTLSContext:         t.placed(t.dialTLS),
		Proxy:                  p.proxy.forwards,
		Protocols:              protocols,
		DisableCompression:     true, // codings are decoded, bounded, above
		MaxResponseHeaderBytes: s.HeaderBytes,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        90 * time.Second,
		ExpectContinueTimeout:  time.Second,
		HTTP2: &http.HTTP2Config{
			SendPingTimeout: 15 * time.Second,
			PingTimeout:     15 * time.Second,
			// What one slow reader may keep in memory.
			MaxReceiveBufferPerStream: 512 << 10,
		},
	}
	return t, nil
}

// idlePerHost is how many connections to a host are kept.
const idlePerHost = 256

// RoundTrip sends a request whose context carries an Exchange.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !t.pool.enter(t) {
		return nil, ErrClosed
	}
	defer t.pool.leave(t)
	if t.setting.Required && req.URL.Scheme != "https" {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, new(NotAskedError)
	}
	x := ExchangeOf(req.Context())
	if x != nil {
		proxy, _ := t.pool.proxy.forwards(req)
		if x.forwarded = proxy != nil; x.forwarded {
			// The connection to the proxy may be an old one.
			if err := t.pool.dialer.vet(req.Context(), req.URL.Hostname(), portOf(req.URL)); err != nil {
				if req.Body != nil {
					_ = req.Body.Close()
				}
				return nil, err
			}
			req = absolute(req)
		}
		if err := t.inTurn(x, req); err != nil {
			return nil, err
		}
		defer x.leavePlace()
	}
	return t.attempts(x, req)
}

// attempts sends a request, and again where net/http would not: in its turn, and
// in the place of a dead connection. A request without an exchange is sent once.
func (t *Transport) attempts(x *Exchange, req *http.Request) (*http.Response, error) {
	for dead := 0; ; {
		resp, err := t.http.RoundTrip(req)
		if err == nil && x != nil && x.unasked() {
			_ = resp.Body.Close()
			resp, err = nil, errUnasked
		}
		if err == nil {
			resp, err = timely(req.Context(), resp)
		}
		switch {
		case err == nil || x == nil:
			return resp, err
		case errors.Is(err, errTurn):
			if err = x.turn(req.Context(), t.pool.Done()); err != nil {
				return nil, err
			}
			err = ErrTooManyDials // of a request that cannot be sent again
		case x.wasDead() && req.Context().Err() == nil && dead < idlePerHost:
			dead++
		default:
			return nil, err
		}
		if req = anew(req); req == nil {
			return nil, err
		}
	}
}

// wasDead says whether a kept connection was dead, and not a byte of the request
// went out. net/http sees to that, too, but neither over HTTP/2 nor where a body
// is larger than its buffer: there it takes the failed write for a failed read.
// Each time a dead connection leaves the pool.
func (x *Exchange) wasDead() bool {
	p := x.Progress()
	return p.HasConn && p.Reused && p.Unsent
}

// anew is a request to send once more, or nil where its body cannot be had again.
func anew(req *http.Request) *http.Request {
	if req.Body == nil || req.Body == http.NoBody {
		return req
	}
	if req.GetBody == nil {
		return nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil
	}
	again := *req
	again.Body = body
	return &again
}

// Dispatch sends each request by the transport of the Exchange in its context.
var Dispatch http.RoundTripper = dispatch{}

type dispatch struct{}

func (dispatch) RoundTrip(req *http.Request) (*http.Response, error) {
	x := ExchangeOf(req.Context())
	if x == nil || x.transport == nil {
		return nil, ErrNoExchange
	}
	return x.transport.RoundTrip(req)
}

// StageError is a dial that failed, and where.
type StageError struct {
	Stage Stage
	Err   error
}

func (e *StageError) Error() string { return e.Err.Error() }
func (e *StageError) Unwrap() error { return e.Err }

// ErrPanic: a function of the caller's panicked in a dial, or while a body was
// sent. net/http does both in goroutines of its own, where that would end the
// process.
var ErrPanic = errors.New("a function that the executor was given panicked")

// recovered makes an error of a panic. What it said may be secret.
func recovered(err *error) {
	if recover() != nil {
		*err = ErrPanic
	}
}

func (t *Transport) dialPlain(ctx context.Context, network, addr string) (_ net.Conn, failed error) {
	defer recovered(&failed)
	ctx, cancel := t.pool.dialContext(ctx)
	defer cancel()
	record, err := t.newRecord(ctx, addr)
	if err != nil {
		return nil, err
	}
	if isForwarded(ctx) {
		record.facts.Proxy = addr
	}
	conn, err := t.open(ctx, network, addr, record)
	if err != nil {
		return nil, err
	}
	record.note(func(f *Facts) { f.Stage = StageReady })
	return conn, nil
}

// isForwarded says whether a dial is for a plain request that goes to the proxy
// itself: net/http then dials the proxy's address.
func isForwarded(ctx context.Context) bool {
	x := ExchangeOf(ctx)
	return x != nil && x.forwarded
}

// open makes the connection that TLS, or plain HTTP, is spoken over: a direct
// one, or a tunnel through the proxy.
func (t *Transport) open(ctx context.Context, network, addr string, record *Record) (*Conn, error) {
	if !t.pool.beginDial() {
		return nil, ErrClosed
	}
	defer t.pool.endDial()
	begun := time.Now()
	var raw net.Conn
	var err error
	if host, port := record.facts.Host, record.facts.Port; t.pool.proxy.uses(host, port) && !isForwarded(ctx) {
		raw, err = t.tunnel(ctx, addr, record)
	} else {
		raw, err = t.pool.dialer.dial(ctx, network, addr, !isForwarded(ctx))
	}
	if err != nil {
		stage := stageOf(err, record.Facts())
		record.note(func(f *Facts) { f.Stage = stage })
		return nil, &StageError{stage, err}
	}
	conn := newConn(raw, record)
	record.mu.Lock()
	record.facts.Connect, record.facts.Remote, record.raw = time.Since(begun), raw.RemoteAddr().String(), conn
	record.mu.Unlock()
	if !t.pool.track(t, conn) {
		_ = conn.Close()
		return nil, ErrClosed
	}
	return conn, nil
}

func (t *Transport) newRecord(ctx context.Context, addr string) (*Record, error) {
	record := new(Record)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		host = addr
	}
	record.facts.Host, record.facts.Port = strings.TrimSuffix(host, "."), port
	record.facts.Start, record.facts.Allowed = time.Now(), t.setting.Identities
	if x := ExchangeOf(ctx); x != nil {
		if err := x.dials(record); err != nil {
			return nil, err
		}
	}
	return record, nil
}
