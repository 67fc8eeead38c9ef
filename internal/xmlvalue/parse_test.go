package xmlvalue

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSyntaxErrorPosition(t *testing.T) {
	_, err := Parse([]byte("\ufeff<feed>\r\n <é>ä<b x='1' x='2'/></é></feed>"), Limits{})
	assert.Equal(t, &SyntaxError{Offset: 27, Line: 2, Column: 15, Path: "feed/é/b", Code: CodeNotWellFormed, Reason: "the attribute is there twice"}, err)
	assert.Equal(t, "XML: the attribute is there twice, line 2, column 15, in feed/é/b", err.Error())
}

// PAR-05: UTF-16, with a mark and without.
func TestPAR05UTF16(t *testing.T) {
	encode := func(s string, mark, bigEndian bool) (out []byte) {
		if mark {
			s = "\ufeff" + s
		}
		for _, u := range utf16.Encode([]rune(s)) {
			if bigEndian {
				out = append(out, byte(u>>8), byte(u))
			} else {
				out = append(out, byte(u), byte(u>>8))
			}
		}
		return out
	}
	for _, text := range []string{`<?xml version="1.0" encoding="UTF-16"?><a>é😀</a>`, "<a>é😀</a>"} {
		for _, bigEndian := range []bool{true, false} {
			for _, mark := range []bool{true, false} {
				got, err := Parse(encode(text, mark, bigEndian), Limits{})
				require.NoError(t, err, "%s %v %v", text, bigEndian, mark)
				assert.Equal(t, map[string]any{"a": "é😀"}, got)
			}
		}
	}
}

// PAR-06: a document type declaration is refused, before anything in it counts.
func TestPAR06NoDTD(t *testing.T) {
	lol := `<!DOCTYPE lolz [<!ENTITY lol "lol">`
	for i := range 9 {
		lol += `<!ENTITY lol` + string(rune('1'+i)) + ` "` + strings.Repeat("&lol;", 10) + `">`
	}
	for name, text := range map[string]string{
		"billion laughs":   lol + `]><lolz>&lol9;</lolz>`,
		"quadratic":        `<!DOCTYPE a [<!ENTITY x "` + strings.Repeat("x", 50_000) + `">]><a>` + strings.Repeat("&x;", 50_000) + `</a>`,
		"external file":    `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>`,
		"external address": `<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:1/">]><a>&x;</a>`,
		"parameter entity": `<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/">%x;]><a/>`,
		"external subset":  `<!DOCTYPE a PUBLIC "-//x//y" "http://127.0.0.1:1/a.dtd"><a/>`,
	} {
		_, err := Parse([]byte(text), Limits{})
		var syntax *SyntaxError
		require.ErrorAs(t, err, &syntax, name)
		assert.Equal(t, CodeDTD, syntax.Code, name)
	}
	got, err := Parse([]byte(`<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/hostname"/></a>`), Limits{})
	require.NoError(t, err)
	include := map[string]any{"_attributes": map[string]any{"href": "file:///etc/hostname"}}
	assert.Equal(t, []any{include}, got["a"].(map[string]any)["xi:include"])
}

// PAR-07: depth, attributes, siblings and text at sizes that hurt.
func TestPAR07Limits(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	for _, n := range []int{513, 10_001, 200_000, 10_000_000} {
		began := time.Now()
		_, err := Parse([]byte(deep(n)), Limits{})
		assert.Equal(t, &LimitError{What: "depth", Limit: 512}, err)
		assert.Less(t, time.Since(began), 20*time.Second)
	}
	_, err := Parse([]byte(deep(512)), Limits{})
	assert.NoError(t, err)
	_, err = Parse([]byte(deep(100_000)), Limits{Depth: 100_000})
	assert.NoError(t, err)

	// 1,000,000 attributes of one element, and none is looked at past the limit.
	var many strings.Builder
	many.WriteString("<a")
	for i := range 1_000_000 {
		fmt.Fprintf(&many, " x%d='1'", i)
	}
	_, err = Parse([]byte(many.String()+"/>"), Limits{})
	assert.Equal(t, &LimitError{What: "attributes", Limit: 1000}, err)

	siblings := "<r>" + strings.Repeat("<a/>", 1_000_000) + "</r>"
	_, err = Parse([]byte(siblings), Limits{})
	assert.Equal(t, &LimitError{What: "nodes", Limit: 1_000_000}, err)
	_, err = Parse([]byte("<r><a x='1'/></r>"), Limits{Nodes: 2})
	assert.Equal(t, &LimitError{What: "nodes", Limit: 2}, err)

	_, err = Parse([]byte("<a a='1' b='2' c='3'/>"), Limits{Attributes: 2})
	assert.Equal(t, &LimitError{What: "attributes", Limit: 2}, err)

	began := time.Now()
	_, err = Parse([]byte("<a>"+strings.Repeat("text ", 20<<20)+"</a>"), Limits{})
	assert.NoError(t, err)
	assert.Less(t, time.Since(began), 60*time.Second)
}

// TestHostileShapesAreLinear: nothing here may cost more than its size.
func TestHostileShapesAreLinear(t *testing.T) {
	many := func(make func(i int) string, n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(make(i))
		}
		return b.String()
	}
	name := func(i int) string {
		return "n" + strings.Repeat("x", i%13) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676%26))
	}
	for what, text := range map[string]string{
		"mixed content":   "<r>" + strings.Repeat("t<a/>", 300_000) + "</r>",
		"references":      "<r>" + strings.Repeat("&amp;", 1_000_000) + "</r>",
		"different names": "<r>" + many(func(i int) string { return "<" + name(i) + "/>" }, 300_000) + "</r>",
		"line ends":       "<r>" + strings.Repeat("\r", 2_000_000) + "</r>",
		"brackets":        "<r>" + strings.Repeat("]", 2_000_000) + "</r>",
		"ampersands":      "<r>" + strings.Repeat("&", 1_000_000) + "</r>",
		"scopes":          strings.Repeat("<a xmlns:p='u' xmlns:q='v' p:x='1'>", 500) + strings.Repeat("<p:b/>", 100_000) + strings.Repeat("</a>", 500),
		"comments":        "<r>" + strings.Repeat("x<!---->", 300_000) + "</r>",
	} {
		began := time.Now()
		_, _ = Parse([]byte(text), Limits{})
		assert.Less(t, time.Since(began), 20*time.Second, what)
	}
}

// FuzzParse holds the parser against encoding/xml, which accepts more.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`<?xml version="1.0" encoding="utf-8"?><r a="1 &lt;"><b>x</b><b/>t&#65;<!-- c --><?p x?><![CDATA[ <]]></r>`,
		"<s:E xmlns:s='u'>\r\n<s:B s:k='v'>1</s:B></s:E>", "<a><_value/>x</a>", "<!DOCTYPE a><a/>", "<a x='1' x='2'/>", "\xff\xfe<\x00a\x00/\x00>\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(agrees)
}

// agrees holds Parse against encoding/xml, which accepts more.
func agrees(t *testing.T, data []byte) {
	got, err := Parse(data, Limits{})
	if err != nil {
		require.NotEmpty(t, err.Error())
		return
	}
	_, err = json.Marshal(got)
	require.NoError(t, err)
	if strings.ContainsFunc(string(data), func(r rune) bool { return r > 0x7e }) || strings.Contains(string(data), "_value") ||
		strings.Contains(string(data), "_attributes") || strings.Contains(string(data), "<?xml") || isUTF16(data) {
		return // they differ by editions of XML, and the plain tree below knows no collisions and no UTF-16
	}
	require.Equal(t, plainTree(t, data), flatten(got), "%q", data)
}

// plainTree is the document's shape by encoding/xml, written the slow way.
func plainTree(t *testing.T, data []byte) any {
	d := xml.NewDecoder(strings.NewReader(string(data)))
	type open struct {
		name  string
		value map[string]any
		text  string
		cdata bool
	}
	stack := []open{{value: map[string]any{}}}
	for {
		token, err := d.RawToken()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		top := &stack[len(stack)-1]
		switch token := token.(type) {
		case xml.StartElement:
			e := open{name: written(token.Name), value: map[string]any{}}
			for _, a := range token.Attr {
				attributes, _ := e.value["_attributes"].(map[string]any)
				if attributes == nil {
					attributes = map[string]any{}
				}
				attributes[written(a.Name)] = a.Value
				e.value["_attributes"] = attributes
			}
			stack = append(stack, e)
		case xml.CharData:
			top.text += string(token)
			top.cdata = top.cdata || strings.HasSuffix(string(data[:d.InputOffset()]), "]]>")
		case xml.EndElement:
			stack = stack[:len(stack)-1]
			parent := &stack[len(stack)-1]
			var v any = top.text
			if len(top.value) > 0 {
				if top.text != "" && (top.cdata || strings.Trim(top.text, " \r\n\t") != "") {
					top.value["_value"] = top.text
				}
				v = top.value
			}
			if len(stack) == 1 {
				parent.value[top.name] = v
				continue
			}
			list, _ := parent.value[top.name].([]any)
			parent.value[top.name] = append(list, v)
		}
	}
	return flatten(stack[0].value)
}

func written(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

// flatten removes what encoding/xml leaves alone: line ends in attributes.
func flatten(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, item := range v {
			v[k] = flatten(item)
		}
	case []any:
		for i := range v {
			v[i] = flatten(v[i])
		}
	case string:
		return strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ", "\t", " ").Replace(v)
	}
	return v
}

func TestParseEndsWithItsContext(t *testing.T) {
	cause := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	texts := []string{"<a>" + strings.Repeat("<b/>", askEvery) + "</a>", "<a>" + strings.Repeat("&amp;", askEvery) + "</a>", "<a b='" + strings.Repeat("&#32;", askEvery) + "'/>"}
	for _, text := range texts {
		_, err := Parse([]byte(text), Limits{While: ctx})
		require.NoError(t, err)
	}
	cancel(cause)
	for _, text := range texts {
		_, err := Parse([]byte(text), Limits{While: ctx})
		assert.Equal(t, cause, err)
	}
}
