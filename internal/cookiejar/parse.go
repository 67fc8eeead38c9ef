package cookiejar

import (
	"strings"
	"time"
)

// SameSite is the attribute of that name. It is kept and saved, and decides
// nothing here: a service that calls another has no site of its own, so every
// request counts as same-site.
type SameSite string

// The values of SameSite; anything else counts as unset.
const (
	SameSiteUnset  SameSite = ""
	SameSiteStrict SameSite = "strict"
	SameSiteLax    SameSite = "lax"
	SameSiteNone   SameSite = "none"
)

// longestLife is how far ahead a cookie may expire (RFC 6265bis sections
// 5.6.1 and 5.6.2).
const longestLife = 400 * 24 * time.Hour

// setCookie is a Set-Cookie line after parsing, before any rule about who may
// set it.
type setCookie struct {
	name, value string

	domain  string    // lower case, without its leading dot; "" where absent
	path    string    // "" where absent or not absolute
	hasPath bool      // a Path attribute was there, whatever it said
	expires time.Time // zero for a session cookie

	secure, httpOnly bool
	sameSite         SameSite
}

// parseSetCookie reads the value of a Set-Cookie header as RFC 6265bis section
// 5.6 says, with three differences:
//   - a cookie without a name or without "=" is refused, as in RFC 6265: sent
//     back as a bare value it could pass for any other cookie;
//   - a tab inside name, value or path is refused like other control bytes;
//   - an empty Domain is as good as none (RFC 6265 section 5.2.3), so that it
//     cannot undo the one before it.
func parseSetCookie(line string, now time.Time, limits Limits) (setCookie, Reason) {
	if hasControl(line, true) {
		return setCookie{}, ControlByte
	}
	pair, attributes, more := strings.Cut(line, ";")
	name, value, found := strings.Cut(pair, "=")
	c := setCookie{name: trim(name), value: trim(value)}
	switch {
	case !found || c.name == "":
		return setCookie{}, Malformed
	case hasControl(c.name, false) || hasControl(c.value, false):
		return setCookie{}, ControlByte
	case len(c.name)+len(c.value) > limits.NameValue:
		return setCookie{}, TooLarge
	}
	var life lifetime
	for more {
		var attribute string
		attribute, attributes, more = strings.Cut(attributes, ";")
		name, value, _ = strings.Cut(attribute, "=")
		name, value = trim(name), trim(value)
		if len(value) <= limits.Attribute {
			c.setAttribute(name, value)
			life.setAttribute(name, value, now)
		}
	}
	if hasControl(c.path, false) {
		return setCookie{}, ControlByte
	}
	c.expires = life.end(now)
	return c, ""
}

func (c *setCookie) setAttribute(name, value string) {
	switch {
	case equalFold(name, "domain"):
		if domain := lower(strings.TrimPrefix(value, ".")); domain != "" {
			c.domain = domain
		}
	case equalFold(name, "path"):
		c.hasPath, c.path = true, ""
		if strings.HasPrefix(value, "/") {
			c.path = value
		}
	case equalFold(name, "secure"):
		c.secure = true
	case equalFold(name, "httponly"):
		c.httpOnly = true
	case equalFold(name, "samesite"):
		c.sameSite = parseSameSite(value)
	}
}

func parseSameSite(value string) SameSite {
	for _, s := range [...]SameSite{SameSiteStrict, SameSiteLax, SameSiteNone} {
		if equalFold(value, string(s)) {
			return s
		}
	}
	return SameSiteUnset
}

// lifetime is what Max-Age and Expires say; Max-Age counts where both are
// there, and the last readable one of each.
type lifetime struct {
	maxAge, expires time.Time
}

func (l *lifetime) setAttribute(name, value string, now time.Time) {
	switch {
	case equalFold(name, "max-age"):
		if age, ok := parseMaxAge(value); ok {
			l.maxAge = now.Add(age)
		}
	case equalFold(name, "expires"):
		if at, ok := parseDate(value); ok {
			l.expires = at
		}
	}
}

// end is zero where neither attribute was there.
func (l *lifetime) end(now time.Time) time.Time {
	end := l.maxAge
	if end.IsZero() {
		end = l.expires
	}
	if latest := now.Add(longestLife); end.After(latest) {
		return latest
	}
	return end
}

// parseMaxAge reads seconds: digits, with or without a minus before them.
// What passes the longest life is cut to it, however many digits it has.
func parseMaxAge(value string) (time.Duration, bool) {
	digits, negative := strings.CutPrefix(value, "-")
	if digits == "" {
		return 0, false
	}
	const most = int64(longestLife / time.Second)
	var seconds int64
	for i := range len(digits) {
		if !isDigit(digits[i]) {
			return 0, false
		}
		seconds = min(seconds*10+int64(digits[i]-'0'), most)
	}
	if negative {
		return 0, true
	}
	return time.Duration(seconds) * time.Second, true
}

// hasControl looks for bytes that no header may carry. The tab is white space
// between the parts of a line, and a control byte inside of them.
func hasControl(s string, tabIsSpace bool) bool {
	for i := range len(s) {
		if c := s[i]; c == 0x7f || c < ' ' && (c != '\t' || !tabIsSpace) {
			return true
		}
	}
	return false
}

func trim(s string) string { return strings.Trim(s, " \t") }
