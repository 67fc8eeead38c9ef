package curlcmd

import (
	"strings"
	"unicode/utf8"
)

// maxLine bounds a command line; browsers copy bodies of some megabytes.
const maxLine = 16 << 20

// Shell says how a line is split into words.
type Shell int

// The shells. Auto takes a line with ^" or with ^ at the end of a line as one
// of cmd, every other as one of sh.
const (
	Auto Shell = iota
	POSIX
	Cmd
)

// Split splits a command line into its words. What the shell itself would do
// beside that (variables, pipes) is not done, and noted. The error is an
// *Error.
func Split(line string, shell Shell) ([]string, []Note, error) {
	if len(line) > maxLine {
		return nil, nil, fail(TooLong, "", "the line has more than %d bytes", maxLine)
	}
	if shell == Cmd || shell == Auto && looksLikeCmd(line) {
		return splitCmd(line)
	}
	l := lexer{text: line}
	return l.split()
}

func looksLikeCmd(line string) bool {
	for _, sign := range []string{`^"`, "^\n", "^\r\n", `^%^`} {
		if strings.Contains(line, sign) && !strings.Contains(line, "'"+sign) {
			return true
		}
	}
	return false
}

// lexer splits a line as POSIX.1-2017 section 2.3 says.
type lexer struct {
	text  string
	pos   int
	words []string
	notes []Note
	word  strings.Builder
	open  bool // a word has begun, be it empty
}

func (l *lexer) note(text string) {
	for _, n := range l.notes {
		if n.Text == text {
			return
		}
	}
	l.notes = append(l.notes, Note{Text: text})
}

func (l *lexer) end() {
	if l.open {
		l.words = append(l.words, l.word.String())
		l.word.Reset()
		l.open = false
	}
}

func (l *lexer) split() ([]string, []Note, error) {
	for l.pos < len(l.text) {
		c := l.text[l.pos]
		l.pos++
		var err error
		switch c {
		case ' ', '\t', '\r':
			l.end()
			continue
		case '<', '>':
			l.redirection()
			continue
		case '\n', '|', ';', '&', '(', ')':
			l.end()
			if done := l.operator(c); done {
				return l.words, l.notes, nil
			}
			continue
		case '#':
			if !l.open { // a comment, to the end of the line
				l.pos += strings.IndexByte(l.text[l.pos:]+"\n", '\n')
				continue
			}
			l.word.WriteByte(c)
		case '\\':
			if n := lineEnd(l.text[l.pos:]); n > 0 { // the line goes on
				l.pos += n
				continue
			}
			if l.pos < len(l.text) {
				l.word.WriteByte(l.text[l.pos])
				l.pos++
			}
		case '\'':
			err = l.single()
		case '"':
			err = l.double()
		case '$':
			if strings.HasPrefix(l.text[l.pos:], "'") {
				l.pos++
				err = l.ansi()
			} else if startsVariable(l.text[l.pos:]) {
				l.variable(c)
			} else if !strings.HasPrefix(l.text[l.pos:], `"`) { // $"…" is "…"
				l.word.WriteByte(c)
			}
		case '`':
			l.variable(c)
		default:
			l.word.WriteByte(c)
		}
		if err != nil {
			return nil, nil, err
		}
		l.open = true
	}
	l.end()
	return l.words, l.notes, nil
}

// operator ends the command, unless nothing of it has come yet.
func (l *lexer) operator(c byte) (done bool) {
	if c == '\n' {
		if rest := strings.TrimSpace(l.text[l.pos:]); len(l.words) > 0 && rest != "" {
			l.note("more lines follow, which are not read")
		}
		return len(l.words) > 0
	}
	if len(l.words) == 0 {
		return false
	}
	if strings.TrimSpace(l.text[l.pos:]) != "" {
		l.note("the shell would end the command at an unquoted " + string(c) + "; the rest is not read")
	}
	return true
}

// lineEnd is the length of the line's end that text begins with.
func lineEnd(text string) int {
	switch {
	case strings.HasPrefix(text, "\n"):
		return 1
	case strings.HasPrefix(text, "\r\n"):
		return 2
	}
	return 0
}

// redirection steps over < and > with the word that follows; a number right
// before them is a part of them.
func (l *lexer) redirection() {
	l.note("a redirection of the shell is left out")
	if strings.Trim(l.word.String(), "0123456789") == "" {
		l.word.Reset()
		l.open = false
	}
	l.end()
	rest := strings.TrimLeft(l.text[l.pos:], "<>&| \t")
	end := strings.IndexAny(rest+" ", " \t\r\n|;&<>()")
	l.pos = len(l.text) - len(rest) + end
}

func (l *lexer) variable(c byte) {
	l.note("a variable or substitution of the shell is not replaced")
	l.word.WriteByte(c)
}

func (l *lexer) single() error {
	end := strings.IndexByte(l.text[l.pos:], '\'')
	if end < 0 {
		return fail(Syntax, "", "a ' is never closed")
	}
	l.word.WriteString(l.text[l.pos : l.pos+end])
	l.pos += end + 1
	return nil
}

func (l *lexer) double() error {
	for l.pos < len(l.text) {
		c := l.text[l.pos]
		l.pos++
		switch c {
		case '"':
			return nil
		case '$', '`':
			if c == '$' && !startsVariable(l.text[l.pos:]) {
				l.word.WriteByte(c)
				continue
			}
			l.variable(c)
		case '\\':
			if l.pos == len(l.text) {
				continue
			}
			if n := lineEnd(l.text[l.pos:]); n > 0 {
				l.pos += n
				continue
			}
			switch next := l.text[l.pos]; next {
			case '$', '`', '"', '\\':
				l.word.WriteByte(next)
				l.pos++
			default:
				l.word.WriteByte(c)
			}
		default:
			l.word.WriteByte(c)
		}
	}
	return fail(Syntax, "", `a " is never closed`)
}

func startsVariable(rest string) bool {
	if rest == "" {
		return false
	}
	c := rest[0]
	return c == '{' || c == '(' || c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// simpleEscapes are those of $'…' that stand for one character.
var simpleEscapes = map[byte]byte{'a': 7, 'b': 8, 'e': 27, 'E': 27, 'f': 12, 'n': 10, 'r': 13, 't': 9, 'v': 11,
	'\\': '\\', '\'': '\'', '"': '"', '?': '?'}

// ansi reads the rest of $'…' (POSIX.1-2024 section 2.2.4, and bash's \u).
func (l *lexer) ansi() error {
	for l.pos < len(l.text) {
		c := l.text[l.pos]
		l.pos++
		if c == '\'' {
			return nil
		}
		if c != '\\' || l.pos == len(l.text) {
			l.word.WriteByte(c)
			continue
		}
		e := l.text[l.pos]
		l.pos++
		switch simple, is := simpleEscapes[e]; {
		case is:
			l.word.WriteByte(simple)
		case e == 'x':
			l.digits(16, 2, `\x`, false)
		case e == 'u':
			l.digits(16, 4, `\u`, true)
		case e == 'U':
			l.digits(16, 8, `\U`, true)
		case '0' <= e && e <= '7':
			l.pos--
			l.digits(8, 3, "", false)
		case e == 'c' && l.pos < len(l.text):
			l.word.WriteByte(l.text[l.pos] & 0x1f)
			l.pos++
		default:
			l.word.WriteString(`\` + string(e))
		}
	}
	return fail(Syntax, "", "a $' is never closed")
}

// digits reads up to most digits as a byte or a character; without any, the
// escape itself is the text.
func (l *lexer) digits(base, most int, escape string, character bool) {
	value, n := 0, 0
	for n < most && l.pos < len(l.text) {
		d := hexDigit(l.text[l.pos])
		if d < 0 || d >= base {
			break
		}
		value = value*base + d
		l.pos++
		n++
	}
	switch {
	case n == 0:
		l.word.WriteString(escape)
	case character && value <= utf8.MaxRune:
		l.word.WriteRune(rune(value))
	case character:
		l.word.WriteRune(utf8.RuneError)
	default:
		l.word.WriteByte(byte(value))
	}
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
