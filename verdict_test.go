package mtlshttp_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/golden"
	"github.com/mtlshttp/mtlshttp/internal/testclient"
)

// TestRetriesDocument keeps docs/retries.md to the tables that the code goes by.
func TestRetriesDocument(t *testing.T) {
	var b strings.Builder
	b.WriteString("# What is tried again\n\n" +
		"`Error.Retryable` says that trying again may help and does no harm. `RetryPolicy` goes by it. A request is\n" +
		"**repeatable** if its method is GET, HEAD, PUT, DELETE, OPTIONS or TRACE (RFC 9110, section 9.2.2), or if it has an\n" +
		"`Idempotency-Key` header.\n\n" +
		"- `any request`: nothing of the request has been sent.\n" +
		"- `if repeatable`: the request is repeatable, or nothing of it has been sent.\n" +
		"- `never`: trying again does not help, or is not wanted.\n\n" +
		"A way through redirects is gone again from its beginning. So once a request that is not repeatable was answered by a\n" +
		"redirect, nothing on the way is retryable, and a status is tried again only if every request on the way is repeatable.\n\n" +
		"Without any policy, `Do` and `Open` do once what a server asks for that has done nothing of the request, if the body can\n" +
		"be sent again and every request before was repeatable: a 421 is tried on a connection of its own (RFC 9110, section\n" +
		"15.5.20), an HTTP/2 stream that is reset with HTTP_1_1_REQUIRED over HTTP/1.1. The bundle lists it among its attempts.\n\n" +
		"`go test -run TestRetriesDocument -update` writes this file from the tables in `verdict.go`.\n\n" +
		"## Faults\n\n| kind | reason | tried again | why |\n|---|---|---|---|\n")
	for _, v := range mtlshttp.VerdictRows() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", v.Kind, v.Reason, v.Again, v.Why)
	}
	b.WriteString("\nAn empty reason stands for every reason that has no row.\n\n## Statuses\n\n" +
		"If repeatable; as the server's answer, or as a proxy's to CONNECT, which any request survives. All others are never\n" +
		"tried again, unless `RetryPolicy.Statuses` lists them.\n\n| status | why |\n|---|---|\n")
	statuses := mtlshttp.PassingStatuses()
	for _, status := range slices.Sorted(maps.Keys(statuses)) {
		fmt.Fprintf(&b, "| %d | %s |\n", status, statuses[status])
	}
	golden.Compare(t, "docs/retries.md", b.String())
}

// Each kind has its rows, with a reason that occurs and an argument; and the
// code decides by them in every situation.
func TestVerdictsAreThoseOfTheTable(t *testing.T) {
	rows := mtlshttp.VerdictRows()
	for _, kind := range testclient.DeclaredKinds(t, "errors.go") {
		assert.True(t, slices.ContainsFunc(rows, func(r mtlshttp.VerdictRow) bool { return r.Kind == kind && r.Reason == "" }), kind)
	}
	source := ownSource(t)
	for _, r := range rows {
		name := r.Kind + " " + r.Reason
		assert.NotEmpty(t, r.Why, name)
		assert.True(t, r.Reason == "" || strings.Contains(source, strconv.Quote(r.Reason)), "%s is no reason", name)
		for i := range 8 {
			earlier, unsent, repeatable := i&1 != 0, i&2 != 0, i&4 != 0
			want := false
			switch r.Again {
			case "any request":
				want = earlier
			case "if repeatable":
				want = earlier && (unsent || repeatable)
			default:
				assert.Equal(t, "never", r.Again)
			}
			assert.Equal(t, want, mtlshttp.MayRepeat(r.Kind, r.Reason, earlier, unsent, repeatable), "%s %03b", name, i)
		}
	}
	assert.False(t, mtlshttp.MayRepeat("no such kind", "", true, true, true))
	assert.True(t, mtlshttp.MayRepeat("dns", "lookup", true, true, false), "a reason without a row")
}

// ownSource is the text of the package without its tests and its table.
func ownSource(t *testing.T) string {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var all strings.Builder
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "verdict.go" {
			continue
		}
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		all.Write(text)
	}
	return all.String()
}
