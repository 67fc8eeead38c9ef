package mtlshttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// archive is the part of an archive that the tests look at.
type archive struct {
	Log struct {
		Version string
		Entries []struct {
			Started string `json:"startedDateTime"`
			Time    float64
			Request struct {
				Method, URL string
				Headers     []mtlshttp.Header
				QueryString []mtlshttp.Header
				Cookies     []any
				PostData    *struct{ MimeType, Text string }
				HTTPVersion string
				BodySize    int
			}
			Response struct {
				Status     int
				StatusText string
				Headers    []mtlshttp.Header
				Cookies    []struct{ Name, Value string }
				Content    struct {
					Size                     int
					MimeType, Text, Encoding string
				}
				RedirectURL string
				Error       string `json:"_error"`
			}
			Timings   map[string]float64
			TLS       *mtlshttp.Receipt   `json:"_tls"`
			Diagnosis *mtlshttp.Diagnosis `json:"_diagnosis"`
			Comment   string
		}
	}
}

func archiveOf(t *testing.T, reveal bool, exchanges ...mtlshttp.Exchange) (a archive, text string) {
	t.Helper()
	document, err := mtlshttp.FormatHAR(reveal, exchanges...)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(document, &a))
	return a, string(document)
}

// dumpServer redirects once, answers with cookies, is busy once, and refuses.
func dumpServer(t *testing.T) *mtlstest.Server {
	mux := http.NewServeMux()
	busy := true
	mux.HandleFunc("/from", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/to?token=hunter2&page=2", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/to", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(5 * time.Millisecond) // longer than a request takes to be written: there is a wait
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "hunter2", Path: "/", Secure: true})
		w.Header().Set("X-Api-Key", "hunter2")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"password": "hunter2"}`))
	})
	mux.HandleFunc("/busy", func(w http.ResponseWriter, _ *http.Request) {
		if busy {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		busy = false
	})
	mux.HandleFunc("/bytes", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0xff, 0, 0xfe}) })
	return mtlstest.NewServer(t, mux)
}

func redirected(t *testing.T) mtlshttp.Exchange {
	srv := dumpServer(t)
	r := &mtlshttp.Request{URL: srv.URL + "/from?key=hunter2", Method: "post", Identity: srv.Credential, Roots: srv.CA.Roots(), Redirect: mtlshttp.Redirect{All: true},
		Headers: []mtlshttp.Header{{Name: "X-Token", Value: "hunter2"}, {Name: "X-Plain", Value: "yes"}}, Auth: &mtlshttp.BasicAuth{User: "u", Password: "hunter2"},
		Body: mtlshttp.Text("text/plain", "hunter2")}
	resp, err := mtlshttp.Do(t.Context(), r)
	require.NoError(t, err)
	return mtlshttp.Exchange{Request: r, Response: resp}
}

func TestHARHasAnEntryForEachHopWithItsReceipt(t *testing.T) {
	a, _ := archiveOf(t, false, redirected(t))
	assert.Equal(t, "1.2", a.Log.Version)
	require.Len(t, a.Log.Entries, 2)
	first, last := a.Log.Entries[0], a.Log.Entries[1]
	assert.Equal(t, "POST", first.Request.Method)
	assert.Equal(t, 307, first.Response.Status)
	assert.Contains(t, first.Request.Headers, mtlshttp.Header{Name: "X-Plain", Value: "yes"})
	assert.Equal(t, last.Request.URL, first.Response.RedirectURL)
	assert.Equal(t, []mtlshttp.Header{{Name: "token", Value: "***"}, {Name: "page", Value: "***"}}, last.Request.QueryString)
	assert.Equal(t, 200, last.Response.Status)
	assert.Equal(t, "OK", last.Response.StatusText)
	assert.Equal(t, 23, last.Response.Content.Size)
	assert.Empty(t, last.Response.Content.Text)
	assert.Equal(t, "application/json", last.Response.Content.MimeType)
	require.Len(t, last.Response.Cookies, 1)
	assert.Equal(t, "sid", last.Response.Cookies[0].Name)
	for _, e := range a.Log.Entries {
		require.NotNil(t, e.TLS)
		assert.NotNil(t, e.TLS.ClientCertificate.Presented)
		assert.Empty(t, e.Response.Error)
		_, err := time.Parse(time.RFC3339, e.Started)
		assert.NoError(t, err)
		sum := 0.0
		for name, part := range e.Timings {
			if name != "ssl" {
				sum += max(part, 0)
			}
		}
		assert.InDelta(t, e.Time, sum, 0.01, "the parts are the whole")
		assert.Positive(t, e.Time)
	}
	assert.Positive(t, first.Timings["ssl"])
	assert.GreaterOrEqual(t, first.Timings["connect"], first.Timings["ssl"])
}

func TestDumpsShowNoSecret(t *testing.T) {
	x := redirected(t)
	_, text := archiveOf(t, false, x)
	assert.NotContains(t, text, "hunter2")
	assert.NotContains(t, mtlshttp.FormatTimeline(x, 0), "hunter2")

	foreign := mtlshttp.Exchange{Request: x.Request, Err: errors.New("hunter2")}
	_, text = archiveOf(t, false, foreign)
	assert.NotContains(t, text+mtlshttp.FormatTimeline(foreign, 0), "hunter2")

	a, _ := archiveOf(t, true, x)
	first, last := a.Log.Entries[0], a.Log.Entries[1]
	assert.Contains(t, first.Request.URL, "key=hunter2")
	assert.Contains(t, first.Request.Headers, mtlshttp.Header{Name: "X-Token", Value: "hunter2"})
	require.NotNil(t, first.Request.PostData)
	assert.Equal(t, "hunter2", first.Request.PostData.Text)
	assert.Equal(t, `{"password": "hunter2"}`, last.Response.Content.Text)
	assert.Equal(t, "hunter2", last.Response.Cookies[0].Value)
	assert.NotContains(t, first.Request.URL, "u:", "user information is nowhere")
}

func TestHAROfAttemptsErrorsAndBytes(t *testing.T) {
	srv := dumpServer(t)
	e := &mtlshttp.Executor{Retry: &mtlshttp.RetryPolicy{Delay: time.Millisecond}}
	defer e.Close()
	tried, err := e.Do(t.Context(), &mtlshttp.Request{URL: srv.URL + "/busy", Identity: srv.Credential, Roots: srv.CA.Roots()})
	require.NoError(t, err)
	bytes, err := e.Do(t.Context(), &mtlshttp.Request{URL: srv.URL + "/bytes", Identity: srv.Credential, Roots: srv.CA.Roots()})
	require.NoError(t, err)
	anonymous := &mtlshttp.Request{URL: srv.URL + "/to", Roots: srv.CA.Roots()}
	_, refused := e.Do(t.Context(), anonymous)
	require.Error(t, refused)
	_, invalid := e.Do(t.Context(), &mtlshttp.Request{URL: "nonsense"})
	require.Error(t, invalid)

	a, _ := archiveOf(t, true, mtlshttp.Exchange{Response: tried}, mtlshttp.Exchange{Response: bytes},
		mtlshttp.Exchange{Request: anonymous, Err: refused}, mtlshttp.Exchange{Err: invalid})
	require.Len(t, a.Log.Entries, 5)
	assert.Equal(t, 503, a.Log.Entries[0].Response.Status)
	assert.Equal(t, "attempt 1 of 2", a.Log.Entries[0].Comment)
	assert.Equal(t, 200, a.Log.Entries[1].Response.Status)
	assert.Equal(t, "base64", a.Log.Entries[2].Response.Content.Encoding)
	assert.Equal(t, "/wD+", a.Log.Entries[2].Response.Content.Text)
	assert.Zero(t, a.Log.Entries[3].Response.Status)
	assert.Contains(t, a.Log.Entries[3].Response.Error, "tls-client-cert")
	require.NotNil(t, a.Log.Entries[3].Diagnosis)
	assert.Equal(t, "client-cert-missing", a.Log.Entries[3].Diagnosis.Cause)
	assert.Equal(t, "about:invalid", a.Log.Entries[4].Request.URL)
	assert.Contains(t, a.Log.Entries[4].Response.Error, "url")

	_, err = mtlshttp.FormatHAR(false, mtlshttp.Exchange{})
	assert.ErrorIs(t, err, mtlshttp.KindConfig)
	empty, err := mtlshttp.FormatHAR(false)
	require.NoError(t, err)
	assert.Contains(t, string(empty), `"entries": []`)
}

func TestTimeline(t *testing.T) {
	x := redirected(t)
	text := mtlshttp.FormatTimeline(x, 60)
	for line := range strings.Lines(text) {
		if strings.Contains(line, "█") {
			assert.Equal(t, 60, len([]rune(strings.TrimRight(line, "\n"))), line)
		}
	}
	for _, want := range []string{"hop 1: POST https://", "307 Temporary Redirect", "hop 2: POST", "200 OK", "\n  tls ", "\n  wait ", "tls       TLS 1.3, TLS_", "client    CN=", "server    CN="} {
		assert.Contains(t, text, want)
	}

	srv := dumpServer(t)
	_, err := mtlshttp.Do(t.Context(), &mtlshttp.Request{URL: srv.URL + "/to", Roots: srv.CA.Roots()})
	text = mtlshttp.FormatTimeline(mtlshttp.Exchange{Err: err}, 0)
	for _, want := range []string{"no answer", "error     tls-client-cert", "cause     client-cert-missing", "advice"} {
		assert.Contains(t, text, want)
	}
	assert.NotEmpty(t, mtlshttp.FormatTimeline(mtlshttp.Exchange{}, 0))
	hostile := &mtlshttp.Response{StatusCode: 200, ContentType: "a\x1b[2J", Hops: []mtlshttp.Hop{{Method: "GET", URL: "https://a.test/\u202e"}}}
	assert.NotRegexp(t, "[\x1b\u202e]", mtlshttp.FormatTimeline(mtlshttp.Exchange{Response: hostile}, 0))
}

// readHAR is a program for Node.js: har-validator of the npm registry reads
// the archives that are named.
const readHAR = `
import { readFileSync } from "node:fs";
import { har } from "har-validator/lib/promise.js";
for (const name of process.argv.slice(2)) {
	const { log } = await har(JSON.parse(readFileSync(name))).catch((e) => { console.error(JSON.stringify(e.errors)); process.exit(1); });
	console.log(log.entries.length);
}`

// An archive of ours is accepted by a reader that is not.
func TestIntegrationHARIsReadByAnother(t *testing.T) {
	if os.Getenv("MTLSHTTP_INTEGRATION") == "" {
		t.Skip("integration: set MTLSHTTP_INTEGRATION=1")
	}
	srv := dumpServer(t)
	_, refused := mtlshttp.Do(t.Context(), &mtlshttp.Request{URL: srv.URL + "/to", Roots: srv.CA.Roots()})
	_, invalid := mtlshttp.Do(t.Context(), &mtlshttp.Request{URL: "nonsense"})
	form := &mtlshttp.Request{URL: srv.URL + "/to", Method: "POST", Identity: srv.Credential, Roots: srv.CA.Roots(),
		Body: mtlshttp.Multipart(mtlshttp.Part{Name: "a", Value: "b"}, mtlshttp.Part{Name: "f", FileName: "f.txt", Data: []byte("x")})}
	uploaded, err := mtlshttp.Do(t.Context(), form)
	require.NoError(t, err)

	folder := t.TempDir()
	write := func(name string, content []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), content, 0o600))
	}
	for name, reveal := range map[string]bool{"redacted.har": false, "revealed.har": true} {
		document, err := mtlshttp.FormatHAR(reveal, redirected(t), mtlshttp.Exchange{Request: form, Response: uploaded},
			mtlshttp.Exchange{Err: refused}, mtlshttp.Exchange{Err: invalid})
		require.NoError(t, err)
		write(name, document)
	}
	write("wrong.har", []byte(`{"log": {"version": "1.2", "entries": [{}]}}`))
	write("read.mjs", []byte(readHAR))
	run := func(name string, args ...string) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		command := exec.CommandContext(ctx, name, args...)
		command.Dir = folder
		out, err := command.CombinedOutput()
		return string(out), err
	}
	out, err := run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder, "har-validator@5.1.5")
	require.NoError(t, err, out)
	out, err = run("node", "read.mjs", "redacted.har", "revealed.har")
	require.NoError(t, err, out)
	assert.Equal(t, "5\n5\n", out)
	_, err = run("node", "read.mjs", "wrong.har")
	assert.Error(t, err, "it reads everything")
}

func ExampleFormatTimeline() {
	resp := &mtlshttp.Response{StatusCode: 200, ContentType: "application/json", FileSize: 120,
		Timings: mtlshttp.Timings{Total: 80 * time.Millisecond},
		Hops: []mtlshttp.Hop{{Method: "GET", URL: "https://api.example.com/accounts?token=***", StatusCode: 200, Timings: mtlshttp.Timings{
			Connect: 10 * time.Millisecond, Handshake: 20 * time.Millisecond, Wait: 40 * time.Millisecond, FirstByte: 70 * time.Millisecond,
			Transfer: 10 * time.Millisecond, Total: 80 * time.Millisecond}}}}
	for line := range strings.Lines(mtlshttp.FormatTimeline(mtlshttp.Exchange{Response: resp}, 66)) {
		fmt.Println(strings.TrimRight(line, " \n"))
	}
	// Output:
	// GET https://api.example.com/accounts?token=***: 200 OK, 120 bytes application/json, 80.0 ms
	// hop 1: GET https://api.example.com/accounts?token=***: 200 OK
	//   connect      10.0 ms  |█████                                   |
	//   tls          20.0 ms  |     ██████████                         |
	//   wait         40.0 ms  |               ████████████████████     |
	//   transfer     10.0 ms  |                                   █████|
	//                         0                                  80.0 ms
}

func ExampleFormatHAR() {
	resp := &mtlshttp.Response{StatusCode: 200, Hops: []mtlshttp.Hop{{Method: "GET", URL: "https://api.example.com/", StatusCode: 200}}}
	document, err := mtlshttp.FormatHAR(false, mtlshttp.Exchange{Response: resp})
	if err != nil {
		panic(err)
	}
	var archive struct {
		Log struct {
			Entries []struct{ Request struct{ URL string } }
		}
	}
	fmt.Println(json.Unmarshal(document, &archive), archive.Log.Entries[0].Request.URL)
	// Output: <nil> https://api.example.com/
}
