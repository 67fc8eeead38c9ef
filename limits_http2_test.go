package mtlshttp_test

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/slack"
)

// The frames of HTTP/2 that the floods are made of (RFC 9113, section 6).
const (
	frameHeaders      = 0x1
	frameReset        = 0x3
	frameSettings     = 0x4
	framePush         = 0x5
	framePing         = 0x6
	frameContinuation = 0x9
	endStream         = 0x1
	endHeaders        = 0x4
	prefaceLength     = 24
)

func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	b := make([]byte, 9, 9+len(payload))
	b[0], b[1], b[2] = byte(len(payload)>>16), byte(len(payload)>>8), byte(len(payload))
	b[3], b[4] = kind, flags
	binary.BigEndian.PutUint32(b[5:], stream)
	return append(b, payload...)
}

// startFlood serves HTTP/2 that says one thing and then another until nobody
// listens.
func startFlood(t *testing.T, once, again []byte) *mtlshttp.Request {
	ca := newCA(t)
	config, err := ca.ServerConfig()
	require.NoError(t, err)
	config.ClientAuth, config.NextProtos = tls.NoClientCert, []string{"h2"}
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	require.NoError(t, err)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { flood(conn, once, again) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); serving.Wait() })
	return &mtlshttp.Request{URL: "https://" + l.Addr().String(), Roots: ca.Roots(), Protocol: mtlshttp.Protocol{HTTP: 2}, Timeout: time.Minute}
}

func flood(conn net.Conn, once, again []byte) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadFull(conn, make([]byte, prefaceLength)); err != nil {
		return
	}
	_, err := conn.Write(frame(frameSettings, 0, 0, nil))
	// The request's first stream is 1; what is said of it must come after it.
	for header := make([]byte, 9); err == nil && header[3] != frameHeaders; {
		if _, err = io.ReadFull(conn, header); err == nil {
			length := int64(header[0])<<16 | int64(header[1])<<8 | int64(header[2])
			_, err = io.CopyN(io.Discard, conn, length)
		}
	}
	drained := make(chan struct{})
	go func() { _, _ = io.Copy(io.Discard, conn); close(drained) }()
	if err == nil {
		_, err = conn.Write(once)
	}
	for err == nil && again != nil {
		_, err = conn.Write(again)
	}
	<-drained
}

// LIM-08, LIM-11: floods of HTTP/2 end at once and cost little.
func TestHTTP2Floods(t *testing.T) {
	const literal = "\x00\x01x\x01y" // a field, not indexed (RFC 7541, section 6.2.2)
	many := []byte(strings.Repeat(literal, 3000))
	// One large entry of the dynamic table, then a byte for each use of it.
	bomb := append([]byte("\x88\x40\x01x\x7f\x81\x1e"+strings.Repeat("v", 4000)), strings.Repeat("\xbe", 10_000)...)
	cases := map[string]struct {
		once, again []byte
		kinds       []mtlshttp.Kind
	}{
		"CONTINUATION": {frame(frameHeaders, 0, 1, []byte("\x88")), frame(frameContinuation, 0, 1, many), []mtlshttp.Kind{mtlshttp.KindLimit}},
		"HPACK bomb":   {frame(frameHeaders, endHeaders|endStream, 1, bomb), nil, []mtlshttp.Kind{mtlshttp.KindLimit}},
		"1xx":          {nil, frame(frameHeaders, endHeaders, 1, []byte("\x08\x03103\x00\x04link\x04</a>")), []mtlshttp.Kind{mtlshttp.KindLimit}},
		"bad field":    {frame(frameHeaders, endHeaders|endStream, 1, []byte("\x88\x00\x01X\x01y")), nil, []mtlshttp.Kind{mtlshttp.KindProtocol}},
		"frame size 0": {frame(frameSettings, 0, 0, []byte{0, 5, 0, 0, 0, 0}), nil, []mtlshttp.Kind{mtlshttp.KindProtocol}},
		"push":         {frame(framePush, endHeaders, 1, []byte("\x00\x00\x00\x02\x88")), nil, []mtlshttp.Kind{mtlshttp.KindProtocol}},
		"late reset": {append([]byte(strings.Repeat(string(frame(framePing, 0, 0, make([]byte, 8))), 10_000)), frame(frameReset, 0, 1, []byte{0, 0, 0, 8})...),
			nil, []mtlshttp.Kind{mtlshttp.KindProtocol}},
		"reset": {frame(frameReset, 0, 1, []byte{0, 0, 0, 1}), nil, []mtlshttp.Kind{mtlshttp.KindProtocol}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := startFlood(t, c.once, c.again)
			begun := time.Now()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := newExecutor(t).Do(t.Context(), r)
			runtime.ReadMemStats(&after)
			assert.Contains(t, c.kinds, failureOf(t, err).Kind, "%v", err)
			assert.Less(t, time.Since(begun), slack.For(10*time.Second))
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(32*mib))
		})
	}
}

// LIM-11: pings, settings and resets of other streams that come first, 20,000 of
// each, hold nothing up and cost little.
func TestHTTP2PingsBeforeTheAnswer(t *testing.T) {
	once := []byte(strings.Repeat(string(frame(framePing, 0, 0, make([]byte, 8))), 20_000))
	once = append(once, strings.Repeat(string(frame(frameSettings, 0, 0, nil)), 20_000)...)
	once = append(once, strings.Repeat(string(frame(frameReset, 0, 3, []byte{0, 0, 0, 8})), 20_000)...)
	once = append(once, frame(frameHeaders, endHeaders|endStream, 1, []byte("\x88"))...)
	r := startFlood(t, once, nil)
	begun := time.Now()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	resp, err := newExecutor(t).Do(t.Context(), r)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	assert.Equal(t, 200, resp.StatusCode)
	assert.Less(t, time.Since(begun), slack.For(10*time.Second))
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(32*mib))
}
