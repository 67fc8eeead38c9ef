package faults_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/slack"
)

// badNameServer answers every question, over a stream, with what reply makes of
// it; nil: nothing.
func badNameServer(l *faultLab, reply func(question []byte) []byte) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			var length [2]byte
			if _, err := io.ReadFull(there, length[:]); err != nil {
				return
			}
			question := make([]byte, binary.BigEndian.Uint16(length[:]))
			if _, err := io.ReadFull(there, question); err != nil {
				return
			}
			answer := reply(question)
			if answer == nil {
				for !l.asked.Load() { // the resolver reads on, though nobody wants it to
					select {
					case <-l.server.ended:
						return
					case <-time.After(5 * time.Millisecond):
					}
				}
				return
			}
			_, _ = there.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
		}()
		return here, nil
	}
}

// dnsReply is an answer to a question: a code and records (RFC 1035, section
// 4.1). A record is a type with its data, of the name that was asked for.
func dnsReply(question []byte, code byte, kind uint16, data ...[]byte) []byte {
	const header = 12
	end := header + bytes.IndexByte(question[header:], 0) + 5
	answer := bytes.Clone(question[:end])
	answer[2], answer[3] = 0x81, 0x80|code
	if asked := binary.BigEndian.Uint16(answer[end-4:]); asked != kind && (kind == typeA || kind == typeAAAA) {
		data = nil
	}
	binary.BigEndian.PutUint16(answer[6:], uint16(len(data)))
	binary.BigEndian.PutUint32(answer[8:], 0)
	for _, d := range data {
		answer = append(answer, 0xc0, header)
		answer = binary.BigEndian.AppendUint16(answer, kind)
		answer = append(answer, 0, 1, 0, 0, 0, 0)
		answer = append(binary.BigEndian.AppendUint16(answer, uint16(len(d))), d...)
	}
	return answer
}

const typeA, typeCNAME, typeTXT, typeAAAA = 1, 5, 16, 28

// resolves has the lab look names up at a name server of its own, and connect
// to what it says, at the port of the lab's server.
func resolves(reply func(question []byte) []byte) func(*faultLab) {
	return func(l *faultLab) {
		_, port, err := net.SplitHostPort(l.server.listener.Addr().String())
		require.NoError(l.t, err)
		dialer := &net.Dialer{Resolver: &net.Resolver{PreferGo: true, Dial: badNameServer(l, reply)}}
		l.watch(func(ctx context.Context, network, address string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return dialer.DialContext(ctx, network, net.JoinHostPort(host, port))
		})
	}
}

// once does a thing the first time, and leads to the server after that.
func once(first func(ctx context.Context) (net.Conn, error)) func(*faultLab) {
	return func(l *faultLab) {
		var dials atomic.Int32
		l.watch(func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials.Add(1) == 1 {
				return first(ctx)
			}
			return l.server.dial(ctx, network, address)
		})
	}
}

// dialFailing is a dial that fails as the system says it.
func dialFailing(call string, errno syscall.Errno) func(*faultLab) {
	return once(func(context.Context) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError(call, errno)}
	})
}

func TestFaultsOfConnecting(t *testing.T) {
	const short = 2 * time.Second
	ip := func(last byte) []byte { return []byte{127, 0, 0, last} }
	loopback6 := append(make([]byte, 15), 1)
	label := strings.Repeat("a", 63)
	long := append([]byte(strings.Repeat("\x3f"+label, 4)), 0)
	var texts [][]byte
	for range 40 {
		texts = append(texts, append([]byte{250}, make([]byte, 250)...))
	}
	// The first question gets a bad answer; what is asked for the next request
	// gets the server's address.
	forName := func(bad func([]byte) []byte) func(*faultLab) {
		return func(l *faultLab) {
			resolves(func(q []byte) []byte {
				if bytes.Contains(q, []byte("\x04next\x04")) || l.asked.Load() {
					return dnsReply(q, 0, typeA, ip(1))
				}
				return bad(q)
			})(l)
		}
	}
	dns := func(name, reason string, again bool, bad func([]byte) []byte) faultRow {
		return faultRow{name: name, scheme: "http", change: forName(bad), kind: mtlshttp.KindDNS, reason: reason,
			phase: []mtlshttp.Phase{"dns"}, again: again, check: nowResolves}
	}
	runFaults(t, []faultRow{
		dns("FLT-01 no such name", "not-found", false, func(q []byte) []byte { return dnsReply(q, 3, typeA) }),
		{name: "FLT-02 a name server that is silent", scheme: "http", change: silentNames, within: short,
			kind: mtlshttp.KindTimeout, phase: []mtlshttp.Phase{"dns"}, again: true, check: nowResolves},
		dns("FLT-03 SERVFAIL", "lookup", true, func(q []byte) []byte { return dnsReply(q, 2, typeA) }),
		dns("FLT-03 malformed", "lookup", true, func(q []byte) []byte { return dnsReply(q, 0, typeA, ip(1))[:20] }),
		dns("FLT-03 10 KB beside the point", "not-found", false, func(q []byte) []byte { return dnsReply(q, 0, typeTXT, texts...) }),
		dns("FLT-03 a CNAME to itself", "not-found", false, func(q []byte) []byte { return dnsReply(q, 0, typeCNAME, []byte{0xc0, 12}) }),
		dns("FLT-03 a long CNAME", "not-found", false, func(q []byte) []byte { return dnsReply(q, 0, typeCNAME, long) }),
		dns("FLT-04 no address", "not-found", false, func(q []byte) []byte { return dnsReply(q, 0, typeA) }),
		{name: "FLT-05 the second address works", scheme: "http", change: resolves(func(q []byte) []byte {
			return dnsReply(q, 0, typeA, ip(2), ip(1))
		}), body: "fine"},
		{name: "FLT-05 IPv6 refuses, IPv4 works", scheme: "http", change: resolves(func(q []byte) []byte {
			if binary.BigEndian.Uint16(q[12+bytes.IndexByte(q[12:], 0)+1:]) == typeAAAA {
				return dnsReply(q, 0, typeAAAA, loopback6)
			}
			return dnsReply(q, 0, typeA, ip(1))
		}), body: "fine"},
		{name: "FLT-06 refused", change: once(func(ctx context.Context) (net.Conn, error) { return refusedDial(ctx) }),
			kind: mtlshttp.KindConnect, reason: "refused", phase: []mtlshttp.Phase{"connect"}, again: true},
		{name: "FLT-07 silence", change: once(func(ctx context.Context) (net.Conn, error) {
			<-ctx.Done()
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
		}), within: short, kind: mtlshttp.KindTimeout, again: true},
		{name: "FLT-08 EHOSTUNREACH", change: dialFailing("connect", syscall.EHOSTUNREACH), kind: mtlshttp.KindConnect, reason: "unreachable", again: true},
		{name: "FLT-08 ENETUNREACH", change: dialFailing("connect", syscall.ENETUNREACH), kind: mtlshttp.KindConnect, reason: "unreachable", again: true},
		{name: "FLT-08 EADDRNOTAVAIL at bind", change: dialFailing("bind", syscall.EADDRNOTAVAIL), kind: mtlshttp.KindConnect, reason: "unreachable", again: true},
		{name: "FLT-09 EMFILE", change: dialFailing("socket", syscall.EMFILE), kind: mtlshttp.KindResource, again: true},
		{name: "FLT-09 ENFILE", change: dialFailing("socket", syscall.ENFILE), kind: mtlshttp.KindResource, again: true},
		{name: "FLT-10 no port left", change: dialFailing("connect", syscall.EADDRNOTAVAIL), kind: mtlshttp.KindResource, again: true},
	})
}

// nowResolves lets the lab's name server mend.
func nowResolves(_ *testing.T, l *faultLab, _ *mtlshttp.Response, _ *mtlshttp.Error) {
	l.asked.Store(true)
}

// refusedDial dials a port that nobody listens at.
func refusedDial(ctx context.Context) (net.Conn, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := listener.Addr().String()
	_ = listener.Close()
	return new(net.Dialer).DialContext(ctx, "tcp", address)
}

// A thousand addresses are tried one after the other, each once, and never
// beyond the deadline.
func TestFaultsOfManyAddresses(t *testing.T) {
	nothingLeft(t)
	t.Run("FLT-04 a thousand addresses", func(t *testing.T) {
		l := newFaultLab(t, serveFaults(t))
		var list [][]byte
		for i := range 1000 {
			list = append(list, []byte{127, 1, byte(i / 256), byte(i % 256)})
		}
		var connects atomic.Int32
		port := strconv.Itoa(l.server.listener.Addr().(*net.TCPAddr).Port)
		dialer := &net.Dialer{
			Resolver: &net.Resolver{PreferGo: true, Dial: badNameServer(l, func(q []byte) []byte { return dnsReply(q, 0, typeA, list...) })},
			Control:  func(string, string, syscall.RawConn) error { connects.Add(1); return nil },
		}
		l.watch(func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, "many.test:"+port)
		})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		begun := time.Now()
		resp, err := l.Do(ctx, l.request("http://many.test/"))
		assert.Contains(t, []mtlshttp.Kind{mtlshttp.KindConnect, mtlshttp.KindTimeout}, failureOf(t, err).Kind)
		assert.Less(t, time.Since(begun), slack.For(4*time.Second))
		assert.LessOrEqual(t, connects.Load(), int32(1000))
		t.Logf("%d connects in %v", connects.Load(), time.Since(begun))
		l.watch(l.server.dial)
		l.nothingLeaked(resp, err, "")
	})
}
