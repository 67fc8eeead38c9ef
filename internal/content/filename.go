package content

import (
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxFileName is what common file systems take for one name, in bytes.
const maxFileName = 255

// FileName returns the name under which a body may be saved: from the
// Content-Disposition header (RFC 6266, with the extended form of RFC 8187 before
// the plain one), else the last segment of the URL's path, else "". u may be nil.
//
// The name is a single component that is safe on every system: no separators,
// control characters, or characters that turn the direction of writing; none of
// <>:"|?*; no device of Windows; no space or dot at its ends; valid UTF-8 and
// Unicode; at most 255 bytes, the extension kept.
func FileName(contentDisposition string, u *url.URL) string {
	if name := safeName(dispositionName(contentDisposition)); name != "" {
		return name
	}
	if u == nil {
		return ""
	}
	last := path.Base(u.EscapedPath())
	if unescaped, err := url.PathUnescape(last); err == nil {
		last = unescaped
	}
	if strings.HasSuffix(u.Path, "/") {
		return ""
	}
	return safeName(last)
}

// dispositionName reads the file name that the header gives, whatever it is.
// It takes what browsers take: the plain parameter with percent signs and with
// raw UTF-8 or Latin-1, but not a parameter given twice.
func dispositionName(header string) string {
	if header == "" {
		return ""
	}
	kind, parameters := cutUnquoted(header, ';')
	if strings.Contains(kind, "=") {
		// No disposition type, as old servers send it.
		parameters = header
	}
	found := map[string]string{}
	for parameters != "" {
		var parameter string
		parameter, parameters = cutUnquoted(parameters, ';')
		name, value, ok := strings.Cut(parameter, "=")
		name = strings.ToLower(strings.Trim(name, " \t\r\n"))
		if _, again := found[name]; !ok || again {
			continue
		}
		value = strings.Trim(value, " \t\r\n")
		if strings.HasPrefix(value, `"`) {
			value = unquote(value)
		}
		found[name] = value
	}
	if name, ok := extendedValue(found["filename*"]); ok {
		return name
	}
	plain := found["filename"]
	if !utf8.ValidString(plain) {
		text, _ := lookup(windows1252Name).decode(nil, []byte(plain))
		plain = string(text)
	}
	return plain
}

// extendedValue reads charset'language'percent-encoded, RFC 8187 section 3.2.
func extendedValue(value string) (string, bool) {
	label, rest, ok := strings.Cut(value, "'")
	if !ok {
		return "", false
	}
	_, encoded, ok := strings.Cut(rest, "'")
	c := lookup(label)
	if !ok || c == nil || c.name == replacementName {
		return "", false
	}
	raw, err := url.PathUnescape(encoded)
	if err != nil {
		return "", false
	}
	text, malformed := c.decode(nil, []byte(raw))
	return string(text), !malformed
}

func safeName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case isPlain(r):
		case r == utf8.RuneError, strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point, unicode.Co):
			return -1
		}
		return r
	}, name)
	name = shorten(strings.TrimFunc(name, isEdge))
	if isDevice(name) { // also one that shortening made
		name = "_" + name
	}
	return name
}

// isEdge says what no name may begin or end with: dots hide it or vanish, spaces
// vanish or are not seen.
func isEdge(r rune) bool { return r == '.' || unicode.IsSpace(r) }

// shorten cuts the stem, so that the extension stays, and leaves a byte for what
// a device's name needs.
func shorten(name string) string {
	if len(name) < maxFileName {
		return name
	}
	extension := path.Ext(name)
	if len(extension) > 32 {
		extension = ""
	}
	stem := name[:maxFileName-1-len(extension)]
	for !utf8.ValidString(stem) {
		stem = stem[:len(stem)-1]
	}
	return strings.TrimRightFunc(stem, isEdge) + extension
}

// isDevice says whether Windows takes the name for a device, whatever its
// extension.
func isDevice(name string) bool {
	stem, _, _ := strings.Cut(name, ".")
	stem = strings.TrimRight(stem, " ")
	for _, device := range devices {
		if strings.EqualFold(stem, device) {
			return true
		}
	}
	if len(stem) < len("COM") || !strings.EqualFold(stem[:3], "COM") && !strings.EqualFold(stem[:3], "LPT") {
		return false
	}
	port := stem[3:]
	return len(port) == 1 && '0' <= port[0] && port[0] <= '9' || port == "¹" || port == "²" || port == "³"
}

var devices = []string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"}

// isPlain says whether a character may stand anywhere in a name; most do.
func isPlain(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' || r == '.'
}
