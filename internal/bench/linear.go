package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/mtlshttp/mtlshttp"
)

// series is how the cost of one thing grows.
type series struct {
	name, unit string // of what grows
	sizes      []int
	open       func(w *world, size int) (work, func(), error)
	ops        func(size int) int // of a round
	parallel   func(size int) int
}

// point is a size with the microseconds of processor time of one operation.
type point struct {
	size int
	cost float64
}

// growing are the series of which cost has to be linear, or flat.
func growing(e effort) []series {
	one := func(int) int { return 1 }
	return []series{
		{"JSON body to values", "bytes", []int{1e3, 1e4, 1e5, 1e6, 1e7}, func(w *world, size int) (work, func(), error) {
			do, done, err := openOurs(w, exchange{path: fmt.Sprint("/json/", size), parse: toJSON})
			return ignore(do), done, err
		}, func(size int) int { return max(2, min(e.of(1000, 200), e.of(4e7, 1e7)/size)) }, one},
		{"credentials in turn", "credentials", []int{1, 10, 100, 1000}, func(w *world, size int) (work, func(), error) {
			return manyClients(size)[0].open(w)
		}, func(int) int { return e.of(2000, 1000) }, one},
		{"cookies in the jar", "cookies", []int{1, 10, 100, 1000, 10_000}, openJar,
			func(int) int { return e.of(1000, 300) }, one},
		{"requests at once", "requests", []int{1, 4, 16, 64, 256}, func(w *world, _ int) (work, func(), error) {
			do, done, err := openOurs(w, exchange{path: "/json/200", parse: toJSON})
			return ignore(do), done, err
		}, func(size int) int { return max(e.of(2000, 600), 8*size) }, func(size int) int { return size }},
	}
}

// openJar sends to a host whose jar was offered so many cookies, of which it
// keeps what its caps allow: 180 of a host, 3,000 in all.
func openJar(w *world, size int) (work, func(), error) {
	e := new(mtlshttp.Executor)
	jar := new(mtlshttp.Jar)
	if err := fill(jar, w.URL, size); err != nil {
		return nil, nil, err
	}
	s := &mtlshttp.Session{Executor: e, Jar: jar}
	r := w.request(exchange{path: "/json/200", parse: toJSON, cookies: true})
	return func(ctx context.Context) error {
		_, err := s.Do(ctx, r)
		return err
	}, func() { _ = e.Close() }, nil
}

// growth measures the series and prints them; cost by size is what stays flat
// where it is linear.
func growth(w *world, e effort, out io.Writer, plotFile string) error {
	fmt.Fprintln(out, "Processor time of the client for one operation.")
	all := growing(e)
	lines := make([][]point, len(all))
	for i, s := range all {
		fmt.Fprintf(out, "\n%s\n\n| %s | microseconds |\n|---|---|\n", s.name, s.unit)
		for _, size := range s.sizes {
			cost, err := s.cost(w, size)
			if err != nil {
				return fmt.Errorf("%s, %d: %w", s.name, size, err)
			}
			lines[i] = append(lines[i], point{size, cost})
			fmt.Fprintf(out, "| %d | %.1f |\n", size, cost)
		}
	}
	if plotFile == "" {
		return nil
	}
	return os.WriteFile(plotFile, plot(all, lines), 0o644)
}

func (s series) cost(w *world, size int) (float64, error) {
	do, done, err := s.open(w, size)
	if err != nil {
		return 0, err
	}
	defer done()
	n, parallel := s.ops(size), s.parallel(size)
	if _, err := measure(w.ctx, do, max(n/10, 2, 2*parallel), parallel); err != nil {
		return 0, err
	}
	if s.unit == "credentials" { // each has its connection before it counts
		if _, err := measure(w.ctx, do, size, 1); err != nil {
			return 0, err
		}
	}
	var costs []float64
	for range 3 {
		sample, err := measure(w.ctx, do, n, parallel)
		if err != nil {
			return 0, err
		}
		costs = append(costs, float64(sample.cpu)/float64(sample.ops)/1e3)
	}
	return median(costs), nil
}
