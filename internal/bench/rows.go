package main

import (
	"fmt"
	"time"
)

// contend turns contenders into a row's entries for one exchange.
func contend(x exchange, all ...contender) []entry {
	var entries []entry
	for _, c := range all {
		entries = append(entries, entry{c.name, func(w *world) (work, func(), error) {
			do, done, err := c.open(w, x)
			if err != nil {
				return nil, nil, err
			}
			return ignore(do), done, nil
		}})
	}
	return entries
}

// rows are the cases whose cost is compared.
func rows(e effort) []row {
	rounds := e.of(9, 3)
	three := []contender{ours, tuned, tunedAgain}
	all := append(three[:3:3], restyV3, builder, retryable)
	post := exchange{method: "POST", path: "/take", body: document("json", 10_000), parse: toJSON}
	get := exchange{path: "/json/200", parse: toJSON}
	large := exchange{path: "/json/1000000", parse: toJSON}
	fast := func(x exchange) exchange { x.http2 = true; return x }
	packed := func(coding string) exchange {
		return exchange{path: "/json/1000000?coding=" + coding, coding: coding, parse: toJSON}
	}
	raw := large
	raw.parse = toRawJSON
	withCookies := exchange{path: "/json/200", parse: toJSON, cookies: true}
	cost := func(most float64) func(o, b figures) bool { return func(o, _ figures) bool { return o.cost <= most } }
	return []row{
		{name: "small JSON GET", entries: contend(get, all...), ops: e.of(2000, 400), rounds: rounds,
			goal: "92 allocations, 8 KB, 0.95x", met: func(o, _ figures) bool { return o.allocs <= 92 && o.bytes <= 8e3 && o.cost <= 0.95 }},
		{name: "small JSON GET, 64 at a time", entries: contend(get, three...), ops: e.of(6400, 1280), rounds: rounds, parallel: 64,
			goal: "0.95x, p99 1.1x", met: func(o, _ figures) bool { return o.cost <= 0.95 && o.p99 <= 1.1 }},
		{name: "small JSON GET, HTTP/2, 64 at a time", entries: contend(fast(get), three...), ops: e.of(6400, 1280), rounds: rounds, parallel: 64,
			goal: "1.0x", met: cost(1.0)},
		{name: "POST of 10 KB JSON", entries: contend(post, all...), ops: e.of(2000, 400), rounds: rounds,
			goal: "105 allocations, 1.0x", met: func(o, _ figures) bool { return o.allocs <= 105 && o.cost <= 1 }},
		{name: "JSON 1 MB to values", entries: contend(large, all...), ops: e.of(8, 3), rounds: rounds, byTime: true,
			goal: "0.65x, allocations 0.6x", met: func(o, b figures) bool { return o.cost <= 0.65 && o.allocs <= 0.6*b.allocs }},
		{name: "JSON 1 MB kept as validated text", entries: contend(raw, three...), ops: e.of(8, 3), rounds: rounds, byTime: true,
			goal: "0.35x", met: cost(0.35)},
		{name: "gzip JSON 1 MB", entries: contend(packed("gzip"), three...), ops: e.of(8, 3), rounds: rounds, byTime: true, goal: "0.8x", met: cost(0.8)},
		{name: "br JSON 1 MB", entries: contend(packed("br"), three...), ops: e.of(8, 3), rounds: rounds, byTime: true, goal: "0.7x", met: cost(0.7)},
		{name: "zstd JSON 1 MB", entries: contend(packed("zstd"), three...), ops: e.of(8, 3), rounds: rounds, byTime: true, goal: "0.7x", met: cost(0.7)},
		{name: "XML 100 KB to values (against mxj)", entries: contend(exchange{path: "/xml/100000", parse: toXML}, three...), ops: e.of(20, 5), rounds: rounds,
			byTime: true, goal: "0.4x, allocations 0.3x", met: func(o, b figures) bool { return o.cost <= 0.4 && o.allocs <= 0.3*b.allocs }},
		{name: "a small GET with 20 cookies", entries: contend(withCookies, three...), ops: e.of(1000, 200), rounds: rounds,
			goal: "40 allocations and 20 KB above one without", met: nil},
		{name: fmt.Sprintf("download of %d MB to a writer", e.of(100, 20)), entries: downloads(int64(e.of(100, 20)) * 1e6), ops: 1, rounds: e.of(5, 3), memory: true,
			goal: "1 MiB, 1.1x", met: func(o, _ figures) bool { return o.rise <= 1<<20 && o.cost <= 1.1 }},
		{name: fmt.Sprintf("multipart upload of %d MiB", e.of(1024, 64)), entries: uploads(int64(e.of(1024, 64)) << 20), ops: 1, rounds: 3, memory: true,
			goal: "1 MiB, 1.1x", met: func(o, _ figures) bool { return o.rise <= 1<<20 && o.cost <= 1.1 }},
		{name: "first request with a P12 of 600,000 iterations", entries: firstRequests(), ops: 1, rounds: e.of(7, 3), byTime: true, goal: "1.05x", met: cost(1.05)},
		{name: "the second, on a new connection", entries: secondRequests(), ops: e.of(100, 20), rounds: rounds, byTime: true, goal: "1.1x of a handshake", met: cost(1.1)},
		{name: "a new connection with resumption", entries: resumptions(), ops: e.of(200, 50), rounds: rounds, byTime: true,
			goal: "0.7x of a full handshake", met: cost(0.7)},
		{name: fmt.Sprintf("50 credentials x %d requests", e.of(1000, 100)), entries: manyClients(50), ops: 50 * e.of(1000, 100), rounds: e.of(3, 1), parallel: 8,
			goal: "1.0x", met: cost(1.0)},
		{name: "a new transport for each request", entries: append(contend(get, ours, tuned, tunedAgain), contend(get, naive)...), ops: e.of(200, 50), rounds: e.of(5, 3),
			goal: "what a naive client costs"},
	}
}

// count is a case that counts something.
type count struct {
	name, goal string
	take       func(w *world) (text string, met bool, err error)
}

func counts(e effort) []count {
	return []count{
		{"handshakes of 50 credentials", "50", func(w *world) (string, bool, error) { return countHandshakes(w, e.of(1000, 100)) }},
		{fmt.Sprintf("memory of %d idle identities", e.of(10_000, 1000)), "64 MiB for 10,000",
			func(w *world) (string, bool, error) { return idleMemory(w, e.of(10_000, 1000)) }},
		{"what 20 cookies add", "40 allocations, 20 KB", addedByCookies},
	}
}

// addedByCookies is the difference between a small GET with cookies and without.
func addedByCookies(w *world) (string, bool, error) {
	var of [4]sample
	for i, c := range []struct {
		contender
		exchange
	}{{ours, exchange{path: "/json/200", parse: toJSON}}, {ours, exchange{path: "/json/200", parse: toJSON, cookies: true}},
		{tuned, exchange{path: "/json/200", parse: toJSON}}, {tuned, exchange{path: "/json/200", parse: toJSON, cookies: true}}} {
		do, done, err := c.open(w, c.exchange)
		if err != nil {
			return "", false, err
		}
		if err = serially(w.ctx, ignore(do), make([]time.Duration, 20)); err == nil {
			of[i], err = measure(w.ctx, ignore(do), 200, 1)
		}
		done()
		if err != nil {
			return "", false, err
		}
	}
	allocs, bytes := of[1].allocs-of[0].allocs, of[1].bytes-of[0].bytes
	text := fmt.Sprintf("%+.0f allocations, %+.1f KB; net/http with its jar: %+.0f, %+.1f KB", allocs, bytes/1e3,
		of[3].allocs-of[2].allocs, (of[3].bytes-of[2].bytes)/1e3)
	return text, allocs <= 40 && bytes <= 20e3, nil
}
