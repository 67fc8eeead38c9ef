package conformance_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/corpus"
	"github.com/mtlshttp/mtlshttp/internal/testpeer"
)

func init() {
	conformance["llhttp-responses"] = func(t *testing.T) { t.Run("FLT-32", conformLLHTTP) }
	conformance["wpt"] = conformWPT
}

// verdictOn is what an executor makes of an answer to the byte, after which the
// server closes: the bundle, or the error.
func verdictOn(t *testing.T, e *mtlshttp.Executor, s *testpeer.ByteServer, method, answer string) (*mtlshttp.Response, error) {
	s.Say("/", answer)
	return e.Do(t.Context(), &mtlshttp.Request{Method: method, URL: "http://a.test/", Redirect: mtlshttp.Redirect{Off: true}})
}

// answeringOnce is an executor on whose every connection one answer is given.
func answeringOnce(t *testing.T) (*mtlshttp.Executor, *testpeer.ByteServer) {
	log.SetOutput(io.Discard) // net/http logs what comes after an answer
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	s := testpeer.ServeBytes(t)
	s.Once = true
	e := newExecutor(t)
	e.Dial = s.Dial
	return e, s
}

// llhttpCase is a stream of answers, and what a strict parser says of it.
type llhttpCase struct {
	id, method, stream string
	accepted           bool
	unfinished         bool // it waits for more, which does not come
}

// agrees says whether a verdict is the parser's. What it waits for is cut here.
func (c *llhttpCase) agrees(err error) bool {
	return (err == nil) == c.accepted || c.accepted && c.unfinished && errors.Is(err, mtlshttp.KindTruncated)
}

var (
	llhttpBlock   = regexp.MustCompile("(?m)^#+ (.*)$|^<!-- meta=(.*) -->\n```http\n((?:(?:[^`\n].*)?\n)*)```\n(?:[^`].*)?\n*```log\n((?:[^`\n].*\n)*)```")
	joinedLines   = regexp.MustCompile(`\\\n`)
	streamEscapes = strings.NewReplacer("\n", "\r\n", `\r`, "\r", `\n`, "\n", `\t`, "\t")
)

// llhttpCases reads the strict cases. Those of lenient modes, and of a parser
// that is paused, ask for what is not here.
func llhttpCases(t *testing.T, folder string) (cases []llhttpCase) {
	files, err := filepath.Glob(filepath.Join(folder, "*.md"))
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		title := ""
		for _, m := range llhttpBlock.FindAllStringSubmatch(string(text), -1) {
			if m[1] != "" {
				title = m[1]
				continue
			}
			var meta struct {
				Type, Pause string
				SkipBody    bool
			}
			require.NoError(t, json.Unmarshal([]byte(m[2]), &meta), title)
			if strings.Contains(meta.Type, "lenient") || meta.Pause != "" {
				continue
			}
			c := llhttpCase{id: filepath.Base(file) + ": " + title, method: http.MethodGet, accepted: !strings.Contains(m[4], " error code="),
				unfinished: !strings.HasSuffix(strings.TrimSpace(m[4]), "message complete"),
				stream:     streamEscapes.Replace(joinedLines.ReplaceAllString(strings.TrimSuffix(m[3], "\n"), ""))}
			if meta.SkipBody {
				c.method = http.MethodHead
			}
			cases = append(cases, c)
		}
	}
	return cases
}

// llhttpMisses are the cases whose verdict is another one here, and why. Where
// net/http takes what llhttp does not, nothing of it is misread: the body is
// the one that its length says.
var llhttpMisses = map[string]string{
	"connection.md: HTTP 100 first, then 400":                                                    "an empty line before an answer is none of it",
	"connection.md: HTTP/1.1 with keep-alive disabled and 204 status":                            "what follows the end is dropped with the connection",
	"connection.md: HTTP/1.1 with keep-alive disabled, content-length":                           "what follows the end is dropped with the connection",
	"invalid.md: Bare CR after response line":                                                    "a CR is taken for a part of the reason phrase, which nothing reads",
	"invalid.md: Bare CR followed by CR after response line":                                     "a CR is taken for a part of the reason phrase, which nothing reads",
	"invalid.md: Extra space between HTTP version and status code":                               "more spaces are one space",
	"invalid.md: Only LFs present and no body":                                                   "LF ends a line, as RFC 9112, section 2.2, allows",
	"invalid.md: Only LFs present":                                                               "LF ends a line, as RFC 9112, section 2.2, allows",
	"sample.md: RTSP response":                                                                   "RTSP is no HTTP",
	"sample.md: ICE response":                                                                    "ICE is no HTTP",
	"sample.md: No carriage ret":                                                                 "LF ends a line, as RFC 9112, section 2.2, allows",
	"sample.md: Spaces in header name":                                                           "such a field is left out of the header section",
	"sample.md: HTTP version 0.9":                                                                "HTTP/0.9 has no status line, so none says that it is that",
	"sample.md: Response starting with CRLF":                                                     "an empty line before an answer is none of it",
	"transfer-encoding.md: Trailing space on chunked body":                                       "space after a chunk's size is left out",
	"transfer-encoding.md: `chunked` before other transfer-encoding":                             "a coding after chunked is refused: where it ends is a guess",
	"transfer-encoding.md: multiple transfer-encoding where chunked is not the last one":         "a coding after chunked is refused: where it ends is a guess",
	"transfer-encoding.md: `chunkedchunked` transfer-encoding does not enable chunked enconding": "an unknown coding is refused: where it ends is a guess",
	"transfer-encoding.md: No extension after semicolon":                                         "extensions of chunks are left out unread",
}

func conformLLHTTP(t *testing.T) {
	cases := llhttpCases(t, corpus.Folder(t, "llhttp-responses", ""))
	e, s := answeringOnce(t)
	passed, failing := 0, []string(nil)
	for _, c := range cases {
		_, err := verdictOn(t, e, s, c.method, c.stream)
		reason, listed := llhttpMisses[c.id]
		if c.agrees(err) {
			passed++
			assert.False(t, listed, "%s passes and is listed as a miss: %s", c.id, reason)
			continue
		}
		failing = append(failing, c.id+": "+reason)
		assert.True(t, listed, "%s: accepted %t, want %t: %v", c.id, err == nil, c.accepted, err)
	}
	corpus.Report(t, "llhttp-responses", passed, len(cases), failing)
	assert.Len(t, cases, 66)
	assert.GreaterOrEqual(t, passed, 44)
}

func conformWPT(t *testing.T) {
	folder := corpus.Folder(t, "wpt", "")
	t.Run("FLT-31", func(t *testing.T) { conformGrid(t, folder) })
	t.Run("FLT-24", func(t *testing.T) { conformLengths(t, folder) })
}

// conformGrid compares with what net/http was recorded to make of answers with
// one octet too much.
func conformGrid(t *testing.T, folder string) {
	var cases []struct{ Symbol, Pos, Raw, Go string }
	readJSON(t, filepath.Join(folder, "h1-parsing-grid-with-go-result.json"), &cases)
	e, s := answeringOnce(t)
	passed, failing := 0, []string(nil)
	for _, c := range cases {
		resp, err := verdictOn(t, e, s, http.MethodGet, c.Raw)
		want, _, _ := strings.Cut(c.Go, ":")
		got := "reject"
		if err == nil {
			want, got = c.Go, fmt.Sprintf("accept status=%d XFO=%q body=%q", resp.StatusCode, resp.Header("X-Frame-Options"), resp.Bytes())
		}
		if got == want {
			passed++
			continue
		}
		failing = append(failing, fmt.Sprintf("%s %s: %s", c.Symbol, c.Pos, got))
	}
	corpus.Report(t, "wpt-h1-parsing", passed, len(cases), failing)
	assert.Len(t, cases, 102)
	assert.Equal(t, len(cases), passed)
}

// conformLengths gives answers with every form of Content-Length. A verdict is
// the length that was read, none where there was none to be read, or a refusal.
func conformLengths(t *testing.T, folder string) {
	var cases []struct {
		Input  string
		Output *int
	}
	readJSON(t, filepath.Join(folder, "content-lengths.json"), &cases)
	e, s := answeringOnce(t)
	body := strings.Repeat("x", 42)
	passed, failing := 0, []string(nil)
	for _, c := range cases {
		resp, err := verdictOn(t, e, s, http.MethodGet, "HTTP/1.1 200 OK\r\n"+c.Input+"\r\n\r\n"+body)
		if err == nil && c.Output != nil && len(resp.Bytes()) == *c.Output || err != nil && c.Output == nil {
			passed++
			continue
		}
		failing = append(failing, fmt.Sprintf("%q: %v", c.Input, err))
		assert.Error(t, err, "%q: what is not read as browsers do is refused, never guessed at", c.Input)
	}
	corpus.Report(t, "wpt-content-lengths", passed, len(cases), failing)
	assert.GreaterOrEqual(t, passed, 17)
}

func readJSON(t *testing.T, file string, into any) {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}
