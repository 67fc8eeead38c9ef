package cookiejar

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// browser is a jar with a clock that a test moves.
type browser struct {
	*Jar
	t   testing.TB
	now time.Time
}

func newBrowser(t testing.TB, o Options) *browser {
	b := &browser{t: t, now: time.Date(2026, time.March, 1, 8, 0, 0, 0, time.UTC)}
	o.Now = func() time.Time { return b.now }
	b.Jar = New(o)
	return b
}

func (b *browser) set(address string, lines ...string) []Refusal {
	b.t.Helper()
	return b.Store(mustURL(b.t, address), "", lines)
}

func (b *browser) get(address string) string {
	b.t.Helper()
	header, _ := b.Header(mustURL(b.t, address), "")
	return header
}

// refused is the reason why a line is not taken at address by an empty jar, ""
// where it is.
func refused(t testing.TB, address, line string) Reason {
	t.Helper()
	b := newBrowser(t, Options{})
	if refusals := b.set(address, line); len(refusals) > 0 {
		require.Empty(t, b.Entries())
		return refusals[0].Reason
	}
	return ""
}

func mustURL(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	require.NoError(t, err)
	return u
}

func TestHeaderSendsLongestPathThenOldest(t *testing.T) {
	b := newBrowser(t, Options{})
	b.set("https://a.test/p/q/x", "young=1; Path=/", "deep=1", "mid=1; Path=/p")
	b.now = b.now.Add(-time.Hour)
	b.set("https://a.test/", "old=1", "older=1")
	assert.Equal(t, "deep=1; mid=1; old=1; older=1; young=1", b.get("https://a.test/p/q/"))
}

func TestReplacedCookieKeepsItsPlace(t *testing.T) {
	b := newBrowser(t, Options{})
	b.set("https://a.test/", "a=1", "b=2")
	b.now = b.now.Add(time.Minute)
	b.set("https://a.test/", "a=3")
	assert.Equal(t, "a=3; b=2", b.get("https://a.test/"))
	b.set("https://a.test/", "a=; Max-Age=0")
	b.set("https://a.test/", "a=4")
	assert.Equal(t, "b=2; a=4", b.get("https://a.test/"), "a deleted cookie starts anew")
}

func TestHostOnlyAndDomainCookiesOfOneNameAreTwo(t *testing.T) {
	b := newBrowser(t, Options{})
	b.set("https://a.test/", "n=host", "n=domain; Domain=a.test")
	assert.Equal(t, "n=host; n=domain", b.get("https://a.test/"))
	assert.Equal(t, "n=domain", b.get("https://w.a.test/"))
}

func TestCookiesExpire(t *testing.T) {
	b := newBrowser(t, Options{})
	b.set("https://a.test/", "session=1", "short=1; Max-Age=10", "long=1; Max-Age=20")
	assert.Equal(t, "session=1; short=1; long=1", b.get("https://a.test/"))
	b.now = b.now.Add(10 * time.Second)
	assert.Equal(t, "session=1; long=1", b.get("https://a.test/"))
	b.now = b.now.Add(10 * time.Second)
	assert.Equal(t, "session=1", b.get("https://a.test/"))
	assert.Len(t, b.Entries(), 1)
}

func TestExpiryIsAtMost400DaysAhead(t *testing.T) {
	b := newBrowser(t, Options{})
	b.set("https://a.test/", "a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT", "b=1; Max-Age=99999999999")
	for _, e := range b.Entries() {
		assert.Equal(t, b.now.Add(400*24*time.Hour), e.Expires, e.Name)
	}
	b.now = b.now.Add(400 * 24 * time.Hour)
	assert.Empty(t, b.get("https://a.test/"))
}

func TestOtherURLsHaveNoCookies(t *testing.T) {
	b := newBrowser(t, Options{})
	for _, u := range []*url.URL{
		nil, {}, {Scheme: "ftp", Host: "a.test"}, {Scheme: "http"}, {Scheme: "http", Host: ".a.test"},
		{Scheme: "http", Host: "a..test"}, {Scheme: "http", Host: strings.Repeat("a.", 200) + "test"},
	} {
		b.Store(u, "", []string{"a=1"})
		header, foreign := b.HeaderWith(u, "", "own=1")
		assert.Equal(t, "own=1", header)
		assert.Empty(t, foreign)
	}
	assert.Empty(t, b.Entries())
}

func TestHeaderWithKeepsTheCallersCookies(t *testing.T) {
	b := newBrowser(t, Options{})
	b.Store(mustURL(t, "https://a.test/"), "alice", []string{"a=jar", "b=jar", "A=jar"})
	header, foreign := b.HeaderWith(mustURL(t, "https://a.test/"), "bob", "m=2; a=own")
	assert.Equal(t, "m=2; a=own; b=jar; A=jar", header)
	assert.Equal(t, []string{"b", "A"}, foreign, "a is the caller's, so nobody's session crosses")

	header, _ = b.HeaderWith(mustURL(t, "https://b.test/"), "bob", "m=2")
	assert.Equal(t, "m=2", header)
}

func TestHeaderLimitCountsTheWholeLine(t *testing.T) {
	const address = "https://a.test/"
	b := newBrowser(t, Options{Limits: Limits{Header: len("Cookie: a=1; bb=22")}})
	b.set(address, "a=1", "big=12345", "bb=22", "c=3")
	assert.Equal(t, "a=1; bb=22", b.get(address), "what is too large makes room for what fits")
	header, _ := b.HeaderWith(mustURL(t, address), "", "own=4")
	assert.Equal(t, "own=4; a=1", header)
	header, _ = b.HeaderWith(mustURL(t, address), "", strings.Repeat("x", 50))
	assert.Equal(t, strings.Repeat("x", 50), header, "the caller's own is not cut")
}

func TestLimitsDefaultOneByOne(t *testing.T) {
	want := defaultLimits
	want.PerJar = 7
	assert.Equal(t, want, Limits{PerJar: 7, Header: -1}.orDefault())
	assert.Equal(t, defaultLimits, Limits{}.orDefault())
}

func TestHeaderOf20CookiesAllocatesLittle(t *testing.T) {
	b := newBrowser(t, Options{})
	for i := range 20 {
		b.set("https://www.a.test/", fmt.Sprintf("name%d=value%d; Domain=a.test", i, i))
	}
	u := mustURL(t, "https://www.a.test/some/path")
	var header string
	allocations := testing.AllocsPerRun(100, func() { header, _ = b.Header(u, "") })
	assert.Equal(t, 19, strings.Count(header, "; "))
	assert.LessOrEqual(t, allocations, 3.0)
	t.Logf("%v allocations", allocations)
}
