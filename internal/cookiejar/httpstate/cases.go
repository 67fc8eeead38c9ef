// Package httpstate reads the cookie cases of the http-state suite for tests:
// those of the jar alone and those that send them through a client.
package httpstate

import (
	_ "embed"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Host is where the suite's server is: it answers at SetPath with the cookies
// of a case and a redirect, and the request that follows carries the cookies
// that are compared.
const (
	Host    = "home.example.org:8888"
	SetPath = "/cookie-parser"
)

// Now is a time of the suite's clock: its expiry dates suppose that 2007 is
// past and 2019 is not.
var Now = time.Date(2011, time.June, 1, 12, 0, 0, 0, time.UTC)

// Case is one of the suite.
type Case struct {
	ID       string
	Lines    []string // values of Set-Cookie, unchanged but for one leading space
	Location string   // a relative or absolute URL
	Want     string   // the value of the Cookie header, "" for none
}

// SetURL is the URL whose response sets the cookies.
func (c Case) SetURL() string { return "http://" + Host + SetPath + "?" + c.ID }

// Cases reads the suite's folder.
func Cases(t testing.TB, folder string) []Case {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "parser", "*-test"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no case of http-state in %s (%v)", folder, err)
	}
	cases := make([]Case, len(files))
	for i, file := range files {
		id := strings.TrimSuffix(filepath.Base(file), "-test")
		cases[i] = Case{ID: id, Location: "/cookie-parser-result?" + id}
		for line := range strings.SplitSeq(read(t, file), "\n") {
			if value, ok := strings.CutPrefix(line, "Set-Cookie:"); ok {
				cases[i].Lines = append(cases[i].Lines, strings.TrimPrefix(value, " "))
			}
			if value, ok := strings.CutPrefix(line, "Location:"); ok {
				cases[i].Location = strings.TrimSpace(value)
			}
		}
		want := strings.TrimSpace(read(t, strings.TrimSuffix(file, "-test")+"-expected"))
		cases[i].Want = strings.TrimPrefix(want, "Cookie: ")
	}
	return cases
}

func read(t testing.TB, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

//go:embed misses.txt
var misses string

// Misses are the cases whose expectation we do not meet, by id, with the
// reason. A test fails on a miss that is not listed and on a listed case that
// passes.
func Misses(t testing.TB) map[string]string {
	t.Helper()
	reasons := map[string]string{}
	for line := range strings.Lines(misses) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, reason, found := strings.Cut(line, ": ")
		if !found || reason == "" {
			t.Fatalf("misses.txt: no reason: %q", line)
		}
		reasons[id] = reason
	}
	return reasons
}
