package curlcmd

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

func TestSplitPOSIX(t *testing.T) {
	for line, want := range map[string][]string{
		``:                            nil,
		`a  b	c`:                      {"a", "b", "c"},
		`'a b' "c d" e\ f`:            {"a b", "c d", "e f"},
		`a'b'"c"\d`:                   {"abcd"},
		`'' "" $''`:                   {"", "", ""},
		`"a\"b\\c\$d\e"`:              {`a"b\c$d\e`},
		`'a\b'`:                       {`a\b`},
		`'it'\''s'`:                   {"it's"},
		"a\\\nb \\\n c":               {"ab", "c"},
		"a\\\r\nb":                    {"ab"},
		"\"a\\\nb\nc\"":               {"ab\nc"},
		"'a\r\nb'":                    {"a\r\nb"},
		`$'\n\t\\\'\"\x41\x4\7\0101'`: {"\n\t\\'\"A\x04\a\b1"},
		`$'\u00e9\u20ac\U0001F600'`:   {"é€😀"},
		`$'\xz\uz\q'`:                 {`\xz\uz\q`},
		`$'\cA'`:                      {"\x01"},
		`$"a"`:                        {"a"},
		`a#b #c d`:                    {"a#b"},
		`cost$ 5$`:                    {"cost$", "5$"},
		"\n\n curl a\nb":              {"curl", "a"},
		`a | b`:                       {"a"},
		`a>b c 2>&1 d`:                {"a", "c", "d"},
		`http://a/?b=1&c=2`:           {"http://a/?b=1"},
	} {
		got, _, err := Split(line, POSIX)
		require.NoError(t, err, line)
		assert.Equal(t, want, got, line)
	}
}

func TestSplitNotes(t *testing.T) {
	for line, want := range map[string]int{
		`a 'b $c' \$d "e \$f"`: 0, `a $b`: 1, `a "$b" $(c)`: 2, "a `b`": 1, `a&b`: 1, `a &`: 0, "a\nb": 1, "a\n": 0, `a ; b`: 1, `a >b`: 1,
	} {
		_, notes, err := Split(line, POSIX)
		require.NoError(t, err)
		assert.Len(t, notes, want, line)
	}
}

func TestSplitCmd(t *testing.T) {
	for line, want := range map[string][]string{
		`curl "a b" c`:                   {"curl", "a b", "c"},
		"curl ^\"a^\" ^\n -H ^\"b: c^\"": {"curl", "a", "-H", "b: c"},
		"curl ^\"a^\" ^\r\n  b":          {"curl", "a", "b"},
		`curl ^"x?a=1^&b=^%^20^"`:        {"curl", "x?a=1&b=%20"},
		`curl ^"^{^\^"a^\^":1^}^"`:       {"curl", `{"a":1}`},
		`curl "{\"a\":\"b ^^ c\"}"`:      {"curl", `{"a":"b ^ c"}`}, // cmd knows no backslash: it is out of quotes there
		`curl "a ^ & b"`:                 {"curl", "a ^ & b"},
		`curl "say ""hi"""`:              {"curl", `say "hi"`},
		`curl "C:\dir\\" x`:              {"curl", `C:\dir\`, "x"},
		`curl a\b\\c`:                    {"curl", `a\b\\c`},
		"curl ^\"a^\n\nb^\"":             {"curl", "a\nb"},
		"curl ^\"a^\r\n\r\nb^\"":         {"curl", "a\nb"},
		`curl ""`:                        {"curl", ""},
		"curl a & b":                     {"curl", "a"},
		"curl a\r\ncurl b":               {"curl", "a"},
	} {
		got, _, err := Split(line, Cmd)
		require.NoError(t, err, line)
		assert.Equal(t, want, got, line)
	}
	assert.Equal(t, Cmd, shellOf(`curl ^"a^"`))
	assert.Equal(t, POSIX, shellOf(`curl 'a^b'`))
	assert.Equal(t, POSIX, shellOf(`curl -d '^"' a`))
}

func FuzzSplit(f *testing.F) {
	f.Add("it's", "a b", `$'\x41' "\$" ^"`)
	f.Add("", "\\", "a\\\r\n\x00&|>b")
	f.Fuzz(func(t *testing.T, a, b, line string) {
		words, notes, err := Split(quote(a)+" "+quote(b), POSIX)
		if err != nil || len(notes) > 0 || len(words) != 2 || words[0] != a || words[1] != b {
			t.Fatalf("%q %q became %q, %v, %v", a, b, words, notes, err)
		}
		for _, shell := range []Shell{Auto, POSIX, Cmd} {
			if words, _, err := Split(line, shell); err != nil && words != nil {
				t.Fatalf("words beside an error: %q", words)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, c := range commands {
		f.Add(c.line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		c, err := Parse(line, Options{ReadFile: readFile})
		if err != nil {
			return
		}
		if !json.Valid(c.Document) {
			t.Fatalf("no JSON: %s", c.Document)
		}
		out, notes, err := Format(c.Document, FormatOptions{Secrets: true, Credential: c.Credential, CA: c.CA, Proxy: c.Proxy})
		if err != nil || len(notes) > 0 {
			return
		}
		again, err := Parse(out, Options{Shell: POSIX})
		if err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		if len(again.Notes) > 0 || sameJSON(t, c.Document, again.Document) {
			return // a part's headers, which a document does not have
		}
		// A file's name is written without folders, as it is sent.
		if same, _, err := Format(again.Document, FormatOptions{Secrets: true, Credential: again.Credential, CA: again.CA, Proxy: again.Proxy}); err != nil || same != out {
			t.Fatalf("%q\n%s\n%s\n%q, %v", out, c.Document, again.Document, same, err)
		}
	})
}

// sameJSON compares without regard to the order of keys.
func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var texts [2]string
	for i, text := range [][]byte{a, b} {
		v, err := jsonvalue.Parse(text, jsonvalue.Limits{})
		require.NoError(t, err)
		out, err := jsonvalue.Append(nil, v)
		require.NoError(t, err)
		texts[i] = string(out)
	}
	return texts[0] == texts[1]
}
