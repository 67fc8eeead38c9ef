package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
)

// group is one part of the matrix: its ids are PREFIX-01 to PREFIX-size.
type group struct {
	prefix, title string
	size          int
}

var groups = []group{
	{"RED", "Redirects and the scope of credentials", 30},
	{"CK", "Cookies", 20},
	{"TLS", "Client identity and the reuse of connections", 24},
	{"CERT", "Opening credential files", 11},
	{"LIM", "Compression, sizes and header sections", 18},
	{"PAR", "JSON, XML, charsets and media types", 14},
	{"SSRF", "Egress", 16},
	{"INJ", "Injection", 14},
	{"FLT", "Faults of network and peer", 82},
	{"SEC", "Secrets", 10},
	{"SUP", "Process and supply chain", 11},
}

var idPattern = regexp.MustCompile(`(RED|CK|TLS|CERT|LIM|PAR|SSRF|INJ|FLT|SEC|SUP)-([0-9]{2})`)

// idsOf finds the ids in a name.
func idsOf(name string) (ids []string) {
	for _, at := range idPattern.FindAllStringIndex(name, -1) {
		letterBefore := at[0] > 0 && isAlphanumeric(name[at[0]-1])
		if digitAfter := at[1] < len(name) && isAlphanumeric(name[at[1]]); !letterBefore && !digitAfter {
			ids = append(ids, name[at[0]:at[1]])
		}
	}
	return ids
}

func isAlphanumeric(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// outcome is how a test ended. Of several tests of one id the greatest counts:
// one that is left out on this machine takes nothing from one that passes.
type outcome int

const (
	none outcome = iota
	skipped
	passed
	failed
)

func (o outcome) String() string { return []string{"none", "skip", "pass", "FAIL"}[o] }

// test is one that bears an id.
type test struct {
	name    string // package and test
	outcome outcome
}

var errInput = errors.New("this is not what go test -json writes")

// read collects the tests of each id from the events of go test -json: those
// that have it in their names, and those that claim it in their comments.
func read(r io.Reader, claims map[string][]string) (map[string][]test, error) {
	found := map[string][]test{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 64<<20)
	events := 0
	for lines.Scan() {
		var event struct{ Action, Package, Test string }
		if json.Unmarshal(lines.Bytes(), &event) != nil || event.Action == "" {
			continue // a line of a build's, which goes between the events
		}
		events++
		ended := map[string]outcome{"pass": passed, "skip": skipped, "fail": failed}[event.Action]
		if ended == none || event.Test == "" {
			continue
		}
		for _, id := range append(idsOf(event.Test), claims[event.Package+"."+event.Test]...) {
			found[id] = append(found[id], test{path.Base(event.Package) + "." + event.Test, ended})
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if events == 0 {
		return nil, errInput
	}
	return found, nil
}

// row is one id.
type row struct {
	id      string
	tests   []test
	outcome outcome
	reason  string // why there is no test, or what there is beside tests
}

type table struct{ rows map[string]row }

func newTable(found map[string][]test) *table {
	t := &table{map[string]row{}}
	for _, g := range groups {
		for i := range g.size {
			r := row{id: fmt.Sprintf("%s-%02d", g.prefix, i+1)}
			r.tests, r.reason = bearers(found[r.id]), reasons[r.id]
			for _, one := range r.tests {
				r.outcome = max(r.outcome, one.outcome)
			}
			slices.SortFunc(r.tests, func(a, b test) int { return strings.Compare(a.name, b.name) })
			t.rows[r.id] = r
		}
	}
	return t
}

// bearers leaves out the subtests of those that bear the id themselves, which
// end as their subtests do.
func bearers(tests []test) (kept []test) {
	for _, one := range tests {
		if !slices.ContainsFunc(tests, func(other test) bool { return strings.HasPrefix(one.name, other.name+"/") }) {
			kept = append(kept, one)
		}
	}
	return kept
}

func (t *table) count(o outcome) (n int) {
	for _, r := range t.rows {
		if r.outcome == o {
			n++
		}
	}
	return n
}

// mostNames is how many tests of one id are named.
const mostNames = 3

func (t *table) markdown() string {
	var b strings.Builder
	reasoned := 0
	for _, r := range t.rows {
		if r.outcome == none && r.reason != "" {
			reasoned++
		}
	}
	fmt.Fprintf(&b, "# The matrix of faults\n\n**%d of %d ids pass, %d fail**, %d are skipped; %d have no test, %d of them for a reason that is given.\n\n",
		t.count(passed), len(t.rows), t.count(failed), t.count(skipped), t.count(none), reasoned)
	b.WriteString("Made from the tests' own results by\n\n    go test -json ./... | go run ./internal/faulttable > docs/faults.md\n\n" +
		"A test bears the id of what it tests in its name, or at the head of its comment. Reasons are in `internal/faulttable/reasons.go`.\n")
	for _, g := range groups {
		fmt.Fprintf(&b, "\n## %s: %s\n\n| id | result | tests |\n|---|---|---|\n", g.prefix, g.title)
		for i := range g.size {
			r := t.rows[fmt.Sprintf("%s-%02d", g.prefix, i+1)]
			fmt.Fprintf(&b, "| %s | %s | %s |\n", r.id, r.outcome, r.describe())
		}
	}
	return b.String()
}

// describe names the tests, those that failed first, or says why there is none.
func (r row) describe() string {
	if len(r.tests) == 0 {
		return r.reason
	}
	tests := slices.Clone(r.tests)
	slices.SortStableFunc(tests, func(a, b test) int { return int(b.outcome - a.outcome) })
	var names []string
	for _, one := range tests[:min(len(tests), mostNames)] {
		names = append(names, "`"+strings.NewReplacer("|", "¦", "`", "'").Replace(one.name)+"`")
	}
	if more := len(tests) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	if r.reason != "" {
		return strings.Join(names, ", ") + "; " + r.reason
	}
	return strings.Join(names, ", ")
}
