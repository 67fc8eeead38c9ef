package jsonvalue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/corpus"
)

// PAR-01: every document of the suite is accepted or refused as its name says.
func TestConformanceJSONTestSuite(t *testing.T) {
	folder := filepath.Join(corpus.Folder(t, "jsontestsuite", ""), "test_parsing")
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	type score struct{ passed, total int }
	var must, mustNot, may score
	var failing []string
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(folder, f.Name()))
		require.NoError(t, err)
		_, err = Parse(data, Limits{})
		ok := err == nil
		s := &may
		switch f.Name()[0] {
		case 'y':
			s = &must
		case 'n':
			s, ok = &mustNot, !ok
		}
		s.total++
		if ok {
			s.passed++
		} else if s != &may {
			failing = append(failing, f.Name())
		}
		if validErr := Valid(data, Limits{}); f.Name()[0] != 'i' {
			assert.Equal(t, err == nil, validErr == nil, "%s: Valid and Parse differ", f.Name())
		}
	}
	corpus.Report(t, "jsontestsuite", must.passed+mustNot.passed, must.total+mustNot.total, failing)
	// Refused of these is UTF-16, which is for package content to decode.
	t.Logf("of the cases that a reader may take or refuse, %d of %d are taken", may.passed, may.total)
	assert.GreaterOrEqual(t, may.passed, 26, "as many as encoding/json takes")
	assert.Equal(t, score{95, 95}, must, "must parse")
	assert.Equal(t, score{188, 188}, mustNot, "must not parse")
}

func TestParseValues(t *testing.T) {
	for text, want := range map[string]any{
		`null`:                         nil,
		` true `:                       true,
		`false`:                        false,
		`""`:                           "",
		`"a\"\\\/\b\f\n\r\t"`:          "a\"\\/\b\f\n\r\t",
		`"é\u00e9\ud83d\ude00"`:        "éé😀",
		`[]`:                           []any{},
		`[ ]`:                          []any{},
		`{}`:                           map[string]any{},
		"[1 ,\t2,\n[3]]":               []any{json.Number("1"), json.Number("2"), []any{json.Number("3")}},
		`{"a":{"b":[{}]},"c":-1.5e+3}`: map[string]any{"a": map[string]any{"b": []any{map[string]any{}}}, "c": json.Number("-1.5e+3")},
		`["]","}","\"]"]`:              []any{"]", "}", `"]`},
	} {
		got, err := Parse([]byte(text), Limits{})
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
		require.NoError(t, Valid([]byte(text), Limits{}), text)
	}
}

// PAR-02: depth, of arrays, objects and both, at its limit and a million deep.
func TestPAR02DepthIsBounded(t *testing.T) {
	mixed := func(n int) string { return strings.Repeat(`[{"a":`, n/2) + `1` + strings.Repeat(`}]`, n/2) }
	arrays := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	objects := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	for name, make := range map[string]func(int) string{"mixed": mixed, "arrays": arrays, "objects": objects} {
		t.Run(name, func(t *testing.T) {
			for _, limit := range []int{0, 10_000} {
				depth := limit
				if depth == 0 {
					depth = 512
				}
				_, err := Parse([]byte(make(depth)), Limits{Depth: limit})
				require.NoError(t, err)
				for _, n := range []int{depth + 2, 1_000_000} {
					data := []byte(make(n))
					began := time.Now()
					_, err = Parse(data, Limits{Depth: limit})
					assert.Less(t, time.Since(began), 10*time.Second)
					assert.Equal(t, &LimitError{What: "depth", Limit: depth}, err)
					assert.Equal(t, err, Valid(data, Limits{Depth: limit}))
				}
			}
		})
	}
	_, err := Parse([]byte(strings.Repeat("[", 20_000)), Limits{Depth: 1_000_000})
	assert.Equal(t, &LimitError{What: "depth", Limit: 10_000}, err)
}

func TestNodesAreBounded(t *testing.T) {
	for text, nodes := range map[string]int{
		`1`: 1, `[]`: 1, `{}`: 1, `[1]`: 2, `[1,2]`: 3, `{"a":1,"b":[ ]}`: 3, `[[],[{}]]`: 4, `["a,b","[{"]`: 3,
	} {
		_, err := Parse([]byte(text), Limits{Nodes: nodes})
		assert.NoError(t, err, text)
		if nodes > 1 {
			_, err = Parse([]byte(text), Limits{Nodes: nodes - 1})
			assert.Equal(t, &LimitError{What: "nodes", Limit: nodes - 1}, err, text)
			assert.Equal(t, err, Valid([]byte(text), Limits{Nodes: nodes - 1}), text)
		}
	}
	_, err := Parse([]byte("["+strings.Repeat("1,", 1_000_000)+"1]"), Limits{})
	assert.Equal(t, &LimitError{What: "nodes", Limit: 1_000_000}, err)
}

// PAR-03: numbers stay as they were written.
func TestPAR03NumbersAreExact(t *testing.T) {
	for _, text := range []string{
		"9007199254740993", "12345678901234567890", "1e999", "-0", "0.1", "1E+2", "1.0", "-1", "0",
		"3.141592653589793238462643383279", "10000000000000000999",
	} {
		v, err := Parse([]byte("["+text+"]"), Limits{})
		require.NoError(t, err)
		assert.Equal(t, []any{json.Number(text)}, v)
		back, err := Append(nil, v)
		require.NoError(t, err)
		assert.Equal(t, "["+text+"]", string(back))
	}
}

// PAR-04: what the grammar leaves open.
func TestPAR04RulesOfParse(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want any
	}{
		"duplicate":         {`{"a":1,"b":2,"a":3}`, map[string]any{"a": json.Number("3"), "b": json.Number("2")}},
		"proto":             {`{"__proto__":{"x":1}}`, map[string]any{"__proto__": map[string]any{"x": json.Number("1")}}},
		"empty key":         {`{"":1}`, map[string]any{"": json.Number("1")}},
		"byte order mark":   {"\ufeff{\"a\":1}", map[string]any{"a": json.Number("1")}},
		"escaped NUL":       {`"a\u0000b"`, "a\x00b"},
		"lone high":         {`"\ud800"`, "\ufffd"},
		"lone low":          {`"\udc00x"`, "\ufffdx"},
		"high then letter":  {`"\ud800A\u0041"`, "\ufffdAA"},
		"invalid UTF-8":     {"[\"a\xffb\",\"c\"]", []any{"a\ufffdb", "c"}},
		"invalid in a name": {"{\"a\xff\":1}", map[string]any{"a\ufffd": json.Number("1")}},
	} {
		got, err := Parse([]byte(c.text), Limits{})
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got, name)
	}
	for name, text := range map[string]string{
		"NUL": "\"a\x00b\"", "NUL after": "1\x00", "trailing": `{} x`, "second value": `1 2`, "NDJSON": "{}\n{}\n",
		"empty": "", "space": " \n", "mark alone": "\ufeff", "two marks": "\ufeff\ufeff1", "mark inside": "[\ufeff1]",
		"comment": "1 // one", "trailing comma": "[1,]", "single quotes": "{'a':1}", "NaN": "NaN", "half a mark": "\xef\xbb1",
	} {
		_, err := Parse([]byte(text), Limits{})
		var syntax *SyntaxError
		require.ErrorAs(t, err, &syntax, name)
		assert.Error(t, Valid([]byte(text), Limits{}), name)
	}
}

func TestParseOrdered(t *testing.T) {
	v, err := ParseOrdered([]byte("\ufeff{\"z\":1,\"a\":{\"y\":[{}],\"b\":null}}"), Limits{})
	require.NoError(t, err)
	want := Object{{"z", json.Number("1")}, {"a", Object{{"y", []any{Object{}}}, {"b", nil}}}}
	assert.Equal(t, want, v)
	text, err := Append(nil, v)
	require.NoError(t, err)
	assert.Equal(t, `{"z":1,"a":{"y":[{}],"b":null}}`, string(text))

	for text, want := range map[string]SyntaxError{
		`{"a":1,"a":2}`: {Offset: 7, Line: 1, Column: 8, Path: "a", Reason: "the name is there twice"},
		"{\"l\":[1,\n {\"x y\":{\"b\":1,\n  \"b\":2}}]}": {Offset: 27, Line: 3, Column: 3, Path: `l[1]["x y"].b`, Reason: "the name is there twice"},
	} {
		_, err := ParseOrdered([]byte(text), Limits{})
		assert.Equal(t, &want, err)
	}
	for _, text := range []string{`"\ud800"`, "\"\xff\"", "{\"a\xff\":1}"} {
		_, err := ParseOrdered([]byte(text), Limits{})
		var syntax *SyntaxError
		assert.ErrorAs(t, err, &syntax, text)
	}
}

func TestSyntaxErrorPosition(t *testing.T) {
	_, err := Parse([]byte("\ufeff{\"é\": tru}"), Limits{})
	var syntax *SyntaxError
	require.ErrorAs(t, err, &syntax)
	assert.Equal(t, 1, syntax.Line)
	assert.Equal(t, int64(13), syntax.Offset)
	assert.Equal(t, 10, syntax.Column)
	_, err = Parse([]byte("{\n\"a\":\n  [1 2]}"), Limits{})
	require.ErrorAs(t, err, &syntax)
	assert.Equal(t, 3, syntax.Line)
	assert.Equal(t, 6, syntax.Column)
	assert.Equal(t, "a", syntax.Path)
	_, err = Parse([]byte("{\"a\":1}\n }"), Limits{})
	require.ErrorAs(t, err, &syntax)
	assert.Equal(t, [2]int{2, 2}, [2]int{syntax.Line, syntax.Column})
}

// A document may hold passwords: an error says where it is wrong and shows none
// of it.
func TestSyntaxErrorsQuoteNothing(t *testing.T) {
	for text, want := range map[string]string{
		`{"p":"\ud800QZXKV"}`:       "invalid surrogate pair in string",
		`{"p":"\ud800\uQZXKV"}`:     "invalid surrogate pair in string",
		`{"p":"\ud800\u0041QZXKV"}`: "invalid surrogate pair in string",
		`{"p":"\udc00QZXKV"}`:       "invalid surrogate pair in string",
		`{"p":"\uQZXKV"}`:           "invalid escape sequence in string",
		`{"p":"\u00QZXKV"}`:         "invalid escape sequence in string",
		`{"p":"\ZQXKV"}`:            "invalid escape sequence in string",
		"{\"p\":\"\nQZXKV\"}":       "invalid character in string (expecting non-control character)",
		"{\"p\":\"QZXKV\xff\"}":     "invalid UTF-8",
		`{"p":QZXKV}`:               "invalid character at start of value",
		`{"p":tQZXKV}`:              "invalid character in literal true (expecting 'r')",
		`{"p":1.QZXKV}`:             "invalid character in number (expecting digit)",
		`{"p":"x"QZXKV}`:            "invalid character after object value (expecting ',' or '}')",
		`{"p"QZXKV}`:                "invalid character after object name (expecting ':')",
		`[1 QZXKV]`:                 "invalid character after array element (expecting ',' or ']')",
		`{QZXKV`:                    "",
		`{}QZXKV`:                   "",
		`{"p":"QZXKV`:               "the text ends too early",
	} {
		_, err := ParseOrdered([]byte(text), Limits{})
		var syntax *SyntaxError
		require.ErrorAs(t, err, &syntax, text)
		if want != "" {
			assert.Equal(t, want, syntax.Reason, text)
		}
		assert.False(t, strings.ContainsAny(err.Error(), "QZXKV"), "%s: %v", text, err)
	}
}

func TestValidRefusesWhatCannotBePassedOn(t *testing.T) {
	var syntax *SyntaxError
	require.ErrorAs(t, Valid([]byte("\ufeff1"), Limits{}), &syntax)
	require.ErrorAs(t, Valid([]byte("[\"a\xff\"]"), Limits{}), &syntax)
	assert.Equal(t, int64(3), syntax.Offset)
	assert.NoError(t, Valid([]byte(`["\ud800",{"a":1,"a":2}]`), Limits{}))
}

func TestParseCopiesItsInput(t *testing.T) {
	data := []byte(`{"name":["value",12345,"an\u0020escape"]}`)
	v, err := Parse(data, Limits{})
	require.NoError(t, err)
	for i := range data {
		data[i] = 'x'
	}
	assert.Equal(t, map[string]any{"name": []any{"value", json.Number("12345"), "an escape"}}, v)
}

// FuzzParse holds Parse, ParseOrdered and Valid against each other and against
// encoding/json.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,2.5e3,"x\u00e9\n",null,true,false,{"b":{}}]}`, `[[[[]]]]`, `"\ud83d\ude00\ud800"`, "\ufeff1", `{"a":1,"a":2}`,
		"[\"\xff\"]", `{`, `[1,]`, ` `, `-0.0E-1`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data, Limits{})
		_, orderedErr := ParseOrdered(data, Limits{})
		validErr := Valid(data, Limits{})
		if err != nil {
			require.Error(t, orderedErr)
			require.Error(t, validErr)
			require.NotEmpty(t, err.Error())
			return
		}
		text, err := Append(nil, v)
		require.NoError(t, err)
		again, err := Parse(text, Limits{})
		require.NoError(t, err)
		require.Equal(t, v, again)

		var std any
		d := json.NewDecoder(strings.NewReader(strings.TrimPrefix(string(data), "\ufeff")))
		d.UseNumber()
		require.NoError(t, d.Decode(&std))
		require.Equal(t, std, v)
	})
}

func TestParseEndsWithItsContext(t *testing.T) {
	cause := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	many := strings.Repeat("1,", 2*askEvery) + "1"
	names := new(strings.Builder)
	for i := range askEvery {
		fmt.Fprintf(names, `"%d":1,`, i)
	}
	texts := []string{"[" + many + "]", `{"a":[` + many + `]}`, "{" + names.String() + `"":1}`}
	for _, text := range texts {
		_, err := Parse([]byte(text), Limits{While: ctx})
		require.NoError(t, err)
	}
	cancel(cause)
	for _, text := range texts {
		_, err := Parse([]byte(text), Limits{While: ctx})
		assert.Equal(t, cause, err)
		_, err = Parse([]byte(text), Limits{})
		require.NoError(t, err, "nothing of it is kept")
	}
}
