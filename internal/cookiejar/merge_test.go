package cookiejar

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRestoreKeepsTheValueThatWasSetLast(t *testing.T) {
	b := newBrowser(t, Options{})
	b.set("https://a.test/", "n=old")
	old := b.Entries()
	b.now = b.now.Add(time.Minute)
	b.set("https://a.test/", "m=1", "n=new")
	recent := b.Entries()

	for name, order := range map[string][][]Entry{
		"old first": {old, recent}, "new first": {recent, old}, "twice": {recent, recent, old, old}, "at once": {append(recent, old...)},
	} {
		fresh := newBrowser(t, Options{})
		for _, entries := range order {
			require.NoError(t, fresh.Restore(entries))
		}
		assert.Equal(t, "n=new; m=1", fresh.get("https://a.test/"), name)
	}
}

func TestExpiredCookieOfTheJarDoesNotWin(t *testing.T) {
	b := newBrowser(t, Options{})
	b.set("https://a.test/", "n=saved")
	saved := b.Entries()
	b.now = b.now.Add(time.Second)
	b.set("https://a.test/", "n=short; Max-Age=5")
	b.now = b.now.Add(5 * time.Second)
	require.NoError(t, b.Restore(saved))
	assert.Equal(t, "n=saved", b.get("https://a.test/"))
}

func TestRestoreKeepsTheLaterAccess(t *testing.T) {
	b := newBrowser(t, Options{})
	b.set("https://a.test/", "n=1")
	saved := b.Entries()
	saved[0].LastAccess = b.now.Add(time.Hour)
	require.NoError(t, b.Restore(saved))
	assert.Equal(t, saved, b.Entries(), "the jar's own cookie, and the entry's access")
	saved[0].LastAccess = b.now.Add(-time.Hour)
	require.NoError(t, b.Restore(saved))
	assert.Equal(t, b.now.Add(time.Hour), b.Entries()[0].LastAccess)
}

func TestRestoreOfNewerCreationWinsWithoutUpdated(t *testing.T) {
	b := newBrowser(t, Options{})
	entry := func(value string, age time.Duration) Entry {
		return Entry{Name: "n", Value: Octets(value), Domain: "a.test", HostOnly: true, Path: "/", Created: b.now.Add(-age)}
	}
	require.NoError(t, b.Restore([]Entry{entry("older", time.Hour), entry("newer", time.Minute), entry("oldest", 2*time.Hour)}))
	assert.Equal(t, "n=newer", b.get("https://a.test/"))
	assert.Equal(t, b.now.Add(-2*time.Hour), b.Entries()[0].Created)
}

func TestRestoreLeavesTheJarsOwnOnATie(t *testing.T) {
	b := newBrowser(t, Options{})
	b.set("https://a.test/", "n=saved")
	saved := b.Entries()
	b.set("https://a.test/", "n=present")
	require.NoError(t, b.Restore(saved))
	assert.Equal(t, "n=present", b.get("https://a.test/"))
}

func TestRestoreOverHTTPDoesNotReplaceASecureCookie(t *testing.T) {
	plain, secure := newBrowser(t, Options{}), newBrowser(t, Options{})
	secure.set("https://a.test/", "n=secure; Secure")
	plain.now = plain.now.Add(time.Hour)
	plain.set("http://a.test/", "n=plain")
	used := newBrowser(t, Options{})
	require.NoError(t, used.Restore(secure.Entries()))
	used.now = plain.now.Add(time.Hour)
	used.get("https://a.test/")
	for _, order := range [][2]*browser{{plain, secure}, {secure, plain}, {plain, used}, {used, plain}} {
		b := newBrowser(t, Options{})
		b.now = plain.now
		require.NoError(t, b.Restore(order[0].Entries()))
		require.NoError(t, b.Restore(order[1].Entries()))
		assert.Equal(t, "n=secure", b.get("https://a.test/"))
	}
}

func TestRestoreOverHTTPSMayReplaceASecureCookie(t *testing.T) {
	secure, bare := newBrowser(t, Options{}), newBrowser(t, Options{})
	secure.set("http://localhost/", "n=secure; Secure")
	bare.now = bare.now.Add(time.Hour)
	bare.set("https://localhost/", "n=bare")
	for _, order := range [][2]*browser{{bare, secure}, {secure, bare}} {
		b := newBrowser(t, Options{})
		b.now = bare.now
		require.NoError(t, b.Restore(order[0].Entries()))
		require.NoError(t, b.Restore(order[1].Entries()))
		assert.Equal(t, "n=bare", b.get("https://localhost/"))
	}
}

func TestCookiesSetAfterRestoreAreYounger(t *testing.T) {
	b := newBrowser(t, Options{})
	b.set("https://a.test/", "a=1", "b=1", "c=1")
	require.NoError(t, b.Restore(b.Entries()))
	b.set("https://a.test/", "a=; Max-Age=0", "d=1")
	assert.Equal(t, "b=1; c=1; d=1", b.get("https://a.test/"))
}

func TestRestoreKeepsWithinTheLimits(t *testing.T) {
	b := newBrowser(t, Options{Limits: Limits{PerHost: 5, PerJar: 12}})
	b.set("https://h0.test/", "present=1")
	var entries []Entry
	for host := range 4 {
		for i := range 50 {
			entries = append(entries, Entry{
				Name: Octets(fmt.Sprint("n", i)), Value: "1", Domain: fmt.Sprintf("h%d.test", host), HostOnly: true, Path: "/",
				LastAccess: b.now.Add(time.Duration(i-100) * time.Minute),
			})
		}
	}
	require.NoError(t, b.Restore(entries))
	assert.Equal(t, 12, b.storage.recent.Len())
	assert.Equal(t, "present=1; n48=1; n49=1", b.get("https://h0.test/"), "the most recent ones, whoever had them")
	b.set("https://h0.test/", "more=1")
	assert.Contains(t, b.get("https://h0.test/"), "present=1")
}

func TestMergedJarsMayHaveBeenIsolated(t *testing.T) {
	isolated := newBrowser(t, Options{IsolateIdentities: true})
	u := mustURL(t, "https://a.test/")
	isolated.Store(u, "alice", []string{"n=alice"})
	isolated.now = isolated.now.Add(time.Second)
	isolated.Store(u, "bob", []string{"n=bob"})

	again := newBrowser(t, Options{IsolateIdentities: true})
	require.NoError(t, again.Restore(isolated.Entries()))
	for _, who := range []string{"alice", "bob"} {
		header, foreign := again.Header(u, who)
		assert.Equal(t, "n="+who, header)
		assert.Empty(t, foreign)
	}

	shared := newBrowser(t, Options{})
	require.NoError(t, shared.Restore(isolated.Entries()))
	header, foreign := shared.Header(u, "alice")
	assert.Equal(t, "n=bob", header)
	assert.Equal(t, []string{"n"}, foreign)
}
