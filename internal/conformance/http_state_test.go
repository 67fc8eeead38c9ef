package conformance_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/cookiejar/httpstate"
	"github.com/mtlshttp/mtlshttp/internal/corpus"
	"github.com/mtlshttp/mtlshttp/internal/testpeer"
)

func init() {
	conformance["http-state"] = func(t *testing.T) { t.Run("CK-01", conformHTTPState) }
}

// conformHTTPState sends each case of the suite as its server would: a response
// that sets the cookies to the byte and redirects, and what is sent then.
func conformHTTPState(t *testing.T) {
	cases := httpstate.Cases(t, corpus.Folder(t, "http-state", ""))
	misses := httpstate.Misses(t)
	server := testpeer.ServeBytes(t)
	for _, c := range cases {
		var b strings.Builder
		b.WriteString("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n")
		for _, line := range c.Lines {
			b.WriteString("Set-Cookie: " + line + "\r\n")
		}
		b.WriteString("Location: " + c.Location + "\r\n\r\n")
		server.Say(httpstate.SetPath+"?"+c.ID, b.String())
	}
	clock := func() time.Time { return httpstate.Now }
	e := newExecutor(t)
	e.Dial, e.Clock = server.Dial, clock
	passed, failing := 0, []string(nil)
	for _, c := range cases {
		session := &mtlshttp.Session{Executor: e, Jar: &mtlshttp.Jar{Clock: clock}}
		got := ""
		resp, err := session.Do(t.Context(), &mtlshttp.Request{URL: c.SetURL(), ShareCookies: true})
		if err == nil {
			require.Len(t, resp.Hops, 2, c.ID)
			got = server.Cookie()
		}
		reason, listed := misses[c.ID]
		delete(misses, c.ID)
		if err == nil && got == c.Want {
			passed++
			assert.False(t, listed, "%s passes and is listed as a miss: %s", c.ID, reason)
			continue
		}
		failing = append(failing, c.ID+": "+reason)
		assert.True(t, listed, "%s: want %q, got %q, %v", c.ID, c.Want, got, err)
	}
	corpus.Report(t, "http-state", passed, len(cases), failing)
	assert.Len(t, cases, 222)
	assert.GreaterOrEqual(t, passed, 210)
	assert.Empty(t, misses, "listed misses that the suite does not have")
}
