package cookiejar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEntriesComeBackThroughJSON(t *testing.T) {
	b := newBrowser(t, Options{})
	b.Store(mustURL(t, "https://www.a.test:8443/p/x"), "alice", []string{
		"a=\xff\"bytes\"", "\xfe=2; Path=/\xfd", "c=3; Domain=a.test; Secure; HttpOnly; SameSite=Lax; Max-Age=60"})
	b.now = b.now.Add(time.Second)
	b.get("https://www.a.test/p/")

	data, err := json.Marshal(b.Entries())
	require.NoError(t, err)
	var entries []Entry
	require.NoError(t, json.Unmarshal(data, &entries))
	assert.Equal(t, b.Entries(), entries)

	fresh := newBrowser(t, Options{Now: b.options.Now})
	fresh.now = b.now
	require.NoError(t, fresh.Restore(entries))
	assert.Equal(t, b.Entries(), fresh.Entries())
	for _, address := range []string{"https://www.a.test/p/x", "http://w.a.test/", "https://www.a.test/%FD"} {
		assert.Equal(t, b.get(address), fresh.get(address))
	}
}

func TestEntryOfACookie(t *testing.T) {
	b := newBrowser(t, Options{})
	set := b.now
	b.Store(mustURL(t, "https://www.a.test/"), "alice", []string{"a=1; Domain=.A.test; Path=/x; Secure; HttpOnly; SameSite=None; Max-Age=60"})
	b.now = b.now.Add(time.Second)
	assert.Equal(t, "a=1", b.get("https://www.a.test/x"))
	assert.Equal(t, []Entry{{
		Name: "a", Value: "1", Domain: "a.test", Path: "/x",
		Secure: true, HTTPOnly: true, SameSite: SameSiteNone,
		Expires: set.Add(time.Minute), Created: set, Updated: set, LastAccess: b.now,
		Identity: "alice", Origin: "https://www.a.test:443",
	}}, b.Entries())
}

func TestRestoreChecksEveryRuleAgain(t *testing.T) {
	good := func(change func(*Entry)) Entry {
		e := Entry{Name: "a", Value: "1", Domain: "www.a.test", HostOnly: true, Path: "/"}
		change(&e)
		return e
	}
	for name, c := range map[string]struct {
		entry Entry
		want  Reason
	}{
		"as it should be":      {good(func(e *Entry) {}), ""},
		"no name":              {good(func(e *Entry) { e.Name = "" }), Malformed},
		"name with =":          {good(func(e *Entry) { e.Name = "a=b" }), Malformed},
		"name with ;":          {good(func(e *Entry) { e.Name = "a;b" }), Malformed},
		"name with space":      {good(func(e *Entry) { e.Name = " a" }), Malformed},
		"value with ;":         {good(func(e *Entry) { e.Value = "1; Domain=a.test" }), Malformed},
		"value with space":     {good(func(e *Entry) { e.Value = "1 " }), Malformed},
		"value with CRLF":      {good(func(e *Entry) { e.Value = "1\r\nX: y" }), ControlByte},
		"too large":            {good(func(e *Entry) { e.Value = Octets(bytes.Repeat([]byte{'x'}, 4096)) }), TooLarge},
		"no path":              {good(func(e *Entry) { e.Path = "" }), Malformed},
		"relative path":        {good(func(e *Entry) { e.Path = "x" }), Malformed},
		"path with ;":          {good(func(e *Entry) { e.Path = "/x;y" }), Malformed},
		"path too long":        {good(func(e *Entry) { e.Path = Octets("/" + string(bytes.Repeat([]byte{'x'}, 1024))) }), Malformed},
		"no domain":            {good(func(e *Entry) { e.Domain = "" }), Malformed},
		"domain with two dots": {good(func(e *Entry) { e.Domain = "a..test" }), Malformed},
		"domain in upper case": {good(func(e *Entry) { e.Domain = "WWW.A.test" }), ""},
		"IPv6":                 {good(func(e *Entry) { e.Domain = "2001:db8::1" }), ""},
		"address":              {good(func(e *Entry) { e.Domain, e.HostOnly = "192.0.2.1", false }), ""},
		"public suffix":        {good(func(e *Entry) { e.Domain, e.HostOnly = "co.uk", false }), PublicSuffix},
		"public suffix rooted": {good(func(e *Entry) { e.Domain, e.HostOnly = "co.uk.", false }), PublicSuffix},
		"suffix of its origin": {good(func(e *Entry) { e.Domain, e.HostOnly, e.Origin = "github.io", false, "https://me.github.io" }), PublicSuffix},
		"suffix as a host":     {good(func(e *Entry) { e.Domain = "github.io" }), ""},
		"other origin":         {good(func(e *Entry) { e.Origin = "https://b.test:443" }), ForeignDomain},
		"parent of origin":     {good(func(e *Entry) { e.Domain, e.HostOnly, e.Origin = "a.test", false, "https://www.a.test" }), ""},
		"origin not a URL":     {good(func(e *Entry) { e.Origin = "://" }), Malformed},
		"origin of a file":     {good(func(e *Entry) { e.Origin = "file:///x" }), Malformed},
		"Secure over http":     {good(func(e *Entry) { e.Secure, e.Origin = true, "http://www.a.test" }), NotSecure},
		"prefix":               {good(func(e *Entry) { e.Name = "__Host-a" }), Prefix},
		"prefix with domain":   {good(func(e *Entry) { e.Name, e.Secure, e.HostOnly = "__HOST-a", true, false }), Prefix},
		"prefix kept":          {good(func(e *Entry) { e.Name, e.Secure = "__host-a", true }), ""},
	} {
		b := newBrowser(t, Options{})
		err := b.Restore([]Entry{{Name: "first", Value: "1", Domain: "a.test", Path: "/"}, c.entry})
		if c.want == "" {
			assert.NoError(t, err, name)
			assert.Len(t, b.Entries(), 2, name)
			continue
		}
		var refusal *RestoreError
		require.True(t, errors.As(err, &refusal), name)
		assert.Equal(t, []Refusal{{1, c.want}}, refusal.Refused, name)
		assert.Len(t, b.Entries(), 1, name)
	}
}

func TestRestoreNeedsAnOriginToIsolateIt(t *testing.T) {
	b := newBrowser(t, Options{IsolateOrigins: true})
	err := b.Restore([]Entry{
		{Name: "a", Value: "1", Domain: "a.test", HostOnly: true, Path: "/"},
		{Name: "b", Value: "1", Domain: "a.test", HostOnly: true, Path: "/", Origin: "https://a.test:8443"},
	})
	var refusal *RestoreError
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, []Refusal{{0, NoOrigin}}, refusal.Refused)
	assert.Equal(t, "b=1", b.get("https://a.test:8443/"))
	assert.Empty(t, b.get("https://a.test/"))
}

func TestRestoreFillsInMissingTimes(t *testing.T) {
	b := newBrowser(t, Options{})
	created := b.now.Add(-time.Hour)
	require.NoError(t, b.Restore([]Entry{
		{Name: "a", Value: "1", Domain: "a.test", HostOnly: true, Path: "/"},
		{Name: "b", Value: "1", Domain: "a.test", HostOnly: true, Path: "/", Created: created, Expires: b.now.AddDate(9, 0, 0)},
	}))
	entries := b.Entries()
	require.Len(t, entries, 2)
	assert.Equal(t, Octets("b"), entries[0].Name)
	assert.Empty(t, entries[0].Origin, "nobody knows it")
	assert.Equal(t, created, entries[0].Updated)
	assert.Equal(t, created, entries[0].LastAccess)
	assert.Equal(t, b.now.Add(longestLife), entries[0].Expires)
	assert.Equal(t, b.now, entries[1].Created)
}

func TestEntryShowsNoValue(t *testing.T) {
	e := Entry{Name: "sid", Value: "c4nary", Domain: "a.test", Path: "/"}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("cookie", "entry", e)
	for _, text := range []string{
		fmt.Sprintf("%v %+v %#v %s %d", e, e, e, e, e), fmt.Sprintf("%+v", []Entry{e}), fmt.Sprintf("%#v", &e), log.String(),
	} {
		assert.NotContains(t, text, "c4nary")
		assert.Contains(t, text, "a.test")
	}

	b := newBrowser(t, Options{})
	b.set("https://a.test/", "sid=c4nary")
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", b.Jar, b.Jar, b.Jar), "c4nary")
}
