package faults_test

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/slack"
)

// framePeer speaks HTTP/2 frame by frame.
type framePeer struct {
	*peer
	*http2.Framer
	encoded bytes.Buffer
	encoder *hpack.Encoder
	deaf    bool // it acknowledges nothing
}

// frames is a script that greets with settings and calls on for each request,
// with its stream. It ends where on says so, or with the connection.
func frames(on func(p *framePeer, stream uint32) (goOn bool), settings ...http2.Setting) func(*peer) {
	return func(raw *peer) {
		p := greet(raw)
		if p == nil || p.WriteSettings(settings...) != nil {
			return
		}
		p.serve(on)
	}
}

// greet reads the client's preface.
func greet(raw *peer) *framePeer {
	raw.secure()
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(raw.r, preface); err != nil {
		return nil
	}
	p := &framePeer{peer: raw, Framer: http2.NewFramer(raw.conn, raw.r)}
	p.encoder = hpack.NewEncoder(&p.encoded)
	return p
}

func (p *framePeer) serve(on func(*framePeer, uint32) bool) {
	for {
		frame, err := p.ReadFrame()
		if err != nil {
			return
		}
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() && !p.deaf {
				_ = p.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !f.IsAck() && !p.deaf {
				_ = p.WritePing(true, f.Data)
			}
		case *http2.HeadersFrame:
			if !on(p, f.StreamID) {
				return
			}
		}
	}
}

// fields writes a header section.
func (p *framePeer) fields(stream uint32, end bool, pairs ...string) {
	p.encoded.Reset()
	for i := 0; i < len(pairs); i += 2 {
		_ = p.encoder.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: p.encoded.Bytes(), EndStream: end, EndHeaders: true})
}

// fine answers a stream as it should be.
func (p *framePeer) fine(stream uint32) bool {
	p.fields(stream, false, ":status", "200")
	return p.WriteData(stream, true, []byte("fine")) == nil
}

// framesThen is the script of a first connection, and connections that answer.
func framesThen(on func(*framePeer, uint32) bool, settings ...http2.Setting) []func(*peer) {
	scripts := []func(*peer){frames(on, settings...)}
	for range 8 {
		scripts = append(scripts, frames(always))
	}
	return scripts
}

func always(p *framePeer, stream uint32) bool { return p.fine(stream) }

// first does one thing to the first request of a connection, and answers the others.
func first(do func(p *framePeer, stream uint32) bool) func(*framePeer, uint32) bool {
	done := false
	return func(p *framePeer, stream uint32) bool {
		if done {
			return p.fine(stream)
		}
		done = true
		return do(p, stream)
	}
}

// afterOne answers the first request of a connection, and hands on the others.
func afterOne(then func(p *framePeer, stream uint32) bool) func(*framePeer, uint32) bool {
	answered := false
	return func(p *framePeer, stream uint32) bool {
		if answered {
			return then(p, stream)
		}
		answered = true
		return p.fine(stream)
	}
}

// resets ends a stream by a code.
func resets(code http2.ErrCode) func(*framePeer, uint32) bool {
	return func(p *framePeer, stream uint32) bool { return p.WriteRSTStream(stream, code) == nil }
}

func TestFaultsOfHTTP2(t *testing.T) {
	nothingLeft(t)
	const short = 2 * time.Second
	half := func(p *framePeer, stream uint32, more ...string) {
		p.fields(stream, false, append([]string{":status", "200"}, more...)...)
		_ = p.WriteData(stream, false, []byte("half"))
	}
	post := func(_ *faultLab, r *mtlshttp.Request) {
		r.Method, r.Body = "POST", mtlshttp.Text("text/plain", "body")
	}
	upload := func(l *faultLab, r *mtlshttp.Request) { l.upload(r, octets(large), large) }
	protocol := []mtlshttp.Kind{mtlshttp.KindProtocol}
	truncated := []mtlshttp.Kind{mtlshttp.KindTruncated}
	timeout := []mtlshttp.Kind{mtlshttp.KindTimeout}
	rows := []struct {
		name   string
		script func(*framePeer, uint32) bool
		set    []http2.Setting
		change func(*faultLab, *mtlshttp.Request)
		within time.Duration
		kinds  []mtlshttp.Kind // nil: success
		again  bool
		// everywhere: every connection runs the script, there is no next request.
		everywhere bool
	}{
		{name: "FLT-63 GOAWAY before the stream", script: func(p *framePeer, _ uint32) bool { _ = p.WriteGoAway(0, http2.ErrCodeNo, nil); return false }, change: post},
		{name: "FLT-64 GOAWAY after the stream", script: func(p *framePeer, s uint32) bool {
			_ = p.WriteGoAway(s, http2.ErrCodeInternal, nil)
			p.finish()
			return false
		},
			change: post, kinds: protocol},
		{name: "FLT-65 REFUSED_STREAM once", script: first(resets(http2.ErrCodeRefusedStream))},
		{name: "FLT-65 REFUSED_STREAM always", script: resets(http2.ErrCodeRefusedStream), within: short,
			kinds: []mtlshttp.Kind{mtlshttp.KindTimeout, mtlshttp.KindProtocol}, again: true},
		{name: "FLT-66 RST_STREAM INTERNAL_ERROR", script: first(resets(http2.ErrCodeInternal)), kinds: protocol},
		{name: "FLT-66 RST_STREAM CANCEL", script: first(resets(http2.ErrCodeCancel)), kinds: protocol},
		{name: "FLT-66 RST_STREAM ENHANCE_YOUR_CALM", script: first(resets(http2.ErrCodeEnhanceYourCalm)), kinds: protocol},
		{name: "FLT-67 RST_STREAM amid the body", script: first(func(p *framePeer, s uint32) bool { half(p, s); return resets(http2.ErrCodeInternal)(p, s) }),
			kinds: truncated, again: true},
		{name: "FLT-68 a short body", script: first(func(p *framePeer, s uint32) bool {
			half(p, s, "content-length", "10")
			return p.WriteData(s, true, nil) == nil
		}), kinds: truncated, again: true},
		{name: "FLT-68 a long body", script: first(func(p *framePeer, s uint32) bool {
			half(p, s, "content-length", "2")
			return p.WriteData(s, true, nil) == nil
		}), kinds: []mtlshttp.Kind{mtlshttp.KindTruncated, mtlshttp.KindProtocol}, again: false},
		{name: "FLT-69 nothing is acknowledged or answered", script: func(p *framePeer, _ uint32) bool { p.deaf = true; return true }, within: short, kinds: timeout, again: true},
		{name: "FLT-70 no window", script: func(*framePeer, uint32) bool { return true }, set: []http2.Setting{{ID: http2.SettingInitialWindowSize, Val: 0}},
			change: upload, within: short, kinds: timeout},
		{name: "FLT-71 one stream at a time", script: always, set: []http2.Setting{{ID: http2.SettingMaxConcurrentStreams, Val: 1}}},
		{name: "FLT-71 no stream on one connection", script: resets(http2.ErrCodeRefusedStream), set: []http2.Setting{{ID: http2.SettingMaxConcurrentStreams, Val: 0}}},
		{name: "FLT-71 no stream on any connection", script: resets(http2.ErrCodeRefusedStream), set: []http2.Setting{{ID: http2.SettingMaxConcurrentStreams, Val: 0}}, everywhere: true,
			within: short, kinds: []mtlshttp.Kind{mtlshttp.KindTimeout, mtlshttp.KindProtocol}},
		{name: "FLT-72 an upper-case name", script: first(func(p *framePeer, s uint32) bool { p.fields(s, true, ":status", "200", "X-Upper", "b"); return true }), kinds: protocol},
		{name: "FLT-72 a pseudo-header of requests", script: first(func(p *framePeer, s uint32) bool { p.fields(s, true, ":status", "200", ":path", "/"); return true }), kinds: protocol},
		{name: "FLT-72 a push", script: func(p *framePeer, s uint32) bool {
			_ = p.WritePushPromise(http2.PushPromiseParam{StreamID: s, PromiseID: 2, BlockFragment: []byte{0x82}, EndHeaders: true})
			return true
		}, kinds: protocol},
		{name: "FLT-73 HTTP/1.1 in words", script: func(p *framePeer, _ uint32) bool { p.say(fine); return false }, kinds: protocol},
		{name: "FLT-74 an upload that is cancelled alone", script: func(*framePeer, uint32) bool { return true }, change: upload, within: short, kinds: timeout},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			scripts, next := framesThen(row.script, row.set...), "https"
			if row.everywhere {
				for i := range scripts {
					scripts[i] = scripts[0]
				}
				next = ""
			}
			inTime(t, row.within, func(t *testing.T, begin beginLab) {
				l := begin(t, scripts...)
				l.server.tls.NextProtos = []string{"h2"}
				r := l.request("https://fault.test/broken")
				r.Protocol.HTTP = 2
				if row.change != nil {
					row.change(l, r)
				}
				ctx, cancel := context.WithTimeout(t.Context(), cmp.Or(row.within, slack.For(20*time.Second)))
				defer cancel()
				begun := time.Now()
				resp, err := l.Do(ctx, r)
				if row.within > 0 {
					assert.LessOrEqual(t, time.Since(begun), row.within+promptly)
				}
				if row.kinds == nil {
					if assert.NoError(t, err) {
						assert.Equal(t, "fine", string(resp.Bytes()))
					}
				} else {
					f := failureOf(t, err)
					assert.Contains(t, row.kinds, f.Kind, "%v", err)
					assert.NotEmpty(t, f.Phase)
					if f.Kind == mtlshttp.KindTruncated {
						assert.True(t, strings.HasPrefix("half", string(resp.Bytes())))
					}
					if len(row.kinds) == 1 {
						assert.Equal(t, row.again, f.Retryable, "%v", err)
					}
				}
				l.nothingLeaked(resp, err, next)
			})
		})
	}
	t.Run("FLT-71 many requests, one stream at a time", testOneStreamAtATime)
	misdirected := frames(func(p *framePeer, s uint32) bool { p.fields(s, true, ":status", "421"); return true })
	downgraded := frames(resets(http2.ErrCodeHTTP11Required))
	plainly := func(p *peer) { p.request(); p.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine") }
	for _, row := range []struct {
		name     string
		scripts  []func(*peer)
		http     int
		change   func(*faultLab, *mtlshttp.Request)
		status   int // of the last answer; 0: an error
		attempts int
	}{
		{"FLT-75 421 once", []func(*peer){misdirected, frames(always)}, 2, nil, 200, 2},
		{"FLT-75 421 once, to a POST", []func(*peer){misdirected, frames(always)}, 2, post, 200, 2},
		{"FLT-75 421 to a body that is gone", []func(*peer){misdirected, frames(always)}, 2, upload, 421, 1},
		{"FLT-75 421 always", []func(*peer){misdirected, misdirected, frames(always)}, 2, nil, 421, 2},
		{"FLT-73 HTTP_1_1_REQUIRED", []func(*peer){downgraded, plainly}, 0, nil, 200, 2},
		{"FLT-73 HTTP_1_1_REQUIRED to a POST", []func(*peer){downgraded, plainly}, 0, post, 200, 2},
		{"FLT-73 HTTP_1_1_REQUIRED and HTTP/2 alone", []func(*peer){downgraded, plainly}, 2, nil, 0, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			l := newFaultLab(t, serveFaults(t, row.scripts...))
			l.server.tls.NextProtos = []string{"h2", "http/1.1"}
			r := l.request("https://fault.test/")
			r.Protocol.HTTP = row.http
			if row.change != nil {
				row.change(l, r)
			}
			resp, err := l.Do(t.Context(), r)
			assert.Equal(t, row.attempts, l.dialed())
			if row.status == 0 {
				assert.Equal(t, mtlshttp.KindProtocol, failureOf(t, err).Kind)
				assert.Equal(t, "renegotiation-required", failureOf(t, err).Diagnosis.Cause)
			} else if assert.NoError(t, err) {
				assert.Equal(t, row.status, resp.StatusCode)
				assert.Len(t, resp.Attempts, row.attempts)
				assert.Equal(t, row.status == 421, resp.Diagnosis != nil)
			}
			l.nothingLeaked(resp, err, "")
		})
	}
	t.Run("FLT-74 one of a hundred streams", func(t *testing.T) {
		release, streams := make(chan struct{}), sync.WaitGroup{}
		streams.Add(100)
		var mu sync.Mutex
		var later []uint32
		l := newFaultLab(t, serveFaults(t, frames(afterOne(func(p *framePeer, s uint32) bool {
			mu.Lock()
			defer mu.Unlock()
			if later = append(later, s); len(later) == 100 {
				close(release)
				p.wait(100 * time.Millisecond)
				for _, s := range later {
					_ = p.fine(s)
				}
			}
			return true
		}))))
		l.server.tls.NextProtos = []string{"h2"}
		warm := l.request("https://fault.test/")
		warm.Protocol.HTTP = 2
		_, err := l.Do(t.Context(), warm)
		assert.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-release; cancel() }()
		errs := make([]error, 100)
		for i := range errs {
			go func() {
				defer streams.Done()
				r := l.request("https://fault.test/")
				r.Protocol.HTTP = 2
				c := t.Context()
				if i == 50 {
					c = ctx
				}
				_, errs[i] = l.Do(c, r)
			}()
		}
		streams.Wait()
		for i, err := range errs {
			if i == 50 {
				assert.Equal(t, mtlshttp.KindCanceled, failureOf(t, err).Kind)
			} else {
				assert.NoError(t, err)
			}
		}
		l.nothingLeaked(nil, errs[50], "")
	})
}

// testOneStreamAtATime: a server that takes one stream on a connection, and
// refuses those that come before its settings are known, answers every request.
func testOneStreamAtATime(t *testing.T) {
	var answered atomic.Int32
	one := func() func(*peer) {
		var mu sync.Mutex
		open := 0
		return frames(func(p *framePeer, s uint32) bool {
			mu.Lock()
			defer mu.Unlock()
			if open++; open > 1 {
				open--
				return resets(http2.ErrCodeRefusedStream)(p, s)
			}
			go func() { // a second stream can come meanwhile
				p.wait(5 * time.Millisecond)
				mu.Lock()
				defer mu.Unlock()
				open--
				answered.Add(1)
				p.fine(s)
			}()
			return true
		}, http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1})
	}
	const requests, abreast = 48, 3
	scripts := make([]func(*peer), requests)
	for i := range scripts {
		scripts[i] = one()
	}
	l := newFaultLab(t, serveFaults(t, scripts...))
	l.server.tls.NextProtos = []string{"h2"}
	var all sync.WaitGroup
	for range abreast {
		all.Go(func() {
			for range requests / abreast {
				r := l.request("https://fault.test/")
				r.Protocol.HTTP = 2
				resp, err := l.Do(t.Context(), r)
				if assert.NoError(t, err) {
					assert.Equal(t, "fine", string(resp.Bytes()))
				}
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, requests, answered.Load())
	t.Logf("%d connections", l.dialed())
	l.nothingLeaked(nil, nil, "")
}
