package target

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// DefaultMaxLength is the length in bytes that a URL may have, before and after
// escaping.
const DefaultMaxLength = 64 << 10

// Options change how a URL is read. The zero value reads as request does.
type Options struct {
	// Escape also percent-encodes what RFC 3986 allows in no path or query:
	// square brackets, and percent signs that start no escape. Escapes that
	// are there stay as they are. (Fusion: serializeUrl)
	Escape bool
	// MaxLength is the limit in bytes; 0: DefaultMaxLength.
	MaxLength int
}

// Parse reads the URL of a request. The error is an *Error.
//
// White space around the text is cut off. Control characters are refused, but
// for tab and DEL in path and query, which are escaped. Dot segments stay.
func Parse(text string, o Options) (*Target, error) {
	limit := maxLength(o.MaxLength)
	if len(text) > limit {
		return nil, tooLong()
	}
	text = trim(text)
	switch {
	case text == "":
		return nil, refuse(Missing, "there is no URL")
	case hasControl(text):
		return nil, refuse(Control, "the URL has a control character")
	}
	scheme, rest := cutScheme(text)
	switch scheme {
	case "":
		return nil, refuse(Relative, "the URL has no scheme")
	case "http", "https":
	default:
		return nil, refuse(Scheme, "the scheme of the URL is neither http nor https")
	}
	rest, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return nil, refuse(MissingHost, "the scheme of the URL is not followed by // and a host")
	}
	authority, rest, err := cutAuthority(rest)
	if err != nil {
		return nil, err
	}
	t, err := parseAuthority(scheme, authority)
	if err != nil {
		return nil, err
	}
	t.setRest(cutReference(rest), o.Escape)
	if t.lengthOfRequestURI() > limit {
		return nil, tooLong()
	}
	return t, nil
}

func maxLength(n int) int {
	if n <= 0 {
		return DefaultMaxLength
	}
	return n
}

func tooLong() *Error { return refuse(TooLong, "the URL is longer than the limit") }

// cutScheme cuts off a scheme, in lower case. Digits and dots count at its
// start too: "127.0.0.1:80/p" has an odd scheme rather than none.
func cutScheme(text string) (scheme, rest string) {
	before, after, found := strings.Cut(text, ":")
	if !found || before == "" {
		return "", text
	}
	for _, c := range []byte(before) {
		if !isAlphanumeric(c) && c != '+' && c != '-' && c != '.' {
			return "", text
		}
	}
	return strings.ToLower(before), after
}

// cutAuthority cuts what follows the two slashes at the start of the path. A
// backslash there is refused: browsers end the host at it, others take what is
// before it for user information.
func cutAuthority(s string) (authority, rest string, err error) {
	end := strings.IndexAny(s, `/?#\`)
	if end < 0 {
		return s, "", nil
	}
	if s[end] == '\\' {
		return "", "", refuse(Host, "a backslash follows the host")
	}
	return s[:end], s[end:], nil
}

// parseAuthority reads user information, host and port.
func parseAuthority(scheme, authority string) (*Target, error) {
	t := &Target{Scheme: scheme}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, err := parseUser(authority[:i])
		if err != nil {
			return nil, err
		}
		t.User, authority = user, authority[i+1:]
	}
	var err error
	t.authority = authority
	t.Host, t.Port, err = parseHostPort(authority)
	if err != nil {
		return nil, err
	}
	if t.Port == "" {
		t.Port = defaultPort(scheme)
	}
	return t, nil
}

func parseUser(raw string) (*url.Userinfo, error) {
	if raw == "" {
		return nil, nil
	}
	name, password, _ := strings.Cut(raw, ":")
	for _, field := range []*string{&name, &password} {
		decoded, err := url.PathUnescape(*field)
		if err != nil || !utf8.ValidString(decoded) || hasControl(decoded) || strings.ContainsAny(decoded, "\t\x7f") {
			return nil, refuse(UserInfo, "the user information of the URL is not percent-encoded text")
		}
		*field = decoded
	}
	return url.UserPassword(name, password), nil
}

// reference is what follows an authority.
type reference struct {
	path, query, fragment string
	hasQuery, hasFragment bool
}

func cutReference(s string) (r reference) {
	s, r.fragment, r.hasFragment = strings.Cut(s, "#")
	r.path, r.query, r.hasQuery = strings.Cut(s, "?")
	return r
}

// setRest sets path, query and fragment. In the path a backslash becomes a
// slash, as in Node and browsers.
func (t *Target) setRest(r reference, strict bool) {
	t.path = escapePath(strings.ReplaceAll(r.path, `\`, "/"), strict)
	if t.path == "" {
		t.path = "/"
	}
	t.query, t.hasQuery = escapeQuery(r.query, strict), r.hasQuery
	t.fragment = escapePath(r.fragment, false)
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
