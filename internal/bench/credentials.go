package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"runtime"
	"sync/atomic"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/mtlshttp/mtlshttp"
)

const (
	password   = "a password"
	iterations = 600_000
)

// p12 is the first client's identity as a file that was never opened before:
// every one has a salt of its own.
func p12(w *world) ([]byte, error) {
	c := w.clients[0].pair
	return pkcs12.Modern2023.WithIterations(iterations).Encode(c.Key, c.Certificate, nil, password)
}

// once does a GET with an executor that is new.
func once(ctx context.Context, w *world, file []byte) error {
	e := new(mtlshttp.Executor)
	defer e.Close()
	inventory, err := mtlshttp.Extract(ctx, file, &mtlshttp.ExtractOptions{Password: []byte(password)})
	if err != nil {
		return err
	}
	r := w.request(exchange{path: "/json/200", parse: toJSON})
	if r.Identity, err = inventory.Credential(); err != nil {
		return err
	}
	_, err = e.Do(ctx, r)
	return err
}

// firstRequests open a file and send with it, over a new connection.
func firstRequests() []entry {
	files := func(w *world, open func(ctx context.Context, file []byte) error) (work, func(), error) {
		return func(ctx context.Context) error {
			file, err := p12(w)
			if err != nil {
				return err
			}
			return open(ctx, file)
		}, func() {}, nil
	}
	plain := func(w *world) (work, func(), error) {
		return files(w, func(ctx context.Context, file []byte) error {
			key, certificate, _, err := pkcs12.DecodeChain(file, password)
			if err != nil {
				return err
			}
			return w.fresh(ctx, &client{tls: tls.Certificate{Certificate: [][]byte{certificate.Raw}, PrivateKey: key, Leaf: certificate}})
		})
	}
	return []entry{{ours.name, func(w *world) (work, func(), error) {
		return files(w, func(ctx context.Context, file []byte) error { return once(ctx, w, file) })
	}}, {tuned.name, plain}, {tunedAgain.name, plain}}
}

// fresh is a GET over a transport that is new, by net/http.
func (w *world) fresh(ctx context.Context, c *client) error {
	x := exchange{path: "/json/200", parse: toJSON}
	client, done := w.tuned(c, x)
	defer done()
	_, err := w.roundTrip(ctx, client, x)
	return err
}

// secondRequests send with a file that was opened before, over a new connection
// of a new executor; the base has its certificate in memory.
func secondRequests() []entry {
	plain := func(w *world) (work, func(), error) {
		return func(ctx context.Context) error { return w.fresh(ctx, w.clients[0]) }, func() {}, nil
	}
	return []entry{{ours.name, func(w *world) (work, func(), error) {
		file, err := p12(w)
		if err != nil {
			return nil, nil, err
		}
		return func(ctx context.Context) error { return once(ctx, w, file) }, func() {}, nil
	}}, {tuned.name, plain}, {tunedAgain.name, plain}}
}

// resumptions are requests on connections that the server closes after each:
// ours are resumed; the base's are to a server that resumes none.
func resumptions() []entry {
	own := func(w *world) (work, func(), error) {
		e := new(mtlshttp.Executor)
		r := w.request(exchange{path: "/close", parse: toJSON})
		return func(ctx context.Context) error {
			_, err := e.Do(ctx, r)
			return err
		}, func() { _ = e.Close() }, nil
	}
	plain := func(w *world) (work, func(), error) {
		client, done := w.tuned(w.clients[0], exchange{})
		return func(ctx context.Context) error {
			body, err := fetch(ctx, client, w.FullURL+"/close")
			if err == nil {
				_, err = exchange{parse: toJSON}.value(body)
			}
			return err
		}, done, nil
	}
	return []entry{{ours.name, own}, {tuned.name, plain}, {tunedAgain.name, plain}}
}

// manyClients take turns, by one executor of ours or by a transport for each.
func manyClients(count int) []entry {
	own := func(w *world) (work, func(), error) {
		if err := w.grow(count); err != nil {
			return nil, nil, err
		}
		e := new(mtlshttp.Executor)
		var requests []*mtlshttp.Request
		for _, c := range w.clients[:count] {
			r := w.request(exchange{path: "/json/200", parse: toJSON})
			r.Identity = c.credential
			requests = append(requests, r)
		}
		var turn atomic.Int64
		return func(ctx context.Context) error {
			_, err := e.Do(ctx, requests[int(turn.Add(1))%count])
			return err
		}, func() { _ = e.Close() }, nil
	}
	plain := func(w *world) (work, func(), error) {
		if err := w.grow(count); err != nil {
			return nil, nil, err
		}
		x := exchange{path: "/json/200", parse: toJSON}
		var clients []*http.Client
		var ends []func()
		for _, c := range w.clients[:count] {
			client, done := w.tuned(c, x)
			clients, ends = append(clients, client), append(ends, done)
		}
		var turn atomic.Int64
		return func(ctx context.Context) error {
				_, err := w.roundTrip(ctx, clients[int(turn.Add(1))%count], x)
				return err
			}, func() {
				for _, end := range ends {
					end()
				}
			}, nil
	}
	return []entry{{ours.name, own}, {tuned.name, plain}, {tunedAgain.name, plain}}
}

// countHandshakes has 50 credentials send so many requests each, in turn.
func countHandshakes(w *world, each int) (string, bool, error) {
	const credentials = 50
	before, err := handshakes(w.ctx, w)
	if err != nil {
		return "", false, err
	}
	do, done, err := manyClients(credentials)[0].open(w)
	if err != nil {
		return "", false, err
	}
	defer done()
	for range credentials * each {
		if err := do(w.ctx); err != nil {
			return "", false, err
		}
	}
	after, err := handshakes(w.ctx, w)
	n := after - before - 1 // the question's own
	return fmt.Sprintf("%d for %d requests", n, credentials*each), n == credentials, err
}

// idleMemory is what an executor holds after identities were used once each.
func idleMemory(w *world, count int) (string, bool, error) {
	if err := w.grow(count); err != nil {
		return "", false, err
	}
	e := new(mtlshttp.Executor)
	defer e.Close()
	r := *w.request(exchange{path: "/json/200", parse: toJSON})
	before := heap()
	for _, c := range w.clients[:count] {
		r.Identity = c.credential
		if _, err := e.Do(w.ctx, &r); err != nil {
			return "", false, err
		}
	}
	rise := heap() - before
	runtime.KeepAlive(w.clients)
	return fmt.Sprintf("%s, %.1f KB each", mebibytes(rise), float64(rise)/float64(count)/1e3), rise <= 64<<20, nil
}

// heap is what is held, with the stacks, after a collection; the gaps between,
// which the next allocations fill, are not counted.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
