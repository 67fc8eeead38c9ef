package target

import "strings"

const upperHex = "0123456789ABCDEF"

// escapePath makes a path fit for a request line. It escapes what Node's legacy
// parser escapes, and every byte beyond ASCII, which that sends raw or refuses.
// A percent sign that starts no escape becomes %25, since net/url could not
// carry it. Everything else stays, so that "%2f" is not "%2F" and "/a/../b" is
// not "/b".
func escapePath(s string, strict bool) string {
	return escape(s, strict, true)
}

// escapeQuery does the same for a query, where a stray percent sign stays
// unless strict.
func escapeQuery(s string, strict bool) string {
	return escape(s, strict, strict)
}

// escape escapes s. Strict escapes square brackets too.
func escape(s string, strict, fixPercent bool) string {
	escaped := func(i int) bool {
		c := s[i]
		stray := c == '%' && fixPercent && !isEscape(s[i:])
		return stray || mustEscape(c) || strict && (c == '[' || c == ']')
	}
	clean := 0
	for clean < len(s) && !escaped(clean) {
		clean++
	}
	if clean == len(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + len("%00"))
	b.WriteString(s[:clean])
	for i := clean; i < len(s); i++ {
		c := s[i]
		if escaped(i) {
			b.WriteByte('%')
			b.WriteByte(upperHex[c>>4])
			b.WriteByte(upperHex[c&15])
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// mustEscape says whether a byte never stands bare in a path or a query.
func mustEscape(c byte) bool {
	return c <= ' ' || c >= 0x7f || strings.IndexByte("\"'<>\\^`{|}", c) >= 0
}

// isEscape says whether s starts with a percent sign and two hex digits.
func isEscape(s string) bool {
	return len(s) >= 3 && s[0] == '%' && isHex(s[1]) && isHex(s[2])
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// hasControl says whether s has a control character other than a tab.
func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' })
}

// trim removes what people and templates leave around a URL: white space, the
// no-break space and the byte order mark.
func trim(s string) string { return strings.Trim(s, " \t\r\n\v\f\u00a0\ufeff") }
