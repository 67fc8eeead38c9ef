package faults_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// promptly is how late a request may come back after its end.
const promptly = 250 * time.Millisecond

// bubbleAuthority is of the time at which every bubble begins.
var bubbleAuthority = sync.OnceValues(func() (*mtlstest.CA, error) { return mtlstest.NewCA() })

// bubble is a fault lab on a network that is in memory alone, for use within a
// bubble of synctest: its time passes only while everybody waits, so what is
// measured there is how long we wait, whatever else the machine does.
func bubble(t *testing.T, scripts ...func(*peer)) *faultLab {
	ca, err := bubbleAuthority()
	require.NoError(t, err)
	config, err := ca.ServerConfig("fault.test", "other.test")
	require.NoError(t, err)
	config.ClientAuth, config.NextProtos = 0, nil
	s := &faultServer{ca: ca, tls: config, scripts: scripts, ended: make(chan struct{})}
	l := newFaultLab(t, s)
	t.Cleanup(func() {
		close(s.ended)
		s.open.Wait()
		time.Sleep(time.Minute) // what net has begun for a look-up ends by itself, if time passes
	})
	return l
}

// pipe is dial without a network: a connection that holds some octets on their
// way, as a system's buffers do.
func (s *faultServer) pipe(context.Context, string, string) (net.Conn, error) {
	client, outer := net.Pipe()
	inner, server := net.Pipe()
	s.open.Go(func() { relay(inner, outer) })
	s.open.Go(func() { relay(outer, inner) })
	s.serve(server)
	return client, nil
}

// relay copies, some chunks ahead, until either side closes.
func relay(to, from net.Conn) {
	const ahead = 16
	chunks, gone := make(chan []byte, ahead), make(chan struct{})
	go func() {
		defer close(chunks)
		for {
			buf := make([]byte, 4096)
			n, err := from.Read(buf)
			if err != nil {
				return
			}
			select {
			case chunks <- buf[:n]:
			case <-gone:
				return
			}
		}
	}()
	for chunk := range chunks {
		if _, err := to.Write(chunk); err != nil {
			break
		}
	}
	close(gone)
	_ = to.Close()
	_ = from.Close()
}

// silentNames has an executor ask a name server that never answers.
func silentNames(l *faultLab) {
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, server) }()
		return client, nil
	}}
	serve := l.Dial
	l.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if !l.asked.Load() {
			return (&net.Dialer{Resolver: resolver}).DialContext(ctx, network, address)
		}
		return serve(ctx, network, address)
	}
}

// At each of the points where a request can be, a deadline, a cancellation and one
// with a cause end it: at once, told with its phase, kind and cause, and with
// nothing left. Over https as well, where the point is not in the handshake.
func TestEndsArePrompt(t *testing.T) {
	for _, end := range endings() {
		for _, point := range endPoints() {
			for _, scheme := range []string{"http", "https"} {
				if point.scheme != "" && point.scheme != scheme {
					continue
				}
				t.Run(end.name+" "+point.name+" over "+scheme, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { endOnce(t, end, &point, scheme) })
				})
			}
		}
	}
}

func endOnce(t *testing.T, end ending, point *endPoint, scheme string) {
	l := bubble(t, point.scripts()...)
	r := l.request(scheme + "://fault.test/broken")
	switch {
	case point.lookup:
		silentNames(l)
	case point.change != nil:
		point.change(l, r)
	}
	late := point.endedBy(t, end, l, r, scheme, 2*time.Second)
	assert.GreaterOrEqual(t, late, time.Duration(0))
	assert.LessOrEqual(t, late, promptly)
}

// The request's own timeout is kept to as promptly, by Do, and by a client that was
// handed out, the reading of its body included.
func TestTimeoutsArePrompt(t *testing.T) {
	half := func(p *peer) {
		p.request()
		p.say(okLine + "Content-Length: 8\r\n\r\nhalf")
		p.stall()
	}
	synctest.Test(t, func(t *testing.T) {
		l := bubble(t, half, half)
		r := l.request("http://fault.test/")
		r.Timeout = 3 * time.Second
		begun := time.Now()
		_, err := l.Do(t.Context(), r)
		assert.Equal(t, mtlshttp.KindTimeout, failureOf(t, err).Kind)
		assert.InDelta(t, r.Timeout, time.Since(begun), float64(promptly))

		client, err := l.Client(t.Context(), r)
		require.NoError(t, err)
		begun = time.Now()
		resp, err := client.Get(r.URL)
		require.NoError(t, err)
		text, err := io.ReadAll(resp.Body)
		assert.Equal(t, "half", string(text))
		assert.InDelta(t, r.Timeout, time.Since(begun), float64(promptly))
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindTimeout, f.Kind)
		assert.Equal(t, "http://fault.test/?api_key=***", f.URL)
		assert.True(t, f.Timeout())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoError(t, resp.Body.Close())
		l.nothingLeaked(nil, err, "http")
	})
}

// RED-25: one deadline is over all hops of a redirect.
func TestDeadlineOverRedirectsIsPrompt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := bubble(t, func(p *peer) {
			for p.request() != nil && !p.wait(time.Second) {
				p.say("HTTP/1.1 302 Found\r\nLocation: /on\r\nContent-Length: 0\r\n\r\n")
			}
		})
		r := l.request("http://fault.test/")
		r.Timeout = 3500 * time.Millisecond
		begun := time.Now()
		_, err := l.Do(t.Context(), r)
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindTimeout, f.Kind)
		assert.Len(t, f.Hops, 4)
		assert.InDelta(t, r.Timeout, time.Since(begun), float64(promptly))
		l.nothingLeaked(nil, err, "http")
	})
}

// An upload over HTTP/2 whose server gives no window ends as promptly.
func TestUploadWithoutWindowEndsPromptly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := bubble(t, frames(func(*framePeer, uint32) bool { return true }))
		l.server.tls.NextProtos = []string{"h2"}
		r := l.request("https://fault.test/")
		r.Protocol.HTTP, r.Timeout = 2, 2*time.Second
		l.upload(r, octets(large), large)
		begun := time.Now()
		_, err := l.Do(t.Context(), r)
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindTimeout, f.Kind)
		assert.EqualValues(t, "write-body", f.Phase)
		assert.InDelta(t, r.Timeout, time.Since(begun), float64(promptly))
		assert.Equal(t, http.MethodPost, r.Method)
		l.nothingLeaked(nil, err, "")
	})
}

// onlyBegun lets so many octets of what is written pass.
type onlyBegun struct {
	net.Conn
	left int
	over <-chan struct{}
}

func (c *onlyBegun) Write(p []byte) (int, error) {
	n := min(len(p), c.left)
	c.left -= n
	if _, err := c.Conn.Write(p[:n]); err != nil {
		return 0, err
	}
	if n < len(p) {
		<-c.over
		return n, net.ErrClosed
	}
	return n, nil
}

// TLS-18: a handshake that stalls, at its beginning, after the client's first
// words, after the server's, or octet by octet, ends with the request's time.
func TestStalledHandshakeEndsPromptly(t *testing.T) {
	begun := func(octets int) func(*peer) {
		return func(p *peer) {
			_ = tls.Server(&onlyBegun{p.raw, octets, p.server.ended}, p.server.tls).Handshake()
			p.stall()
		}
	}
	for name, script := range map[string]func(*peer){
		"at once":                 func(p *peer) { p.stall() },
		"after ClientHello":       func(p *peer) { _, _ = p.r.Peek(64); p.stall() },
		"within ServerHello":      begun(40),
		"after ServerHello":       begun(140),
		"a byte every 20 ms":      func(p *peer) { _, _ = p.r.Peek(64); p.drip("\x16\x03\x03\x40\x00" + strings.Repeat("\x02", 1000)) },
		"after half of its words": begun(400),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := bubble(t, script)
				r := l.request("https://fault.test/")
				r.Timeout = 2 * time.Second
				begun := time.Now()
				_, err := l.Do(t.Context(), r)
				f := failureOf(t, err)
				assert.Equal(t, mtlshttp.KindTimeout, f.Kind, "%v", err)
				assert.EqualValues(t, "tls", f.Phase)
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				assert.InDelta(t, r.Timeout, time.Since(begun), float64(promptly))
				l.nothingLeaked(nil, err, "https")
			})
		})
	}
}
