package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"strings"
)

// entry is a contender in a row: what it sets up, what it does, what it gives
// back.
type entry struct {
	name string
	open func(w *world) (do work, close func(), err error)
}

// row is one case. Its first entry is ours, its second what ratios are taken to,
// its third the second once more, for the noise.
type row struct {
	name     string
	entries  []entry
	ops      int // of a round
	rounds   int
	parallel int
	byTime   bool // compares time on the clock, not of the processor
	memory   bool // compares how far memory rises
	goal     string
	met      func(ours, base figures) bool
}

// figures are one entry's medians over the rounds.
type figures struct {
	cost, p99     float64 // as ratios to the base
	allocs, bytes float64
	rise          int64
	each          float64 // microseconds of an operation
}

func (r row) measure(w *world) ([]figures, error) {
	if r.parallel <= 1 && !r.memory {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	}
	works := make([]work, len(r.entries))
	for i, e := range r.entries {
		do, done, err := e.open(w)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.name, err)
		}
		defer done()
		works[i] = do
		if _, err := measure(w.ctx, do, max(1, min(r.ops/10, 100))*max(1, r.parallel), r.parallel); err != nil {
			return nil, fmt.Errorf("%s: %w", e.name, err)
		}
	}
	samples := make([][]sample, len(works))
	for round := range r.rounds {
		for turn := range works {
			i := (round + turn) % len(works)
			s, err := measure(w.ctx, works[i], r.ops, r.parallel)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.entries[i].name, err)
			}
			samples[i] = append(samples[i], s)
		}
	}
	all := make([]figures, len(works))
	for i := range works {
		all[i] = r.compare(samples[i], samples[1])
	}
	return all, nil
}

func (r row) compare(these, base []sample) figures {
	over := func(f func(i int) float64) float64 {
		values := make([]float64, len(these))
		for i := range these {
			values[i] = f(i)
		}
		return median(values)
	}
	return figures{
		cost:   over(func(i int) float64 { return r.costOf(these[i]) / r.costOf(base[i]) }),
		p99:    over(func(i int) float64 { return float64(these[i].p99) / float64(base[i].p99) }),
		allocs: over(func(i int) float64 { return these[i].allocs }),
		bytes:  over(func(i int) float64 { return these[i].bytes }),
		rise:   int64(over(func(i int) float64 { return float64(these[i].rise) })),
		each:   over(func(i int) float64 { return r.costOf(these[i]) / float64(these[i].ops) / 1e3 }),
	}
}

func (r row) costOf(s sample) float64 {
	if r.byTime {
		return float64(s.wall)
	}
	return float64(s.cpu)
}

// table measures every case and prints a line of Markdown for each.
func table(w *world, e effort, only *regexp.Regexp, out io.Writer) error {
	fmt.Fprintln(out, "Cost is processor time, or time on the clock where marked (t), as a ratio to tuned net/http; \"again\" is tuned net/http measured once more.")
	fmt.Fprintln(out)
	fmt.Fprintln(out, "| case | cost | again | allocations | bytes | p99 | memory rises | goal | |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|---|---|")
	met, goals := 0, 0
	var peers []string
	for _, r := range rows(e) {
		if !only.MatchString(r.name) {
			continue
		}
		all, err := r.measure(w)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		verdict := ""
		if r.met != nil {
			goals++
			verdict = "missed"
			if r.met(all[0], all[1]) {
				met, verdict = met+1, "met"
			}
		}
		fmt.Fprintln(out, r.line(all, verdict))
		for i := 3; i < len(all); i++ {
			peers = append(peers, fmt.Sprintf("| %s | %s | %.2f | %.0f |", r.name, r.entries[i].name, all[i].cost, all[i].allocs))
		}
	}
	if len(peers) > 0 {
		fmt.Fprint(out, "\nThe other peers, to the same measure:\n\n| case | peer | cost | allocations |\n|---|---|---|---|\n")
		fmt.Fprintln(out, strings.Join(peers, "\n"))
	}
	for _, count := range counts(e) {
		if !only.MatchString(count.name) {
			continue
		}
		text, ok, err := count.take(w)
		if err != nil {
			return fmt.Errorf("%s: %w", count.name, err)
		}
		goals++
		if ok {
			met++
		}
		fmt.Fprintf(out, "\n%s: %s (goal: %s)\n", count.name, text, count.goal)
	}
	fmt.Fprintf(out, "\ngoals met: %d of %d\n", met, goals)
	return nil
}

func (r row) line(all []figures, verdict string) string {
	ours, base := all[0], all[1]
	mark := ""
	if r.byTime {
		mark = " (t)"
	}
	again, p99, rise := "", "", ""
	if len(all) > 2 {
		again = fmt.Sprintf("%.2f", all[2].cost)
	}
	if r.parallel > 1 {
		p99 = fmt.Sprintf("%.2f", ours.p99)
	}
	if r.memory {
		rise = fmt.Sprintf("%s, %s", mebibytes(ours.rise), mebibytes(base.rise))
	}
	return fmt.Sprintf("| %s | %.2f%s | %s | %.0f, %.0f | %s, %s | %s | %s | %s | %s |", r.name, ours.cost, mark, again,
		ours.allocs, base.allocs, kilobytes(ours.bytes), kilobytes(base.bytes), p99, rise, r.goal, verdict)
}

func kilobytes(n float64) string { return fmt.Sprintf("%.1f KB", n/1e3) }
func mebibytes(n int64) string   { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
func ignore[T any](f func(context.Context) (T, error)) work {
	return func(ctx context.Context) error { _, err := f(ctx); return err }
}
