package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// roleVariable makes the test binary another program: the bank that the
// scenario talks to, or run itself.
const roleVariable = "MTLSHTTP_RUN_TEST_ROLE"

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "bank":
		if err := serveBank(os.Args[1], os.Stdin, os.Stdout); err != nil {
			panic(err)
		}
	case "run":
		main()
	default:
		os.Exit(m.Run())
	}
}

// program is the test binary in another role.
func program(t *testing.T, role string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	return cmd
}

// startBank starts the bank in a process of its own, which writes credentials
// into dir and ends with the test.
func startBank(t *testing.T, dir string) addresses {
	t.Helper()
	cmd := program(t, "bank", dir)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var diagnostics bytes.Buffer
	cmd.Stderr = &diagnostics
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, stdin.Close())
		require.NoError(t, cmd.Wait(), "%s", &diagnostics)
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	require.NoError(t, err)
	var a addresses
	require.NoError(t, json.Unmarshal(line, &a))
	return a
}

// runProgram runs run in a process of its own.
func runProgram(t *testing.T, in io.Reader, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := program(t, "run", args...)
	var out, diagnostics bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &out, &diagnostics
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
	}
	return out.String(), diagnostics.String(), cmd.ProcessState.ExitCode()
}

// The whole of a day at the bank. What of it differs from run to run, and from
// machine to machine, is put into words before it is compared.
func TestScenario(t *testing.T) {
	dir := t.TempDir()
	bank := startBank(t, dir)
	document, err := os.ReadFile("testdata/scenario.json")
	require.NoError(t, err)
	name := filepath.Join(dir, "scenario.json")
	require.NoError(t, os.WriteFile(name, []byte(bank.expand(string(document))), 0o600))
	statement, err := os.ReadFile("testdata/report.csv")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "report.csv"), statement, 0o600))

	t.Setenv("BANK_PASSWORD", p12Password)
	stdout, stderr, status := runProgram(t, nil, name)
	require.Zero(t, status, stderr)
	assert.Empty(t, stderr)

	var answers []map[string]map[string]any
	require.NoError(t, json.Unmarshal([]byte(stdout), &answers))
	last := answers[len(answers)-1]["error"]
	assert.Equal(t, "ConnectionError", last["type"])
	assert.Equal(t, 120.0, last["retryAfter"])
	for _, secret := range []string{p12Password, session, "hunter2"} {
		assert.NotContains(t, strings.ReplaceAll(stdout, cookieLine, ""), secret)
	}
	golden(t, "testdata/scenario.golden.json", steady(t, bank, stdout))
}

func TestDryRunSendsNothing(t *testing.T) {
	document, err := os.ReadFile("testdata/scenario.json")
	require.NoError(t, err)
	stdout, stderr, status := runProgram(t, bytes.NewReader(document), "-dry-run", "-")
	require.Zero(t, status, stderr)
	golden(t, "testdata/dry-run.golden.json", stdout)
}

func TestStatusAndStreams(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "not.json")
	require.NoError(t, os.WriteFile(file, []byte("url: https://a.test"), 0o600))
	for name, c := range map[string]struct {
		args   []string
		in     string
		status int
		stderr string
	}{
		"help":              {[]string{"-h"}, "", 0, "usage: run"},
		"nothing":           {nil, "", 2, "usage: run"},
		"two":               {[]string{"a", "b"}, "", 2, "one document"},
		"no such flag":      {[]string{"-x", "-"}, "", 2, "-x"},
		"no such file":      {[]string{filepath.Join(dir, "none")}, "", 2, "none"},
		"no such egress":    {[]string{"-egress", "some", "-"}, "", 2, "some"},
		"no JSON":           {[]string{file}, "", 2, "JSON"},
		"an array":          {[]string{"-"}, `[]`, 2, "object"},
		"neither of three":  {[]string{"-"}, `{"name": "x"}`, 2, "neither"},
		"unknown key":       {[]string{"-"}, `{"requests": [], "key chain": {}}`, 2, "key chain"},
		"keychain":          {[]string{"-"}, `{"requests": [], "keychain": {"a": {"fil": "x"}}}`, 2, "keychain.a"},
		"no array":          {[]string{"-"}, `{"requests": {}}`, 2, "requests"},
		"requests twice":    {[]string{"-"}, `{"requests": [], "requests": []}`, 2, "requests twice"},
		"a secret twice":    {[]string{"-"}, `{"requests": [], "secrets": {"a": {"env": "A"}, "a": {"env": "B"}}}`, 2, "secrets.a"},
		"a secret's key":    {[]string{"-"}, `{"requests": [], "secrets": {"a": {"ENV": "A"}}}`, 2, "secrets.a"},
		"a credential":      {[]string{"-"}, `{"requests": [], "keychain": {"a": {"file": "x"}, "a": {"file": "y"}}}`, 2, "keychain.a"},
		"no requests":       {[]string{"-"}, `{"requests": null}`, 2, "neither"},
		"null":              {[]string{"-"}, `null`, 2, "object"},
		"no flow":           {[]string{"-"}, `{"flow": null}`, 2, "neither"},
		"a flow of another": {[]string{"-"}, `{"flow": {"0": {"module": "http:ActionSendData"}}}`, 2, "array"},
		"no blueprint":      {[]string{"-"}, `{"response": {"code": "OK"}}`, 2, "flow"},
		"a byte order mark": {[]string{"-"}, "\ufeff" + `{"requests": []}`, 0, ""},
		"an empty scenario": {[]string{"-"}, `{"requests": []}`, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, status := runProgram(t, strings.NewReader(c.in), c.args...)
			assert.Equal(t, c.status, status, stderr)
			assert.Contains(t, stderr, c.stderr)
			if status != 0 || c.in == "" {
				assert.Empty(t, stdout)
			} else {
				assert.Equal(t, "[]\n", stdout)
			}
		})
	}
}

// What the library reads as an export is one here, a multipart form with the
// empty cells of its text rows in both versions.
func TestBlueprintsOfEveryForm(t *testing.T) {
	three := `{"id": 1, "module": "http:ActionSendData", "version": 3, "parameters": {}, "mapper": {"url": "https://a.test", "method": "post",
		"bodyType": "multipart_form_data", "formDataFields": [{"fieldType": "text", "key": "a", "value": "b", "data": "", "fileName": ""}]}}`
	four := `{"id": 1, "module": "http:MakeRequest", "version": 4, "parameters": {}, "mapper": {"url": "https://a.test", "method": "post",
		"contentType": "multipart", "multipartBodyContent": [{"multipartFieldType": "text", "name": "a", "value": "b", "data": "", "fileName": ""}]}}`
	for _, module := range []string{three, four} {
		for _, form := range []string{`{"flow": [%s]}`, `{"subflows": [{"flow": [%s]}]}`, `{"blueprint": {"flow": [%s]}}`, `{"code": "OK", "response": {"blueprint": {"flow": [%s]}}}`, `%s`} {
			stdout, stderr, status := runProgram(t, strings.NewReader(fmt.Sprintf(form, module)), "-dry-run", "-")
			require.Zero(t, status, "%s: %s", form, stderr)
			var answers []struct {
				Request struct{ FormDataFields []map[string]string }
			}
			require.NoError(t, json.Unmarshal([]byte(stdout), &answers))
			require.Len(t, answers, 1, form)
			assert.Equal(t, []map[string]string{{"fieldType": "text", "key": "a", "value": "b"}}, answers[0].Request.FormDataFields, stdout)
		}
	}
}

// A document that cannot be read may hold passwords.
func TestMistakesShowNoSecret(t *testing.T) {
	for _, document := range []string{
		`{"url": "https://a.test/", "authUser": "u", "authPass": "\ud800hunter2"}`,
		`{"requests": [{"url": "https://a.test/", "authPass": "\ud800hunter2"}]}`,
		`{"url": "https://a.test/", "authPass": "\uhunter2"}`, `{"url": "https://a.test/", "authPass": hunter2}`,
		`{"flow": [{"id": 1, "module": "http:ActionSendData", "version": 3, "mapper": {"authPass": "\udc00hunter2"}}]}`,
		`{"requests": [], "keychain": {"a": {"file": "x", "password": "\ud800hunter2"}}}`,
	} {
		stdout, stderr, _ := runProgram(t, strings.NewReader(document), "-dry-run", "-")
		assert.NotEmpty(t, stdout+stderr, document)
		assert.NotContains(t, stdout+stderr, "hu", document)
	}
}

// With -egress public, nothing of this machine is reached: not the bank, and
// not what a redirect would lead to.
func TestEgressPublic(t *testing.T) {
	reached := 0
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	defer srv.Close()
	document := `{"requests": [{"url": "` + srv.URL + `"}, {"url": "` + strings.Replace(srv.URL, "127.0.0.1", "localhost", 1) +
		`"}, {"url": "http://169.254.169.254/latest/"}]}`
	stdout, stderr, status := runProgram(t, strings.NewReader(document), "-egress", "public", "-")
	require.Zero(t, status, stderr)
	var answers []map[string]struct{ Kind, Reason, Type string }
	require.NoError(t, json.Unmarshal([]byte(stdout), &answers))
	require.Len(t, answers, 3)
	for _, a := range answers {
		assert.Equal(t, struct{ Kind, Reason, Type string }{"egress", "address", "ConnectionError"}, a["error"])
	}
	assert.Zero(t, reached)

	stdout, stderr, status = runProgram(t, strings.NewReader(`{"url": "`+srv.URL+`"}`), "-egress", "any", "-")
	require.Zero(t, status, stderr)
	assert.Contains(t, stdout, `"statusCode": 200`)
	assert.Equal(t, 1, reached)
}

// A request that cannot be sent is an answer, and no reason to stop.
func TestFaultsAreAnswers(t *testing.T) {
	stdout, stderr, status := runProgram(t, strings.NewReader(`{"requests": [
		{"url": "https://a.test", "timeout": 30000},
		{"url": "https://a.test", "timeOut": 30},
		{"url": "https://a.test", "credentials": "bank"},
		{"url": "https://a.test", "useMtls": true},
		{"url": "https://a.test", "bodyType": "multipart_form_data", "formDataFields": [{"fieldType": "file", "key": "f", "file": "none.txt"}]}
	]}`), "-")
	require.Zero(t, status, stderr)
	var answers []map[string]struct{ Kind, Field, Type, Message string }
	require.NoError(t, json.Unmarshal([]byte(stdout), &answers))
	var fields []string
	for _, a := range answers {
		e := a["error"]
		assert.Equal(t, "config", e.Kind)
		assert.Equal(t, "InvalidConfigurationError", e.Type)
		fields = append(fields, e.Field)
	}
	assert.Equal(t, []string{"timeout", "timeOut", "credentials", "useMtls", "formDataFields[0]"}, fields)
	assert.Contains(t, answers[0]["error"].Message, "seconds")
	assert.Contains(t, answers[1]["error"].Message, `"timeout"`)
}

// Requests that name a jar share cookies with those that name the same.
func TestNamedJars(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v := r.URL.Query().Get("set"); v != "" {
			http.SetCookie(w, &http.Cookie{Name: "who", Value: v, Path: "/"})
		}
		fmt.Fprint(w, r.Header.Get("Cookie"))
	}))
	defer srv.Close()
	stdout, stderr, status := runProgram(t, strings.NewReader(fmt.Sprintf(`{"requests": [
		{"url": "%[1]s/?set=alice", "shareCookies": true, "jar": "alice"},
		{"url": "%[1]s/?set=bob", "shareCookies": true, "jar": "bob"},
		{"url": "%[1]s/", "shareCookies": true, "jar": "alice"},
		{"url": "%[1]s/", "shareCookies": true, "jar": "bob"},
		{"url": "%[1]s/", "shareCookies": true}
	]}`, srv.URL)), "-")
	require.Zero(t, status, stderr)
	var answers []struct{ Response struct{ Data any } }
	require.NoError(t, json.Unmarshal([]byte(stdout), &answers))
	var sent []any
	for _, a := range answers {
		sent = append(sent, a.Response.Data)
	}
	assert.Equal(t, []any{nil, nil, "who=alice", "who=bob", nil}, sent)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(got), 0o644))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "go test -run %s -update writes %s anew", t.Name(), name)
}
