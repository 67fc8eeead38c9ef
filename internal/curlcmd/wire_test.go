package curlcmd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func curlPath(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("curl")
	if err != nil {
		if os.Getenv("MTLSHTTP_INTEGRATION") != "" {
			t.Fatal("curl is not installed")
		}
		t.Skip("curl is not installed")
	}
	return path
}

func curlHelp(t *testing.T) string {
	t.Helper()
	out, err := exec.Command(curlPath(t), "--help", "all").Output()
	require.NoError(t, err)
	return string(out)
}

// TestRealCurl sends every command twice by the real curl: as it was written,
// and as Format writes its document. The requests are the same.
func TestRealCurl(t *testing.T) {
	curl := curlPath(t)
	bash, err := exec.LookPath("bash")
	if err != nil {
		if os.Getenv("MTLSHTTP_INTEGRATION") != "" {
			t.Fatal("bash is not installed")
		}
		t.Skip("bash is not installed")
	}
	folder := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	requests := make(chan string, 4)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { requests <- record(r) }))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")

	run := func(name string, args ...string) string {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir = folder
		cmd.Env = []string{"PATH=" + filepath.Dir(curl) + ":/bin:/usr/bin", "HOME=" + folder, "LANG=C.UTF-8"}
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%q: %s", args, out)
		require.Len(t, requests, 1)
		return <-requests
	}
	for _, c := range commands {
		if c.local {
			continue
		}
		line := onServer(c.line, address)
		want := ""
		if shellOf(line) == Cmd {
			words, _, err := Split(line, Cmd)
			require.NoError(t, err)
			want = run(curl, words[1:]...)
		} else {
			want = run(bash, "-c", line)
		}
		parsed, err := Parse(line, Options{ReadFile: func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(folder, name)) }})
		require.NoError(t, err, c.name)
		formatted, _, err := Format(parsed.Document, FormatOptions{Secrets: true})
		require.NoError(t, err, c.name)
		got := run(bash, "-c", formatted)
		assert.NotEmpty(t, want, c.name)
		assert.Equal(t, want, got, "%s: %s", c.name, formatted)
	}
}

var boundary = regexp.MustCompile(`-{10,}[0-9a-zA-Z]+`)

// record is a request as text, but for what differs from run to run or is the
// library's own: the agent, and the boundary of parts.
func record(r *http.Request) string {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err.Error()
	}
	var lines []string
	for name, values := range r.Header {
		switch name {
		case "User-Agent":
			if strings.HasPrefix(values[0], "curl/") {
				continue
			}
		case "Content-Length", "Expect", "Connection", "Te":
			continue
		}
		lines = append(lines, fmt.Sprintf("%s: %q", name, values))
	}
	slices.Sort(lines)
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s %s\n%s\n\n%s", r.Method, r.RequestURI, r.Host, strings.Join(lines, "\n"), body)
	return boundary.ReplaceAllString(b.String(), "BOUNDARY")
}
