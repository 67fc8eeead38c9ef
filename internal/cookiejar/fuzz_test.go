package cookiejar

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// FuzzSetCookie says of any two lines: what the jar takes it sends in a header
// that holds nothing but those pairs, and saves and restores unchanged.
func FuzzSetCookie(f *testing.F) {
	for _, line := range []string{
		"a=1", `a="b;c"; Path=/; Domain=.a.test`, "__Host-a=1; Secure; Path=/", "=x", "a", "\xff=\x00; max-age=-1",
		"a=1; Expires=Thu, 1 Jan 2099 00:00:00 GMT; SameSite=None; HttpOnly", "a=1; Domain=test;;;=;", "a \t=\t b,c ; pAtH = /x ",
	} {
		f.Add(line, "b=2; Domain=a.test", true)
		f.Add("a=0; Secure", line, false)
	}
	u := mustURL(f, "https://www.a.test/p/q")
	plain := mustURL(f, "http://www.a.test/p/q")
	now := time.Date(2026, time.March, 1, 8, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, first, second string, secure bool) {
		jar := New(Options{Now: func() time.Time { return now }})
		jar.Store(u, "", []string{first})
		if secure {
			jar.Store(u, "", []string{second})
		} else {
			jar.Store(plain, "", []string{second})
		}
		header, _ := jar.Header(u, "")
		if len(header) > 8182 || strings.ContainsAny(header, "\r\n\x00") || strings.Contains(header, "; ;") {
			t.Fatalf("header %q", header)
		}
		pairs := 0
		for pair := range strings.SplitSeq(header, "; ") {
			if pair != "" && !strings.Contains(first, pair[strings.Index(pair, "=")+1:]) && !strings.Contains(second, pair[strings.Index(pair, "=")+1:]) {
				t.Fatalf("%q was not set by %q or %q", pair, first, second)
			}
			pairs++
		}
		if pairs > 2 {
			t.Fatalf("two lines became %d cookies: %q", pairs, header)
		}
		data, err := json.Marshal(jar.Entries())
		if err != nil {
			t.Fatal(err)
		}
		var entries []Entry
		if err := json.Unmarshal(data, &entries); err != nil {
			t.Fatal(err)
		}
		again := New(Options{Now: jar.options.Now})
		if err := again.Restore(entries); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		if restored, _ := again.Header(u, ""); restored != header {
			t.Fatalf("saved %q, restored %q", header, restored)
		}
	})
}

// FuzzDate says of any text that a date which is read can be written and read
// again, and lies in the years that RFC 6265bis knows.
func FuzzDate(f *testing.F) {
	for _, text := range append(badDates, "Fri, 04 Jul 2031 05:06:07 GMT", "4-Jul-31 5:6:7", "5:6:7 1999 jan 1") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		date, ok := parseDate(text)
		if !ok {
			return
		}
		if date.Year() < 1601 || date.Year() > 9999 {
			t.Fatalf("%q: year %d", text, date.Year())
		}
		if again, ok := parseDate(date.Format(time.RFC1123)); !ok || !again.Equal(date) {
			t.Fatalf("%q: %v and then %v", text, date, again)
		}
	})
}
