package cookiejar

import (
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Entry is a cookie as it is saved. In JSON it is complete, and as secret as
// the cookie; printed or logged it shows no value.
type Entry struct {
	Name  Octets `json:"name"`
	Value Octets `json:"value"`

	// Domain is in lower case and has no leading dot. HostOnly: the cookie
	// goes to this very host, else to all below it too.
	Domain   string `json:"domain"`
	HostOnly bool   `json:"hostOnly"`
	Path     Octets `json:"path"`

	Secure   bool     `json:"secure,omitzero"`
	HTTPOnly bool     `json:"httpOnly,omitzero"`
	SameSite SameSite `json:"sameSite,omitzero"`

	// Expires is zero for a session cookie, which lasts as long as the jar.
	Expires time.Time `json:"expires,omitzero"`
	// Created is when a cookie of this name, domain and path was first set;
	// it decides the order of sending.
	Created time.Time `json:"created,omitzero"`
	// Updated is when this value was set; Created where zero.
	Updated time.Time `json:"updated,omitzero"`
	// LastAccess is when it was last set or sent; Updated where zero.
	LastAccess time.Time `json:"lastAccess,omitzero"`

	// Identity is the name of the client identity under which it was set.
	Identity string `json:"identity,omitzero"`
	// Origin that set it, as scheme://host:port; may be empty, except for a
	// jar that isolates origins.
	Origin string `json:"origin,omitzero"`
}

// String leaves out the value.
func (e Entry) String() string {
	of := strconv.Quote(e.Domain + string(e.Path)) // escaped, for a server chose it
	return fmt.Sprintf("cookie %q of %s", string(e.Name), of[1:len(of)-1])
}

// Format keeps the value out of %+v and %#v too.
func (e Entry) Format(f fmt.State, _ rune) { fmt.Fprint(f, e.String()) }

// LogValue keeps the value out of structured logs.
func (e Entry) LogValue() slog.Value { return slog.StringValue(e.String()) }

// Entries returns the cookies that have not expired, session cookies included,
// the oldest first.
func (j *Jar) Entries() []Entry {
	now := j.now()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.storage.dropExpired(now)
	cookies := j.storage.cookies()
	slices.SortFunc(cookies, olderFirst)
	entries := make([]Entry, len(cookies))
	for i, c := range cookies {
		entries[i] = c.entry()
	}
	return entries
}

func (c *cookie) entry() Entry {
	return Entry{
		Name: Octets(c.name), Value: Octets(c.value),
		Domain: c.domain, HostOnly: c.hostOnly, Path: Octets(c.path),
		Secure: c.secure, HTTPOnly: c.httpOnly, SameSite: c.sameSite,
		Expires: c.expires, Created: c.created, Updated: c.updated, LastAccess: c.lastAccess,
		Identity: c.identity, Origin: c.origin,
	}
}

// Restore merges entries into the jar. Every rule about who may set which
// cookie is checked again, the public suffixes above all; what breaks one is
// listed in a *RestoreError, and the others are restored all the same. Expired
// entries are dropped without a word.
//
// Of two cookies with the same name, domain and path the one whose value was
// set last stays, and on a tie the one that is in the jar or came first; but
// one set over http never replaces a Secure one. Either way it keeps the
// earlier creation time, and with it the place in the header, as if the jar
// had seen both being set. A cookie that was deleted leaves no trace, so an
// older copy brings it back.
func (j *Jar) Restore(entries []Entry) error {
	now := j.now()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.storage.dropExpired(now)
	cookies := j.storage.cookies()
	var refused []Refusal
	for i, e := range entries {
		c, reason := j.restore(e, now)
		if reason != "" {
			refused = append(refused, Refusal{Index: i, Reason: reason})
			continue
		}
		if !c.expired(now) {
			cookies = append(cookies, c)
		}
	}
	j.storage.rebuild(cookies)
	if refused != nil {
		return &RestoreError{Refused: refused}
	}
	return nil
}

// restore makes an entry a cookie by the way that a Set-Cookie line goes.
func (j *Jar) restore(e Entry, now time.Time) (*cookie, Reason) {
	line := string(e.Name) + "=" + string(e.Value) + "; Path=" + string(e.Path)
	set, reason := parseSetCookie(line, now, j.options.Limits)
	if reason != "" {
		return nil, reason
	}
	if set.name != string(e.Name) || set.value != string(e.Value) || set.path != string(e.Path) || set.path == "" {
		return nil, Malformed
	}
	set.secure, set.httpOnly, set.sameSite = e.Secure, e.HTTPOnly, parseSameSite(string(e.SameSite))
	set.expires = plain(e.Expires)
	if latest := now.Add(longestLife); set.expires.After(latest) {
		set.expires = latest
	}
	domain, _ := canonicalHost(e.Domain)
	if !e.HostOnly {
		set.domain = domain
	}
	from, reason := j.restoredFrom(e.Origin, domain)
	if reason != "" {
		return nil, reason
	}
	c, reason := admit(set, &from, e.Identity, now)
	switch {
	case reason != "":
		return nil, reason
	case c.domain != domain:
		return nil, ForeignDomain
	case c.hostOnly != e.HostOnly && !from.address:
		// It was narrowed to the host: its domain is a public suffix.
		return nil, PublicSuffix
	}
	c.home = home{partition: j.partition(e.Identity, &from), domain: c.domain}
	c.created = firstSet(plain(e.Created), now)
	c.updated = firstSet(plain(e.Updated), c.created)
	c.lastAccess = firstSet(plain(e.LastAccess), c.updated)
	return c, ""
}

// restoredFrom is the place that set an entry, as far as it is known.
func (j *Jar) restoredFrom(origin, domain string) (place, Reason) {
	if origin == "" {
		if j.options.IsolateOrigins {
			return place{}, NoOrigin
		}
		// Nothing is known against it.
		from, ok := placeOf(&url.URL{Scheme: "https", Host: bracketed(domain)})
		from.scheme = ""
		if !ok {
			return place{}, Malformed
		}
		return from, ""
	}
	u, err := url.Parse(origin)
	if err != nil {
		return place{}, Malformed
	}
	from, ok := placeOf(u)
	if !ok {
		return place{}, Malformed
	}
	return from, ""
}

func firstSet(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}

// plain makes times comparable: UTC, and no monotonic clock.
func plain(t time.Time) time.Time { return t.UTC().Round(0) }
