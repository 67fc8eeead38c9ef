package cookiejar

import "time"

// parseDate reads a cookie date as RFC 6265bis section 5.1.1 says: the tokens
// may come in any order and between almost any delimiters, and every zone is
// taken for UTC. It is false for a date that lacks a part or does not exist.
func parseDate(text string) (time.Time, bool) {
	var d dateParts
	for start := 0; start < len(text); {
		if isDateDelimiter(text[start]) {
			start++
			continue
		}
		end := start + 1
		for end < len(text) && !isDateDelimiter(text[end]) {
			end++
		}
		d.take(text[start:end])
		start = end
	}
	return d.time()
}

// dateParts collects the parts of a date; the first token that fits a part is
// the one that counts.
type dateParts struct {
	hour, minute, second, day, month, year int

	hasTime, hasDay, hasMonth, hasYear bool
}

func (d *dateParts) take(token string) {
	if !d.hasTime {
		if d.hour, d.minute, d.second, d.hasTime = clockTime(token); d.hasTime {
			return
		}
	}
	if !d.hasDay {
		if d.day, _, d.hasDay = leadingNumber(token, 1, 2); d.hasDay {
			return
		}
	}
	if !d.hasMonth {
		if d.month, d.hasMonth = monthNumber(token); d.hasMonth {
			return
		}
	}
	if !d.hasYear {
		d.year, _, d.hasYear = leadingNumber(token, 2, 4)
	}
}

func (d *dateParts) time() (time.Time, bool) {
	if !d.hasTime || !d.hasDay || !d.hasMonth || !d.hasYear {
		return time.Time{}, false
	}
	switch {
	case d.year >= 70 && d.year <= 99:
		d.year += 1900
	case d.year <= 69:
		d.year += 2000
	}
	if d.year < 1601 || d.hour > 23 || d.minute > 59 || d.second > 59 {
		return time.Time{}, false
	}
	t := time.Date(d.year, time.Month(d.month), d.day, d.hour, d.minute, d.second, 0, time.UTC)
	// time.Date carries 31 February into March; no such date exists.
	return t, t.Day() == d.day && t.Month() == time.Month(d.month)
}

// clockTime reads "h:m:s" with one or two digits each; what follows the last
// digit does not matter.
func clockTime(token string) (hour, minute, second int, ok bool) {
	hour, rest, ok := leadingNumber(token, 1, 2)
	if !ok || rest == "" || rest[0] != ':' {
		return 0, 0, 0, false
	}
	minute, rest, ok = leadingNumber(rest[1:], 1, 2)
	if !ok || rest == "" || rest[0] != ':' {
		return 0, 0, 0, false
	}
	second, _, ok = leadingNumber(rest[1:], 1, 2)
	return hour, minute, second, ok
}

// leadingNumber reads the digits at the start of token, of which there must be
// from least to most (at most nine).
func leadingNumber(token string, least, most int) (n int, rest string, ok bool) {
	digits := 0
	for digits < len(token) && isDigit(token[digits]) {
		if digits == most {
			return 0, "", false
		}
		n = n*10 + int(token[digits]-'0')
		digits++
	}
	return n, token[digits:], digits >= least
}

var monthNames = [...]string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

// monthNumber goes by the first three letters: "Januar" is a month too.
func monthNumber(token string) (int, bool) {
	if len(token) < 3 {
		return 0, false
	}
	for i, name := range monthNames {
		if equalFold(token[:3], name) {
			return i + 1, true
		}
	}
	return 0, false
}

func isDateDelimiter(c byte) bool {
	return c == '\t' ||
		c >= ' ' && c <= '/' ||
		c >= ';' && c <= '@' ||
		c >= '[' && c <= '`' ||
		c >= '{' && c <= '~'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
