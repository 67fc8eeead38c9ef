package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// work does one operation.
type work func(ctx context.Context) error

// sample is what a number of operations cost the process.
type sample struct {
	ops           int
	wall, cpu     time.Duration
	allocs, bytes float64       // for each operation
	p99           time.Duration // of one operation
	rise          int64         // of the resident set, to its highest point, in bytes; 0: not known
}

// measure does n operations, some of them at once.
func measure(ctx context.Context, do work, n, parallel int) (sample, error) {
	debug.FreeOSMemory() // collects, too
	took := make([]time.Duration, n)
	resident := watchResident()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, began := processTime(), time.Now()
	var err error
	if parallel <= 1 {
		err = serially(ctx, do, took)
	} else {
		err = atOnce(ctx, do, took, parallel)
	}
	s := sample{ops: n, wall: time.Since(began), cpu: processTime() - cpu}
	runtime.ReadMemStats(&after)
	s.rise = resident()
	s.allocs = float64(after.Mallocs-before.Mallocs) / float64(n)
	s.bytes = float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
	slices.Sort(took)
	s.p99 = took[(n*99-1)/100]
	return s, err
}

func serially(ctx context.Context, do work, took []time.Duration) error {
	for i := range took {
		began := time.Now()
		if err := do(ctx); err != nil {
			return err
		}
		took[i] = time.Since(began)
	}
	return nil
}

func atOnce(ctx context.Context, do work, took []time.Duration, parallel int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	for w := range parallel {
		workers.Go(func() {
			for i := w; i < len(took); i += parallel {
				began := time.Now()
				if err := do(ctx); err != nil {
					cancel(err)
					return
				}
				took[i] = time.Since(began)
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// median is the middle of the values.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}
