package content

import "strings"

// mediaType is the part of a Content-Type that decides: the type and subtype in
// lower case, and the charset parameter.
type mediaType struct {
	essence, charset string
}

// parseMediaType reads a Content-Type leniently and in linear time, as the Fetch
// Standard does: of several values, joined by commas, the last valid one counts,
// and it inherits the charset of one before with the same type.
func parseMediaType(header string) mediaType {
	switch header { // nearly every one
	case "", "application/json", "application/xml", "text/xml", "text/html", "text/plain", "application/octet-stream":
		return mediaType{essence: header}
	case "application/json; charset=utf-8":
		return mediaType{"application/json", "utf-8"}
	}
	var found mediaType
	for header != "" {
		var value string
		value, header = cutUnquoted(header, ',')
		essence, parameters := cutUnquoted(value, ';')
		essence = strings.ToLower(strings.Trim(essence, " \t\r\n"))
		kind, subtype, ok := strings.Cut(essence, "/")
		if !ok || !isToken(kind) || !isToken(subtype) || essence == "*/*" {
			continue
		}
		charset := charsetParameter(parameters)
		if charset == "" && essence == found.essence {
			charset = found.charset
		}
		found = mediaType{essence, charset}
	}
	return found
}

func charsetParameter(parameters string) string {
	for parameters != "" {
		var parameter string
		parameter, parameters = cutUnquoted(parameters, ';')
		name, value, ok := strings.Cut(parameter, "=")
		if ok && strings.EqualFold(strings.Trim(name, " \t\r\n"), "charset") {
			value = strings.Trim(value, " \t\r\n")
			if strings.HasPrefix(value, `"`) {
				value = unquote(value)
			}
			return strings.Trim(value, " \t\r\n'\"")
		}
	}
	return ""
}

// cutUnquoted cuts s at the first separator that is not inside double quotes.
func cutUnquoted(s string, separator byte) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case quoted && s[i] == '\\':
			i++
		case !quoted && s[i] == separator:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// unquote returns the content of the quoted string that s begins with, or of
// what there is of it.
func unquote(s string) string {
	var b strings.Builder
	for i := 1; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}
