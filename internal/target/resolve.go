package target

import (
	"errors"
	"net/url"
	"strings"
)

// Resolve reads a Location header that came with a response for base (RFC 9110,
// section 10.2.2), and resolves it as RFC 3986, section 5, says. maxLength is in
// bytes; 0: DefaultMaxLength. The error is an *Error of reason Empty, Scheme,
// Credentials, TooLong or Location.
//
// Bytes beyond ASCII, spaces and tabs are escaped. Backslashes before the query
// count as slashes, as in browsers, but for a host that is written with slashes
// and backslashes both, which is refused. So is user information: a server has
// no business choosing whom we log in as. A fragment is inherited
// from base where the Location has none.
func Resolve(base *url.URL, location string, maxLen int) (*Target, error) {
	limit := maxLength(maxLen)
	if len(location) > limit {
		return nil, tooLong()
	}
	location = trim(location)
	switch {
	case location == "":
		return nil, refuse(Empty, "the Location is empty")
	case hasControl(location), strings.HasPrefix(location, `/\`):
		return nil, badLocation()
	case location[0] == '\\':
		location = slashes(location)
	}
	t, err := resolve(base, location)
	if err != nil {
		return nil, asLocation(err)
	}
	if t.lengthOfRequestURI() > limit {
		return nil, tooLong()
	}
	if t.fragment == "" && !strings.Contains(location, "#") {
		t.fragment = base.EscapedFragment()
	}
	return t, nil
}

func badLocation() *Error { return refuse(Location, "the Location is not a URL that can be followed") }

// asLocation keeps the reasons that a redirect has, and calls the others
// Location.
func asLocation(err error) *Error {
	var e *Error
	if errors.As(err, &e) && (e.Reason == Scheme || e.Reason == Credentials) {
		return e
	}
	return badLocation()
}

func resolve(base *url.URL, location string) (*Target, error) {
	scheme, rest := cutScheme(location)
	absolute := scheme != ""
	if !absolute {
		scheme = strings.ToLower(base.Scheme)
	}
	if scheme != "http" && scheme != "https" {
		return nil, refuse(Scheme, "the scheme of the Location is neither http nor https")
	}
	if after, found := strings.CutPrefix(rest, "//"); found {
		return resolveAuthority(scheme, after)
	}
	if absolute {
		return nil, badLocation()
	}
	return resolveReference(base, scheme, cutReference(rest))
}

func resolveAuthority(scheme, s string) (*Target, error) {
	authority, rest, err := cutAuthority(s)
	if err != nil {
		return nil, err
	}
	if strings.Contains(authority, "@") {
		return nil, refuse(Credentials, "the Location carries user information")
	}
	t, err := parseAuthority(scheme, authority)
	if err != nil {
		return nil, err
	}
	t.setRest(cutReference(rest), false)
	t.path = removeDotSegments(t.path)
	return t, nil
}

// resolveReference resolves what has no host of its own (RFC 3986, section
// 5.2.2).
func resolveReference(base *url.URL, scheme string, r reference) (*Target, error) {
	t, err := parseAuthority(scheme, base.Host)
	if err != nil {
		return nil, err
	}
	t.setRest(r, false)
	switch {
	case r.path == "":
		t.path = basePath(base)
		if !r.hasQuery {
			t.query, t.hasQuery = escapeQuery(base.RawQuery, false), base.RawQuery != "" || base.ForceQuery
		}
	case t.path[0] == '/':
		t.path = removeDotSegments(t.path)
	default:
		path := basePath(base)
		t.path = removeDotSegments(path[:strings.LastIndexByte(path, '/')+1] + t.path)
	}
	return t, nil
}

// basePath is the path that relative references start from.
func basePath(base *url.URL) string {
	path := escapePath(base.EscapedPath(), false)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return path
}

// removeDotSegments does RFC 3986, section 5.2.4, for a path that starts with a
// slash.
func removeDotSegments(path string) string {
	segments := strings.Split(path[1:], "/")
	kept := segments[:0]
	for i, segment := range segments {
		last := i == len(segments)-1
		switch segment {
		case ".", "..":
			if segment == ".." && len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
			if last {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, segment)
		}
	}
	return "/" + strings.Join(kept, "/")
}

// slashes turns the backslashes before query and fragment into slashes.
func slashes(s string) string {
	end := strings.IndexAny(s, "?#")
	if end < 0 {
		end = len(s)
	}
	return strings.ReplaceAll(s[:end], `\`, "/") + s[end:]
}
