package mtlshttp_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// cpuMeter measures what our process takes of the processor, which a server in
// another process does not add to.
type cpuMeter struct{ begun time.Duration }

func startCPU(b *testing.B) cpuMeter {
	b.ResetTimer()
	return cpuMeter{processTime()}
}

func (m cpuMeter) report(b *testing.B) {
	b.ReportMetric(float64(processTime()-m.begun)/float64(b.N), "cpu-ns/op")
}

// measureSerial sends b.N requests one after the other.
func measureSerial(b *testing.B, send func(context.Context) error) {
	if err := send(b.Context()); err != nil { // the handshake
		b.Fatal(err)
	}
	b.ReportAllocs()
	cpu := startCPU(b)
	for b.Loop() {
		if err := send(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	cpu.report(b)
}

// measureParallel sends b.N requests, so many at a time, and reports how long
// the slowest hundredth takes.
func measureParallel(b *testing.B, workers int, send func(context.Context) error) {
	b.ReportAllocs()
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var wg sync.WaitGroup
	cpu := startCPU(b)
	for range workers {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
				begun := time.Now()
				if err := send(b.Context()); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(begun)
			}
		})
	}
	wg.Wait()
	cpu.report(b)
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
}
