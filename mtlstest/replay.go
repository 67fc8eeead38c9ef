package mtlstest

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/recording"
)

// Replay answers from a file of Record and reaches no network: it is
// Executor.Wrap's value, and with nil an http.RoundTripper for any client.
//
// A request gets the first answer that is left of one with the same method, URL
// and body; headers may differ, and so may what is secret by its name. The
// order is otherwise free. A request that there is none for fails with an
// *mtlshttp.Error of kind config and reason not-recorded, which says what is
// different from the nearest. Answers that were not asked for fail the test.
//
// There is no receipt, since there is no connection; a test of what mutual TLS
// does needs a Server.
//
// With MTLSTEST_RECORD set, Replay records instead: it is Record.
func Replay(t testing.TB, file string, secret ...string) func(http.RoundTripper) http.RoundTripper {
	t.Helper()
	if os.Getenv("MTLSTEST_RECORD") != "" {
		return Record(t, file, secret...)
	}
	f, err := recording.Read(file)
	if err != nil {
		t.Fatalf("mtlstest: %v; a run with MTLSTEST_RECORD=1 records it", err)
	}
	f.Secret = append(f.Secret, secret...)
	p := &player{name: file, file: f, used: make([]bool, len(f.Exchanges))}
	t.Cleanup(func() {
		if left := p.left(); len(left) > 0 && !t.Failed() {
			t.Errorf("mtlstest: %s: nobody asked for %s", file, strings.Join(left, ", "))
		}
	})
	return func(http.RoundTripper) http.RoundTripper { return p }
}

type player struct {
	name string
	file *recording.File

	mu   sync.Mutex
	used []bool
}

func (p *player) RoundTrip(req *http.Request) (*http.Response, error) {
	body, req, err := bodyOf(req)
	if err != nil {
		return nil, err
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	e, err := p.find(p.file.Request(req, body), req.URL.String())
	if err != nil {
		return nil, err
	}
	return e.Response.HTTP(req)
}

// find takes the first exchange that is left and fits.
func (p *player) find(live recording.Request, liveURL string) (*recording.Exchange, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	nearest, shared, spent := "nothing is recorded", -1, 0
	for i, e := range p.file.Exchanges {
		difference := recording.Difference(e.Request, live, liveURL)
		switch {
		case difference == "" && !p.used[i]:
			p.used[i] = true
			return e, nil
		case difference == "":
			spent++
		case !p.used[i] && likeness(e.Request, live) > shared:
			shared = likeness(e.Request, live)
			nearest = fmt.Sprintf("of the nearest, exchange %d, %s", i+1, difference)
		}
	}
	if spent > 0 {
		nearest = fmt.Sprintf("it was asked for %d times already", spent)
	}
	return nil, &mtlshttp.Error{Kind: mtlshttp.KindConfig, Reason: "not-recorded", Type: "InvalidConfigurationError", URL: live.URL,
		Err: fmt.Errorf("%s has no answer left for %s: %s; a run with MTLSTEST_RECORD=1 records it anew", p.name, live.Method, nearest)}
}

// likeness is how near two requests are: the URL counts most.
func likeness(a, b recording.Request) (n int) {
	if a.URL == b.URL {
		n += 4
	}
	if a.Method == b.Method {
		n += 2
	}
	if a.Query == b.Query {
		n++
	}
	return n
}

func (p *player) left() (list []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, e := range p.file.Exchanges {
		if !p.used[i] {
			list = append(list, fmt.Sprintf("exchange %d (%s %s)", i+1, e.Request.Method, e.Request.URL))
		}
	}
	return list
}
