package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// p12 writes a client's file whose certificate ends in so many days.
func p12(t *testing.T, days int) string {
	t.Helper()
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	id, err := ca.Issue(mtlstest.Client{Name: "alice", NotAfter: time.Now().AddDate(0, 0, days)})
	require.NoError(t, err)
	data, err := id.PKCS12("secret")
	require.NoError(t, err)
	name := filepath.Join(t.TempDir(), "a.p12")
	require.NoError(t, os.WriteFile(name, data, 0o600))
	return name
}

func TestWithin(t *testing.T) {
	file := p12(t, 20)
	for _, c := range []struct {
		args []string
		in   string
		due  bool
	}{
		{[]string{"-password", "secret", file}, "", false},
		{[]string{"-password", "secret", "-within", "10d", file}, "", false},
		{[]string{"-password", "secret", "-within", "30d", file}, "", true},
		{[]string{"-password", "secret", "-within", "600h", file}, "", true},
		{[]string{"-password", "wrong", "-within", "10d", file}, "", true},
		{[]string{"-password", "wrong", file}, "", false},
		{[]string{"-within", "30d", "-"}, `{"file": "` + file + `", "password": "secret"}`, true},
		{[]string{"-within", "10d", "-"}, `{"file": "` + file + `", "password": "secret"}`, false},
	} {
		var out, diagnostics bytes.Buffer
		err := run(t.Context(), c.args, strings.NewReader(c.in), &out, &diagnostics)
		assert.Equal(t, c.due, errors.Is(err, errDue), "%v: %v", c.args, err)
		if !c.due {
			assert.NoError(t, err)
		}
		assert.Equal(t, c.due, strings.Contains(diagnostics.String(), file+": "), "%v: %s", c.args, &diagnostics)
		var a answer
		require.NoError(t, json.Unmarshal(out.Bytes(), &a), "the answer is on standard output all the same")
		assert.Equal(t, file, a.File)
	}
	for _, bad := range []string{"soon", "-1d", "d", "99999999d"} {
		var out, diagnostics bytes.Buffer
		err := run(t.Context(), []string{"-within", bad, file}, nil, &out, &diagnostics)
		assert.Error(t, err)
		assert.NotErrorIs(t, err, errDue)
	}
}

// Lines are opened several at once and answered one after the other.
func TestLinesAreAnsweredInOrder(t *testing.T) {
	slow, small := p12(t, 20), filepath.Join(t.TempDir(), "none.pem")
	var in strings.Builder
	var want []string
	for i := range 40 {
		file := small
		if i%3 == 0 {
			file = slow
		}
		fmt.Fprintf(&in, "{\"file\": %q, \"password\": \"secret\"}\n\n", file)
		want = append(want, file)
	}
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-"}, strings.NewReader(in.String()), &out, io.Discard))
	var got []string
	for decoder := json.NewDecoder(&out); decoder.More(); {
		var a answer
		require.NoError(t, decoder.Decode(&a))
		assert.Equal(t, a.File == slow, a.Error == nil)
		got = append(got, a.File)
	}
	assert.Equal(t, want, got)

	out.Reset()
	err := run(t.Context(), []string{"-"}, strings.NewReader(in.String()+"{}"), &out, io.Discard)
	assert.ErrorContains(t, err, "line 81 ")
	assert.Equal(t, len(want), strings.Count(out.String(), "\n"), "what came before is answered")
}
