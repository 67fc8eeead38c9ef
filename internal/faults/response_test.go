package faults_test

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

const okLine = "HTTP/1.1 200 OK\r\n"

// asValue asks for the body's value.
func asValue(r *mtlshttp.Request) { r.Parse = true }

// notParsed: beside an error a bundle has what came, and no value.
func notParsed(t *testing.T, _ *faultLab, resp *mtlshttp.Response, _ *mtlshttp.Error) {
	assert.IsType(t, []byte(nil), resp.Data)
}

// another says that the next request needs a connection of its own.
func another(t *testing.T, l *faultLab, _ *mtlshttp.Response, _ *mtlshttp.Error) {
	_, err := l.Do(t.Context(), l.request("http://fault.test/second"))
	assert.NoError(t, err)
	assert.Equal(t, 2, l.dialed())
}

// noted: the bundle says so many things that were not quite right.
func noted(n int) func(*testing.T, *faultLab, *mtlshttp.Response, *mtlshttp.Error) {
	return func(t *testing.T, _ *faultLab, resp *mtlshttp.Response, _ *mtlshttp.Error) {
		assert.Len(t, resp.Notes, n)
	}
}

// quotesLittle: a stranger's words are quoted, but few of them, and escaped.
func quotesLittle(t *testing.T, _ *faultLab, _ *mtlshttp.Response, err *mtlshttp.Error) {
	require.Error(t, err.Err)
	assert.LessOrEqual(t, len(err.Err.Error()), 160)
	assert.NotContains(t, err.Error(), "\x01")
}

func chunked(body string) string { return chunkedWith("", body) }

func chunkedWith(fields, body string) string {
	return okLine + fields + "Transfer-Encoding: chunked\r\n\r\n" + body
}

func transfer(coding string) string {
	return okLine + "Transfer-Encoding: " + coding + "\r\n\r\n4\r\nfine\r\n0\r\n\r\n"
}

func length(value string) string { return okLine + "Content-Length: " + value + "\r\n\r\nfine" }

func header(line string) string { return okLine + line + "\r\nContent-Length: 4\r\n\r\nfine" }

func compressed(r *mtlshttp.Request) { r.Compressed = true }

func gz(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

// flipped inverts one octet, counted from the end.
func flipped(text string, at int) string {
	b := []byte(text)
	b[len(b)+at] ^= 0xff
	return string(b)
}

func zipped(body string) string {
	return okLine + "Content-Encoding: gzip\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

func TestFaultsOfAnswers(t *testing.T) {
	const short = 2 * time.Second
	runFaults(t, []faultRow{
		{name: "FLT-11 end at once", scheme: "http", script: func(*peer) {}, kinds: []mtlshttp.Kind{mtlshttp.KindProtocol, mtlshttp.KindWrite}, again: true},
		{name: "FLT-11 end after the request", script: answers(""), kind: mtlshttp.KindProtocol, reason: "empty-reply", again: true},
		{name: "FLT-12 never read", script: func(p *peer) { p.stall() }, within: short, kind: mtlshttp.KindTimeout,
			phase: []mtlshttp.Phase{"wait", "tls"}, again: true},
		{name: "FLT-13 never answered", script: func(p *peer) { p.request(); p.stall() }, within: short, kind: mtlshttp.KindTimeout,
			phase: []mtlshttp.Phase{"wait"}, again: true},
		{name: "FLT-14 RST at once", script: func(p *peer) { p.reset() },
			kinds: []mtlshttp.Kind{mtlshttp.KindConnect, mtlshttp.KindWrite, mtlshttp.KindProtocol}, scheme: "http", again: true},
		{name: "FLT-14 RST in the handshake", script: func(p *peer) { _, _ = p.r.Peek(1); p.reset() }, kind: mtlshttp.KindTLSHandshake, scheme: "https"},
		{name: "FLT-14 RST after the request", script: func(p *peer) { p.request(); p.reset() },
			kind: mtlshttp.KindProtocol, reason: "empty-reply", again: true},
		{name: "FLT-14 RST amid headers", script: func(p *peer) { p.request(); p.say(okLine + "X-A: "); p.wait(50 * time.Millisecond); p.reset() },
			kind: mtlshttp.KindTruncated, reason: "headers", phase: []mtlshttp.Phase{"headers"}, again: true},
		{name: "FLT-14 RST amid the body", script: func(p *peer) {
			p.request()
			p.say(okLine + "Content-Length: 8\r\n\r\nhalf")
			p.wait(50 * time.Millisecond)
			p.reset()
		}, kind: mtlshttp.KindTruncated, reason: "body", phase: []mtlshttp.Phase{"body"}, again: true, status: 200, body: "half"},
		{name: "FLT-15 half headers", script: func(p *peer) { p.request(); p.say(okLine + "X-A: "); p.stall() }, within: short,
			kind: mtlshttp.KindTimeout, phase: []mtlshttp.Phase{"headers"}, again: true},
		{name: "FLT-16 headers byte by byte", script: func(p *peer) { p.request(); p.drip(okLine + strings.Repeat("X-A: b\r\n", 1000)) }, within: short,
			kind: mtlshttp.KindTimeout, phase: []mtlshttp.Phase{"headers"}, again: true},
		{name: "FLT-17 body byte by byte", script: func(p *peer) {
			p.request()
			p.say(okLine + "Content-Length: 1000\r\n\r\n")
			p.drip(strings.Repeat("x", 1000))
		}, within: short, kind: mtlshttp.KindTimeout, phase: []mtlshttp.Phase{"body"}, again: true, status: 200,
			body: "*"},
		{name: "FLT-18 short body", script: answers(okLine + "Content-Type: application/json\r\nContent-Length: 10\r\n\r\n[1]"), request: asValue,
			kind: mtlshttp.KindTruncated, reason: "body", again: true, status: 200, body: "[1]", check: notParsed},
		{name: "FLT-19 long body", script: func(p *peer) { p.request(); p.say(fine + "surplus"); p.gone() }, body: "fine", check: another},
		{name: "FLT-19 a second answer in the body's tail", script: func(p *peer) {
			p.request()
			p.say(fine + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
			p.gone()
		}, body: "fine", check: another},
		{name: "FLT-20 chunk cut", script: answers(chunked("8\r\nhalf")), kind: mtlshttp.KindTruncated, again: true, status: 200, body: "half"},
		{name: "FLT-20 no last chunk", script: answers(chunked("4\r\nhalf\r\n")), kind: mtlshttp.KindTruncated, again: true, status: 200, body: "half"},
		{name: "FLT-20 no last line", script: answers(chunked("4\r\nhalf\r\n0\r\n")), kind: mtlshttp.KindTruncated, again: true, status: 200, body: "half"},
		{name: "FLT-21 chunk size too large", script: answers(chunked("fffffffffffffffff\r\nx")), kind: mtlshttp.KindProtocol, phase: []mtlshttp.Phase{"body"}, status: 200},
		{name: "FLT-21 chunk size below zero", script: answers(chunked("-4\r\nhalf\r\n0\r\n\r\n")), kind: mtlshttp.KindProtocol, phase: []mtlshttp.Phase{"body"}, status: 200},
		{name: "FLT-21 chunk size not hexadecimal", script: answers(chunked("4g\r\nhalf\r\n0\r\n\r\n")), kind: mtlshttp.KindProtocol, phase: []mtlshttp.Phase{"body"}, status: 200},
		{name: "FLT-21 chunk lines by LF", script: answers(chunked("4\nhalf\n0\n\n")), kind: mtlshttp.KindProtocol, phase: []mtlshttp.Phase{"body"}, status: 200},
		{name: "FLT-22 chunked and a length", script: answers(chunkedWith("Content-Length: 3\r\n", "4\r\nfine\r\n0\r\n\r\n")), body: "fine"},
		{name: "FLT-23 gzip, chunked", script: answers(transfer("gzip, chunked")), kind: mtlshttp.KindProtocol},
		{name: "FLT-23 chunked, identity", script: answers(transfer("chunked, identity")), kind: mtlshttp.KindProtocol},
		{name: "FLT-23 xchunked", script: answers(transfer("xchunked")), kind: mtlshttp.KindProtocol},
		{name: "FLT-23 two fields", script: answers(transfer("chunked\r\nTransfer-Encoding: chunked")), kind: mtlshttp.KindProtocol},
		{name: "FLT-24 two lengths", script: answers(length("4\r\nContent-Length: 5")), kind: mtlshttp.KindProtocol},
		{name: "FLT-24 a length twice", script: answers(length("4\r\nContent-Length: 4")), body: "fine"},
		{name: "FLT-24 a length as a list", script: answers(length("4, 4")), kind: mtlshttp.KindProtocol},
		{name: "FLT-24 a sign", script: answers(length("+4")), kind: mtlshttp.KindProtocol},
		{name: "FLT-24 below zero", script: answers(length("-4")), kind: mtlshttp.KindProtocol},
		{name: "FLT-24 hexadecimal", script: answers(length("0x4")), kind: mtlshttp.KindProtocol},
		{name: "FLT-24 beyond 64 bits", script: answers(length("99999999999999999999")), kind: mtlshttp.KindProtocol},
		{name: "FLT-24 beyond the limit", script: answers(length("9000000000000000000")), kind: mtlshttp.KindLimit, reason: "body", status: 200},
		{name: "FLT-25 until FIN", scheme: "http", script: answers(okLine + "\r\nfine"), body: "fine", check: noted(0)},
		{name: "FLT-25 until close_notify", scheme: "https", script: answers(okLine + "\r\nfine"), body: "fine", check: noted(0)},
		{name: "FLT-25 until FIN without close_notify", scheme: "https", script: func(p *peer) { p.request(); p.say(okLine + "\r\nhalf"); p.finish() },
			body: "half", check: noted(1)},
		{name: "FLT-25 until RST", script: func(p *peer) { p.request(); p.say(okLine + "\r\nhalf"); p.wait(50 * time.Millisecond); p.reset() },
			kind: mtlshttp.KindTruncated, again: true, status: 200, body: "half"},
		{name: "FLT-26 100", script: answers("HTTP/1.1 100 Continue\r\n\r\n" + fine), body: "fine"},
		{name: "FLT-26 102", script: answers("HTTP/1.1 102 Processing\r\n\r\n" + fine), body: "fine"},
		{name: "FLT-26 103", script: answers("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + fine), body: "fine"},
		{name: "FLT-26 103 without end", script: func(p *peer) {
			p.request()
			for {
				if _, err := io.WriteString(p.conn, strings.Repeat("HTTP/1.1 103 Early Hints\r\nX-A: b\r\n\r\n", 1000)); err != nil {
					return
				}
			}
		}, kinds: []mtlshttp.Kind{mtlshttp.KindLimit, mtlshttp.KindProtocol}},
		{name: "FLT-27 101 unasked", script: answers("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"), kind: mtlshttp.KindProtocol, reason: "status", status: 101},
		{name: "FLT-28 status 000", script: answers("HTTP/1.1 000 X\r\n\r\n"), kind: mtlshttp.KindProtocol, reason: "status", status: -1},
		{name: "FLT-28 status 099", script: answers("HTTP/1.1 099 X\r\n\r\n"), kind: mtlshttp.KindProtocol, reason: "status", status: 99},
		{name: "FLT-28 status 99", script: answers("HTTP/1.1 99 X\r\n\r\n"), kind: mtlshttp.KindProtocol},
		{name: "FLT-28 status 999", script: answers("HTTP/1.1 999 X\r\nContent-Length: 1\r\n\r\nx"), status: 999, body: "x"},
		{name: "FLT-28 status 1000", script: answers("HTTP/1.1 1000 X\r\n\r\n"), kind: mtlshttp.KindProtocol},
		{name: "FLT-28 status 20x", script: answers("HTTP/1.1 20x X\r\n\r\n"), kind: mtlshttp.KindProtocol},
		{name: "FLT-28 status -1", script: answers("HTTP/1.1 -1 X\r\n\r\n"), kind: mtlshttp.KindProtocol},
		{name: "FLT-28 no reason", script: answers("HTTP/1.1 200\r\nContent-Length: 4\r\n\r\nfine"), body: "fine"},
		{name: "FLT-28 HTTP/2.0 in words", script: answers("HTTP/2.0 200 OK\r\nContent-Length: 4\r\n\r\nfine"), kind: mtlshttp.KindProtocol, reason: "version", status: 200},
		{name: "FLT-29 HTTP/0.9", script: answers("<html>hello</html>\n"), kind: mtlshttp.KindProtocol, check: quotesLittle},
		{name: "FLT-29 ICY", script: answers("ICY 200 OK\r\n\r\n"), kind: mtlshttp.KindProtocol, check: quotesLittle},
		{name: "FLT-29 RTSP", script: answers("RTSP/1.0 200 OK\r\n\r\n"), kind: mtlshttp.KindProtocol, check: quotesLittle},
		{name: "FLT-29 SSH", script: answers("SSH-2.0-OpenSSH_9.9\r\n"), kind: mtlshttp.KindProtocol, check: quotesLittle},
		{name: "FLT-29 SMTP", script: answers("220 mail.test ESMTP\r\n"), kind: mtlshttp.KindProtocol, check: quotesLittle},
		{name: "FLT-29 TLS", script: answers("\x15\x03\x01\x00\x02\x02\x16\r\n"), kinds: []mtlshttp.Kind{mtlshttp.KindProtocol, mtlshttp.KindTLSHandshake}, check: quotesLittle},
		{name: "FLT-29 one long line", script: answers(strings.Repeat("\x01garbage ", 10_000) + "\r\n"), kind: mtlshttp.KindProtocol, check: quotesLittle},
		{name: "FLT-30 no colon", script: answers(header("nothing")), kind: mtlshttp.KindProtocol},
		{name: "FLT-30 space before the colon", script: answers(header("X-A : b")), body: "fine"},
		{name: "FLT-30 folded", script: answers(header("X-A: b\r\n c")), body: "fine"},
		{name: "FLT-30 the first line folded", script: answers(header(" X-A: b")), kind: mtlshttp.KindProtocol},
		{name: "FLT-30 NUL", script: answers(header("X-A: b\x00c")), kind: mtlshttp.KindProtocol},
		{name: "FLT-30 bare CR", script: answers(header("X-A: b\rc")), kind: mtlshttp.KindProtocol},
		{name: "FLT-30 LF alone", script: answers(header("X-A: b\nX-C: d")), body: "fine"},
		{name: "FLT-30 many spaces", script: answers(header("X-A:    b   ")), body: "fine"},
		{name: "FLT-33 204", script: answers("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nfine"), status: 204},
		{name: "FLT-33 205", script: answers("HTTP/1.1 205 Reset Content\r\nContent-Length: 4\r\n\r\nfine"), status: 205},
		{name: "FLT-33 304", script: answers("HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nfine"), status: 304},
		{name: "FLT-33 HEAD", script: answers(fine), request: func(r *mtlshttp.Request) { r.Method = "HEAD" }},
		{name: "FLT-57 gzip cut", script: answers(zipped(gz("hello")[:20])), request: compressed, kind: mtlshttp.KindTruncated, reason: "gzip",
			phase: []mtlshttp.Phase{"decode"}, again: true, status: 200, body: "*"},
		{name: "FLT-57 gzip with a wrong sum", script: answers(zipped(flipped(gz("hello"), -6))), request: compressed, kind: mtlshttp.KindContentDecode,
			phase: []mtlshttp.Phase{"decode"}, status: 200, body: "*"},
		{name: "FLT-57 no gzip at all", script: answers(zipped("not a gzip stream at all")), request: compressed, kind: mtlshttp.KindContentDecode,
			phase: []mtlshttp.Phase{"decode"}, status: 200},
		{name: "FLT-57 gzip of two members", script: answers(zipped(gz("hel") + gz("lo"))), request: compressed, body: "hello"},
		{name: "FLT-57 gzip of nothing", script: answers(zipped("")), request: compressed},
		{name: "FLT-61 alert amid the body", scheme: "https", script: func(p *peer) {
			p.request()
			p.say(okLine + "Content-Length: 8\r\n\r\nhalf")
			p.alert()
		}, kind: mtlshttp.KindTruncated, again: true, status: 200, body: "half"},
		{name: "FLT-61 corrupt record amid the body", scheme: "https", script: func(p *peer) {
			p.request()
			p.say(okLine + "Content-Length: 8\r\n\r\nhalf")
			_, _ = io.WriteString(p.raw, forgedRecord)
			p.gone()
		}, kind: mtlshttp.KindTruncated, again: true, status: 200, body: "half"},
		{name: "FLT-61 corrupt record in the handshake", scheme: "https", script: func(p *peer) {
			_, _ = p.r.Peek(1)
			_, _ = io.WriteString(p.raw, "\x16\x03\x03\x00\x04xxxx")
			p.gone()
		}, kind: mtlshttp.KindTLSHandshake},
		{name: "FLT-61 FIN amid the body without close_notify", scheme: "https", script: func(p *peer) {
			p.request()
			p.say(okLine + "Content-Length: 8\r\n\r\nhalf")
			p.finish()
		}, kind: mtlshttp.KindTruncated, again: true, status: 200, body: "half"},
		{name: "FLT-62 FIN right after the handshake", scheme: "https", script: func(p *peer) { p.handshake(); p.finish() },
			change: func(l *faultLab) { l.server.tls.ClientAuth = tls.RequestClientCert },
			kind:   mtlshttp.KindTLSClientCert},
	})
}
