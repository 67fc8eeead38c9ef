package cookiejar

import (
	"bufio"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/cookiejar/httpstate"
	"github.com/mtlshttp/mtlshttp/internal/corpus"
	"github.com/mtlshttp/mtlshttp/internal/target"
)

func TestConformanceHTTPState(t *testing.T) { t.Run("CK-01", testHTTPState) }

func testHTTPState(t *testing.T) {
	cases := httpstate.Cases(t, corpus.Folder(t, "http-state", ""))
	misses := httpstate.Misses(t)
	passed, failing := 0, []string(nil)
	for _, c := range cases {
		jar := New(Options{Now: func() time.Time { return httpstate.Now }})
		set := mustURL(t, c.SetURL())
		jar.Store(set, "", c.Lines)
		next, err := set.Parse(c.Location)
		require.NoError(t, err)
		got, _ := jar.Header(next, "")

		reason, listed := misses[c.ID]
		delete(misses, c.ID)
		if got == c.Want {
			passed++
			assert.False(t, listed, "%s passes and is listed as a miss: %s", c.ID, reason)
			continue
		}
		failing = append(failing, c.ID+": "+reason)
		assert.True(t, listed, "%s: want %q, got %q", c.ID, c.Want, got)
	}
	corpus.Report(t, "http-state/jar", passed, len(cases), failing)
	assert.GreaterOrEqual(t, passed, 210)
	assert.Len(t, cases, 222)
	assert.Empty(t, misses, "listed misses that the suite does not have")
}

func TestConformanceHTTPStateDates(t *testing.T) {
	folder := corpus.Folder(t, "http-state", "")
	passed, total, failing := 0, 0, []string(nil)
	for _, file := range []string{"examples.json", "bsd-examples.json"} {
		for _, d := range readDates(t, filepath.Join(folder, "dates", file)) {
			total++
			got, ok := parseDate(d.Test)
			if ok == (d.Expected != nil) && (!ok || got.Format("Mon, 02 Jan 2006 15:04:05 GMT") == *d.Expected) {
				passed++
				continue
			}
			failing = append(failing, d.Test)
		}
	}
	corpus.Report(t, "http-state/dates", passed, total, failing)
	assert.Equal(t, 70, total)
	assert.Equal(t, total, passed)
}

type dateCase struct {
	Test     string
	Expected *string
}

func readDates(t *testing.T, file string) (dates []dateCase) {
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	// One of the files begins with its licence, in comments.
	data = regexp.MustCompile(`(?m)^//.*$`).ReplaceAll(data, nil)
	require.NoError(t, json.Unmarshal(data, &dates))
	return dates
}

func TestConformancePSL(t *testing.T) { t.Run("CK-02", testPSL) }

// testPSL asks the jar itself: the shortest Domain attribute that it lets a
// host have is the host's registrable domain.
func testPSL(t *testing.T) {
	rows := readPSL(t, filepath.Join(corpus.Folder(t, "psl", ""), "test_psl.txt"))
	passed, failing := 0, []string(nil)
	for _, row := range rows {
		got := widestDomain(asciiHost(t, row.host))
		if got == asciiHost(t, row.registrable) {
			passed++
			continue
		}
		failing = append(failing, row.host+": want "+row.registrable+", got "+got)
	}
	corpus.Report(t, "psl/jar", passed, len(rows), failing)
	assert.Len(t, rows, 77)
	assert.Equal(t, len(rows), passed)
}

func widestDomain(host string) string {
	from := &url.URL{Scheme: "https", Host: host, Path: "/"}
	domain := ""
	for rest := host; rest != ""; _, rest, _ = strings.Cut(rest, ".") {
		jar := New(Options{})
		jar.Store(from, "", []string{"a=b; Domain=" + rest})
		if entries := jar.Entries(); len(entries) == 1 && !entries[0].HostOnly {
			domain = rest
		}
	}
	return domain
}

type pslRow struct{ host, registrable string } // registrable is "" for null

func readPSL(t *testing.T, file string) (rows []pslRow) {
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	row := regexp.MustCompile(`^checkPublicSuffix\('([^']*)', (?:null|'([^']*)')\);`)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if m := row.FindStringSubmatch(lines.Text()); m != nil {
			rows = append(rows, pslRow{m[1], m[2]})
		}
	}
	return rows
}

// asciiHost is the host as requests have it by the time that the jar sees them.
func asciiHost(t *testing.T, host string) string {
	if host == "" || host[0] == '.' {
		return strings.ToLower(host) // no host that a URL could have
	}
	parsed, err := target.Parse("https://"+host+"/", target.Options{})
	require.NoError(t, err)
	return parsed.Host
}
