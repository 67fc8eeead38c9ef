package conformance_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/corpus"
)

func init() { conformance["wire"] = testConformanceWire }

const (
	// wireLabs is how many labs there are, each with one case at a time.
	wireLabs = 4
	// wireStepTime bounds one request of a case.
	wireStepTime = 10 * time.Second
	// wireMisses is the part of the copy cases that may miss.
	wireMisses = 0.01
)

// testConformanceWire sends every recorded request anew and compares what goes
// over the wire and what comes back.
func testConformanceWire(t *testing.T) {
	folder := corpus.Folder(t, "wire", "MTLSHTTP_WIRE")
	var cases []*wireCase
	readCorpus(t, filepath.Join(folder, "corpus.json"), &cases)
	var meta struct{ Origins map[string]wireOrigin }
	readCorpus(t, filepath.Join(folder, "corpus.meta.json"), &meta)

	verdicts := make([]string, len(cases)) // "" is good
	next := make(chan int)
	var workers sync.WaitGroup
	for range wireLabs {
		lab := newWireLab(t, folder, meta.Origins)
		workers.Go(func() {
			for i := range next {
				verdicts[i] = cases[i].verdict(t.Context(), lab, filepath.Join(folder, "fixtures"))
			}
		})
	}
	for i := range cases {
		next <- i
	}
	close(next)
	workers.Wait()

	kinds := []string{"copy", "insecure", "bug", "optional"}
	tally := map[string]*wireTally{}
	for _, kind := range kinds {
		tally[kind] = new(wireTally)
	}
	for i, c := range cases {
		tally[c.kind()].add(c.ID, verdicts[i])
	}
	known := readMisses(t)
	for _, kind := range kinds {
		line, count := "wire/"+kind, tally[kind]
		if kind == "copy" {
			line = "wire"
		}
		corpus.Report(t, line, count.passed, count.passed+len(count.missed), count.lines())
	}
	for id := range tally["copy"].missed {
		assert.Contains(t, known, id, tally["copy"].missed[id])
	}
	for _, c := range cases {
		if _, listed := known[c.ID]; listed {
			assert.Contains(t, tally["copy"].missed, c.ID, "it is listed as a miss and passes")
		}
	}
	copies := tally["copy"].passed + len(tally["copy"].missed)
	require.NotZero(t, copies)
	assert.LessOrEqual(t, float64(len(tally["copy"].missed)), wireMisses*float64(copies))
	assert.Empty(t, tally["insecure"].lines())
	assert.Empty(t, tally["bug"].lines())
}

func readCorpus(t *testing.T, path string, into any) {
	t.Helper()
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(file, into))
}

// readMisses reads the copy cases that miss, each with its reason.
func readMisses(t *testing.T) map[string]string {
	file, err := os.ReadFile(filepath.Join("testdata", "wire-misses.txt"))
	require.NoError(t, err)
	misses := map[string]string{}
	for line := range strings.Lines(string(file)) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, reason, ok := strings.Cut(line, ": ")
		require.True(t, ok && reason != "", "a miss has a reason: %s", line)
		misses[id] = reason
	}
	return misses
}

type wireTally struct {
	passed int
	missed map[string]string
}

func (w *wireTally) add(id, miss string) {
	if miss == "" {
		w.passed++
		return
	}
	if w.missed == nil {
		w.missed = map[string]string{}
	}
	w.missed[id] = miss
}

func (w *wireTally) lines() []string {
	var lines []string
	for id, miss := range w.missed {
		lines = append(lines, id+": "+miss)
	}
	return lines
}

// kind is what is asked of a case.
func (c *wireCase) kind() string {
	switch {
	case c.Verdict != "deviate":
		return c.Verdict
	case c.Insecure:
		return "insecure"
	}
	return "bug"
}

// verdict runs a case and says what is wrong with it; "" is nothing.
func (c *wireCase) verdict(ctx context.Context, lab *wireLab, fixtures string) string {
	steps := c.run(ctx, lab, fixtures)
	switch c.kind() {
	case "insecure":
		return c.unsafe(steps)
	case "bug":
		return c.copied(steps)
	}
	return firstMiss(steps)
}

func firstMiss(steps []*wireStep) string {
	for _, step := range steps {
		if miss := step.miss(); miss != "" {
			return miss
		}
	}
	return ""
}

// run sends a case's requests, in one session.
func (c *wireCase) run(ctx context.Context, lab *wireLab, fixtures string) (steps []*wireStep) {
	turn, end := lab.begin(ctx, c.Server.Script)
	defer end()
	requests := append([]wireRequest{c.Request}, c.Followups...)
	expects := append([]wireExpect{c.Expect}, c.ExpectFollowups...)
	executor := &mtlshttp.Executor{Dial: lab.dialer(c.Request.DenyDial)}
	defer executor.Close()
	session := &mtlshttp.Session{Executor: executor, Jar: new(mtlshttp.Jar)}
	for i := range requests {
		step := &wireStep{lab: lab, request: &requests[i], expect: &expects[i]}
		step.send(ctx, session, fixtures)
		step.hops = turn.take()
		steps = append(steps, step)
	}
	return steps
}

func (s *wireStep) send(ctx context.Context, session *mtlshttp.Session, fixtures string) {
	time.Sleep(time.Duration(s.request.WaitBeforeMs) * time.Millisecond)
	ctx, cancel := context.WithTimeout(ctx, s.request.timeout())
	defer cancel()
	request, err := s.request.build(ctx, s.lab, fixtures)
	if err != nil {
		s.err = err
		return
	}
	s.response, s.err = session.Do(ctx, request)
}
