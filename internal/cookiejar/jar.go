// Package cookiejar stores cookies and chooses those of a request by RFC
// 6265bis (draft-ietf-httpbis-rfc6265bis), for a client without a user: it
// takes raw Set-Cookie lines and gives the Cookie header byte for byte, quotes
// nothing and drops no byte of a value.
package cookiejar

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Limits bound what servers can make a jar hold and a request carry. A field
// that is not positive has its default.
type Limits struct {
	PerHost   int // cookies of one domain; 180
	PerJar    int // cookies; 3000
	NameValue int // bytes of name and value together; 4096
	Attribute int // bytes of an attribute's value, longer ones are ignored; 1024
	Header    int // bytes of the line "Cookie: …" without its end; 8190
}

var defaultLimits = Limits{PerHost: 180, PerJar: 3000, NameValue: 4096, Attribute: 1024, Header: 8190}

func (l Limits) orDefault() Limits {
	or := func(value, otherwise int) int {
		if value > 0 {
			return value
		}
		return otherwise
	}
	return Limits{
		PerHost:   or(l.PerHost, defaultLimits.PerHost),
		PerJar:    or(l.PerJar, defaultLimits.PerJar),
		NameValue: or(l.NameValue, defaultLimits.NameValue),
		Attribute: or(l.Attribute, defaultLimits.Attribute),
		Header:    or(l.Header, defaultLimits.Header),
	}
}

// Options of a jar; the zero value is usable.
type Options struct {
	// Now is the clock; time.Now where nil.
	Now    func() time.Time
	Limits Limits

	// IsolateIdentities keeps the cookies set under one client identity
	// from requests under another. Off: all share the jar, and Header names
	// the cookies that another identity was given.
	IsolateIdentities bool
	// IsolateOrigins sends a cookie only to the scheme, host and port that
	// set it; a Domain attribute is checked and does not widen that. Off:
	// the ports of a host, and http with https, share cookies (RFC 6265bis
	// section 8.5).
	IsolateOrigins bool
}

// Jar holds the cookies of one scenario. It is safe for concurrent use.
type Jar struct {
	options Options

	mu      sync.Mutex
	storage storage
}

// New returns an empty jar.
func New(o Options) *Jar {
	o.Limits = o.Limits.orDefault()
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Jar{options: o, storage: newStorage(o.Limits)}
}

// Store takes the Set-Cookie values of one response from u, in their order and
// unchanged; a folded line as one. Lines of an interim response or a trailer
// must not be among them. identity is the name of the client identity that the
// request was configured with. It returns the lines that were not taken; most
// callers have no use for them.
func (j *Jar) Store(u *url.URL, identity string, lines []string) []Refusal {
	from, ok := placeOf(u)
	if !ok || len(lines) == 0 {
		return nil
	}
	now := j.now()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.storage.dropExpired(now)
	var refused []Refusal
	for i, line := range lines {
		if reason := j.store(line, &from, identity, now); reason != "" {
			refused = append(refused, Refusal{Index: i, Reason: reason})
		}
	}
	return refused
}

func (j *Jar) store(line string, from *place, identity string, now time.Time) Reason {
	set, reason := parseSetCookie(line, now, j.options.Limits)
	if reason != "" {
		return reason
	}
	c, reason := admit(set, from, identity, now)
	if reason != "" {
		return reason
	}
	c.home = home{partition: j.partition(identity, from), domain: c.domain}
	if !from.secure && !c.secure && j.storage.shadowsSecure(c) {
		return SecureExists
	}
	j.storage.put(c, now)
	return ""
}

// Header returns the value of the Cookie header for a request to u, "" for
// none: longest path first, then oldest (RFC 6265bis section 5.8.3). Cookies
// that would take it over Limits.Header are left out. foreign names the
// cookies in it that were set under another identity than this one, in their
// order, each once.
func (j *Jar) Header(u *url.URL, identity string) (header string, foreign []string) {
	return j.HeaderWith(u, identity, "")
}

// HeaderWith is Header for a request that has a Cookie header of its own: its
// value comes first and unchanged, and the jar's cookies of the names in it are
// left out.
func (j *Jar) HeaderWith(u *url.URL, identity, explicit string) (header string, foreign []string) {
	from, ok := placeOf(u)
	if !ok {
		return explicit, nil
	}
	now := j.now()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.storage.dropExpired(now)

	var few [32]*cookie
	chosen := j.match(few[:0], from, identity)
	slices.SortFunc(chosen, sentBefore)

	own := cookieNames(explicit)
	room := j.options.Limits.Header - len("Cookie: ") - len(explicit)
	var b strings.Builder
	b.Grow(len(explicit) + min(max(room, 0), headerLength(chosen)))
	b.WriteString(explicit)
	for _, c := range chosen {
		length := len(c.name) + len("=") + len(c.value)
		if b.Len() > 0 {
			length += len("; ")
		}
		if length > room || slices.Contains(own, c.name) {
			continue
		}
		room -= length
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(c.name)
		b.WriteByte('=')
		b.WriteString(c.value)
		j.storage.use(c, now)
		if c.identity != identity && !slices.Contains(foreign, c.name) {
			foreign = append(foreign, c.name)
		}
	}
	return b.String(), foreign
}

// match appends the cookies that go to that place, in no order.
func (j *Jar) match(found []*cookie, to place, identity string) []*cookie {
	h := home{partition: j.partition(identity, &to), domain: to.host}
	for {
		for _, c := range j.storage.homes[h] {
			if (!c.hostOnly || c.domain == to.host) && (!c.secure || to.secure) && pathMatch(to.path, c.path) {
				found = append(found, c)
			}
		}
		_, parent, more := strings.Cut(h.domain, ".")
		if !more || to.address {
			return found
		}
		h.domain = parent
	}
}

func sentBefore(a, b *cookie) int {
	return cmp.Or(len(b.path)-len(a.path), olderFirst(a, b))
}

func olderFirst(a, b *cookie) int {
	return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.age, b.age))
}

func headerLength(cookies []*cookie) int {
	n := 0
	for _, c := range cookies {
		n += len(c.name) + len(c.value) + len("=; ")
	}
	return n
}

// cookieNames reads the names of a Cookie header.
func cookieNames(header string) []string {
	if header == "" {
		return nil
	}
	var names []string
	for pair := range strings.SplitSeq(header, ";") {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, trim(name))
	}
	return names
}

func (j *Jar) partition(identity string, at *place) (p partition) {
	if j.options.IsolateIdentities {
		p.identity = identity
	}
	if j.options.IsolateOrigins {
		p.origin = at.origin()
	}
	return p
}

func (j *Jar) now() time.Time { return j.options.Now().UTC().Round(0) }
