package faults_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/canaries"
	"github.com/mtlshttp/mtlshttp/internal/slack"
)

const large = 32 << 20

// zeros go on without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// octets is a body of n octets.
func octets(n int64) io.Reader { return io.LimitReader(zeros{}, n) }

// expects asks for leave before the body.
func expects(r *mtlshttp.Request) {
	r.Method, r.Body = http.MethodPost, mtlshttp.Text("text/plain", "body")
	r.Headers = append(r.Headers, mtlshttp.Header{Name: "Expect", Value: "100-continue"})
}

func neverRead() io.Reader { r, _ := io.Pipe(); return r }

type panics struct{}

func (panics) Read([]byte) (int, error) { panic(canaries.BasicPassword) }

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

var errSource = errors.New("the disk is gone")

// incomplete is a script that notes whether a whole body arrived, which it must
// not.
func incomplete(t *testing.T) func(*peer) {
	return func(p *peer) {
		if req := p.head(); req != nil {
			_, err := io.Copy(io.Discard, req.Body)
			assert.Error(t, err, "the body had a clean end")
		}
	}
}

func TestFaultsOfUploads(t *testing.T) {
	const short = 2 * time.Second
	upload := func(from func() io.Reader, length int64) (func(*faultLab), func(*mtlshttp.Request)) {
		var lab *faultLab
		return func(l *faultLab) { lab = l }, func(r *mtlshttp.Request) { lab.upload(r, from(), length) }
	}
	row := func(f faultRow, from func() io.Reader, length int64) faultRow {
		f.prepare = func() (func(*faultLab), func(*mtlshttp.Request)) { return upload(from, length) }
		return f
	}
	big := func() io.Reader { return octets(large) }
	sourceFault := faultRow{script: incomplete(t), kind: mtlshttp.KindBodySource}
	named := func(name, reason string, f faultRow) faultRow { f.name, f.reason = name, reason; return f }
	runFaults(t, []faultRow{
		{name: "FLT-34 leave is never given", script: func(p *peer) {
			req := p.head()
			begun := time.Now()
			body, err := io.ReadAll(req.Body)
			assert.NoError(t, err)
			assert.Equal(t, "body", string(body))
			assert.Greater(t, time.Since(begun), 500*time.Millisecond)
			p.say(fine)
		}, request: expects, body: "fine"},
		{name: "FLT-34 leave is never given, nor an answer", script: func(p *peer) { p.head(); p.stall() }, request: expects, within: short,
			kind: mtlshttp.KindTimeout},
		{name: "FLT-35 417 and an end before the body", script: refusesBody("417 Expectation Failed\r\nConnection: close"), request: expects, status: 417, body: "no"},
		{name: "FLT-35 401 and an end before the body", script: refusesBody("401 Unauthorized\r\nConnection: close"), request: expects, status: 401, body: "no"},
		{name: "FLT-35 417 before the body, which then comes", script: func(p *peer) {
			req := p.head()
			p.say("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
			_, _ = io.Copy(io.Discard, req.Body)
			for p.request() != nil {
				p.say(fine)
			}
		}, request: expects, status: 417},
		row(faultRow{name: "FLT-36 413 amid a large body", script: early("413 Content Too Large"), status: 413, body: "early"}, big, large),
		row(faultRow{name: "FLT-36 401 amid a large body", script: early("401 Unauthorized"), status: 401, body: "early"}, big, large),
		row(faultRow{name: "FLT-36 303 amid a large body", script: early("303 See Other\r\nLocation: /next"), status: 303, body: "early"}, big, large),
		row(faultRow{name: "FLT-37 413 and RST", script: func(p *peer) {
			p.head()
			p.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nearly")
			p.reset()
		}, check: func(t *testing.T, _ *faultLab, resp *mtlshttp.Response, err *mtlshttp.Error) {
			if err == nil {
				assert.Equal(t, 413, resp.StatusCode)
				return
			}
			assert.Contains(t, []mtlshttp.Kind{mtlshttp.KindWrite, mtlshttp.KindProtocol, mtlshttp.KindTruncated}, err.Kind, "%v", err)
			assert.False(t, err.Retryable, "%v", err)
		}, either: true}, big, large),
		row(faultRow{name: "FLT-38 the server stops reading", script: func(p *peer) { p.head(); p.stall() }, within: short,
			kind: mtlshttp.KindTimeout, phase: []mtlshttp.Phase{"write-body"}}, big, large),
		row(faultRow{name: "FLT-39 the reader neverRead for ever", script: func(p *peer) { p.request() }, within: short,
			kind: mtlshttp.KindTimeout, phase: []mtlshttp.Phase{"write-body"}}, neverRead, 0),
		row(named("FLT-40 the reader fails", "", sourceFault), func() io.Reader { return io.MultiReader(octets(10), iotest.ErrReader(errSource)) }, 20),
		row(named("FLT-40 the reader fails amid chunks", "", sourceFault), func() io.Reader { return io.MultiReader(octets(100_000), iotest.ErrReader(errSource)) }, 0),
		row(named("FLT-40 the reader panics", "panic", sourceFault), func() io.Reader { return panics{} }, 0),
		row(named("FLT-40 the reader is too short", "length", sourceFault), func() io.Reader { return octets(10) }, 20),
		row(named("FLT-40 the reader is too long", "length", sourceFault), func() io.Reader { return octets(30) }, 20),
		row(named("FLT-41 the reader yields nothing", "no-progress", sourceFault), func() io.Reader { return idle{} }, 0),
		{name: "FLT-47 close, and kept open", script: func(p *peer) {
			p.request()
			p.say(okLine + "Connection: close\r\nContent-Length: 4\r\n\r\nfine")
			p.gone()
		}, body: "fine", check: another},
		{name: "FLT-48 unasked octets between requests", script: func(p *peer) { p.request(); p.say(fine); p.wait(20 * time.Millisecond); p.say("surprise"); p.gone() },
			body: "fine", check: afterwards},
		{name: "FLT-48 408 between requests", script: func(p *peer) {
			p.request()
			p.say(fine)
			p.wait(20 * time.Millisecond)
			p.say("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		}, body: "fine", check: afterwards},
	})
}

// refusesBody answers a request that asks for leave, and must not get its body.
func refusesBody(status string) func(*peer) {
	return func(p *peer) {
		p.head()
		p.say("HTTP/1.1 " + status + "\r\nContent-Length: 2\r\n\r\nno")
		if rest, _ := io.ReadAll(p.r); len(rest) > 0 {
			p.server.complaints.Add(1)
		}
	}
}

// early is the script of a server that answers before the body is there, and
// reads it for a while so that the answer is not lost.
func early(status string) func(*peer) {
	return func(p *peer) {
		p.head()
		p.say("HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: 5\r\n\r\nearly")
		p.finish()
	}
}

// afterwards lets the server's surprise arrive before the next request.
func afterwards(t *testing.T, l *faultLab, _ *mtlshttp.Response, _ *mtlshttp.Error) {
	assert.Eventually(t, func() bool { return l.openConns() == 0 }, slack.For(10*time.Second), time.Millisecond)
	another(t, l, nil, nil)
}

func TestFaultsOfClientsBodies(t *testing.T) {
	nothingLeft(t)
	open := func(t *testing.T, answer string) (*faultLab, *http.Client, *http.Response) {
		l := newFaultLab(t, serveFaults(t, func(p *peer) {
			p.request()
			p.say(answer)
			for p.request() != nil {
				p.say(fine)
			}
		}))
		client, err := l.Client(t.Context(), l.request("http://fault.test/"))
		require.NoError(t, err)
		resp, err := client.Get("http://fault.test/")
		require.NoError(t, err)
		return l, client, resp
	}
	long := okLine + "Content-Length: 1000000\r\n\r\n" + strings.Repeat("x", 1_000_000)
	half := okLine + "Content-Length: 8\r\n\r\nhalf"
	t.Run("FLT-46 a body that nobody reads", func(t *testing.T) {
		for name, answer := range map[string]string{"short": fine, "long": long} {
			l, _, resp := open(t, answer)
			require.NoError(t, resp.Body.Close(), name)
			l.nothingLeaked(nil, nil, "http")
		}
	})
	t.Run("FLT-77 a body that nobody closes", func(t *testing.T) {
		l, _, resp := open(t, half)
		first, err := bufio.NewReader(resp.Body).ReadByte()
		require.NoError(t, err)
		assert.Equal(t, byte('h'), first)
		l.nothingLeaked(nil, nil, "http")
		_, err = io.Copy(io.Discard, resp.Body)
		require.Error(t, err, "the executor is closed")
	})
	t.Run("FLT-77 a stream that nobody closes", func(t *testing.T) {
		l := newFaultLab(t, serveFaults(t, func(p *peer) { p.request(); p.say(half); p.gone() }))
		stream, err := l.Open(t.Context(), l.request("http://fault.test/"))
		require.NoError(t, err)
		l.nothingLeaked(nil, nil, "http")
		_, err = io.Copy(io.Discard, stream.Body)
		assert.Equal(t, mtlshttp.KindClosed, failureOf(t, err).Kind)
		require.NoError(t, stream.Body.Close())
	})
	t.Run("FLT-78 closed twice, while read, and read after", func(t *testing.T) {
		l := newFaultLab(t, serveFaults(t, func(p *peer) { p.request(); p.say(half); p.gone() }))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		stream, err := l.Open(ctx, l.request("http://fault.test/"))
		require.NoError(t, err)
		failed := make(chan error)
		go func() {
			_, err := io.Copy(io.Discard, stream.Body)
			failed <- err
		}()
		time.Sleep(20 * time.Millisecond)
		require.NoError(t, stream.Body.Close())
		assert.Equal(t, mtlshttp.KindClosed, failureOf(t, <-failed).Kind)
		require.NoError(t, stream.Body.Close())
		_, err = stream.Body.Read(make([]byte, 1))
		assert.Equal(t, mtlshttp.KindClosed, failureOf(t, err).Kind)
		l.nothingLeaked(nil, err, "http")
		require.NoError(t, l.Close())
		_, err = l.Do(t.Context(), l.request("http://fault.test/"))
		assert.Equal(t, mtlshttp.KindClosed, failureOf(t, err).Kind)
	})
}
