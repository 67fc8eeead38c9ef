package curlcmd

import "strings"

// splitCmd splits a line in the two steps of Windows: cmd takes its carets
// away, then the program's runtime splits what is left into words.
func splitCmd(line string) ([]string, []Note, error) {
	text, notes := uncaret(line)
	words, err := runtimeWords(text)
	return words, notes, err
}

// uncaret does what cmd does: ^ makes the next character plain and, before a
// line's end, joins the lines; within quotes it is itself.
func uncaret(line string) (string, []Note) {
	var b strings.Builder
	var notes []Note
	quoted := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
			b.WriteByte(c)
		case c == '^' && !quoted && i+1 < len(line):
			i++
			joined := lineEnd(line[i:])
			if i += joined; i == len(line) {
				break
			}
			if joined > 0 && lineEnd(line[i:]) == 2 { // then the next character is plain, be it a line's end
				i++
			}
			b.WriteByte(line[i])
		case !quoted && c == '\r' && lineEnd(line[i:]) == 2:
		case !quoted && (c == '|' || c == '&' || c == '<' || c == '>' || c == '\n'):
			if strings.TrimSpace(b.String()) == "" && c == '\n' {
				continue
			}
			if strings.TrimSpace(line[i+1:]) != "" {
				notes = append(notes, Note{Text: "cmd would end the command at an unquoted line end or operator; the rest is not read"})
			}
			return b.String(), notes
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), notes
}

// runtimeWords splits as the C runtime of Windows does: backslashes are plain
// but before a quote, "" within quotes is one quote.
func runtimeWords(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	open, quoted := false, false
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\\':
			n := 0
			for i < len(text) && text[i] == '\\' {
				n++
				i++
			}
			open = true
			if i == len(text) || text[i] != '"' {
				word.WriteString(strings.Repeat(`\`, n))
				continue
			}
			word.WriteString(strings.Repeat(`\`, n/2))
			if n%2 == 1 {
				word.WriteByte('"')
				i++
			}
		case c == '"':
			i++
			open = true
			if quoted && i < len(text) && text[i] == '"' {
				word.WriteByte('"')
				i++
				continue
			}
			quoted = !quoted
		case (c == ' ' || c == '\t') && !quoted:
			i++
			if open {
				words = append(words, word.String())
				word.Reset()
				open = false
			}
		default:
			word.WriteByte(c)
			open = true
			i++
		}
	}
	if quoted {
		return nil, fail(Syntax, "", `a " is never closed`)
	}
	if open {
		words = append(words, word.String())
	}
	return words, nil
}
