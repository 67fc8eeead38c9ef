package xmlvalue

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// refused has documents that are not well-formed, and why.
var refused = map[string]Code{
	"":                                       CodeNotWellFormed,
	" \n":                                    CodeNotWellFormed,
	"text":                                   CodeNotWellFormed,
	"<a>":                                    CodeNotWellFormed,
	"<a":                                     CodeNotWellFormed,
	"<a>x":                                   CodeNotWellFormed,
	"<a></b>":                                CodeNotWellFormed,
	"<a></a x>":                              CodeNotWellFormed,
	"</a>":                                   CodeNotWellFormed,
	"<a/><b/>":                               CodeNotWellFormed,
	"<a/>text":                               CodeNotWellFormed,
	"text<a/>":                               CodeNotWellFormed,
	"<a/><![CDATA[x]]>":                      CodeNotWellFormed,
	"<![CDATA[x]]><a/>":                      CodeNotWellFormed,
	"<a/>&amp;":                              CodeNotWellFormed,
	"<a><b></a></b>":                         CodeNotWellFormed,
	"<A></a>":                                CodeNotWellFormed,
	"< a/>":                                  CodeNotWellFormed,
	"<a / >":                                 CodeNotWellFormed,
	"<1a/>":                                  CodeNotWellFormed,
	"<-a/>":                                  CodeNotWellFormed,
	"<a$/>":                                  CodeNotWellFormed,
	"<\u00d7/>":                              CodeNotWellFormed,
	"<a x/>":                                 CodeNotWellFormed,
	"<a x=1/>":                               CodeNotWellFormed,
	"<a x='1\"/>":                            CodeNotWellFormed,
	"<a x='1'y='2'/>":                        CodeNotWellFormed,
	"<a x='1' x='2'/>":                       CodeNotWellFormed,
	"<a x='<'/>":                             CodeNotWellFormed,
	"<a x='&'/>":                             CodeNotWellFormed,
	"<a x='\x01'/>":                          CodeNotWellFormed,
	"<a x='\uffff'/>":                        CodeNotWellFormed,
	"<a 1x=''/>":                             CodeNotWellFormed,
	"<a>]]></a>":                             CodeNotWellFormed,
	"<a>\x00</a>":                            CodeNotWellFormed,
	"<a>\x08</a>":                            CodeNotWellFormed,
	"<a>\uffff</a>":                          CodeNotWellFormed,
	"<a>\ufffe</a>":                          CodeNotWellFormed,
	"<a>&</a>":                               CodeNotWellFormed,
	"<a>& b</a>":                             CodeNotWellFormed,
	"<a>&;</a>":                              CodeNotWellFormed,
	"<a>&nbsp;</a>":                          CodeNotWellFormed,
	"<a>&AMP;</a>":                           CodeNotWellFormed,
	"<a>&amp</a>":                            CodeNotWellFormed,
	"<a>&#0;</a>":                            CodeNotWellFormed,
	"<a>&#8;</a>":                            CodeNotWellFormed,
	"<a>&#xD800;</a>":                        CodeNotWellFormed,
	"<a>&#xFFFE;</a>":                        CodeNotWellFormed,
	"<a>&#x110000;</a>":                      CodeNotWellFormed,
	"<a>&#99999999999;</a>":                  CodeNotWellFormed,
	"<a>&#X41;</a>":                          CodeNotWellFormed,
	"<a>&#+65;</a>":                          CodeNotWellFormed,
	"<a>&#6_5;</a>":                          CodeNotWellFormed,
	"<a>&#x;</a>":                            CodeNotWellFormed,
	"<a><!-- -- --></a>":                     CodeNotWellFormed,
	"<a><!-- ---></a>":                       CodeNotWellFormed,
	"<a><!--></a>":                           CodeNotWellFormed,
	"<a><!-- \x01 --></a>":                   CodeNotWellFormed,
	"<a><!-- ></a>":                          CodeNotWellFormed,
	"<a><! x></a>":                           CodeNotWellFormed,
	"<a><!ELEMENT a ANY></a>":                CodeNotWellFormed,
	"<a><![CDATA[x]]</a>":                    CodeNotWellFormed,
	"<a><![cdata[x]]></a>":                   CodeNotWellFormed,
	"<a><![CDATA[\x02]]></a>":                CodeNotWellFormed,
	"<a><?xml?></a>":                         CodeNotWellFormed,
	"<a><?XmL x?></a>":                       CodeNotWellFormed,
	"<a><??></a>":                            CodeNotWellFormed,
	"<a><?1?></a>":                           CodeNotWellFormed,
	"<a><?p$?></a>":                          CodeNotWellFormed,
	"<a><?p</a>":                             CodeNotWellFormed,
	"<a><? p?></a>":                          CodeNotWellFormed,
	" <?xml version='1.0'?><a/>":             CodeNotWellFormed,
	"<!-- x --><?xml version='1.0'?><a/>":    CodeNotWellFormed,
	"<?xml?><a/>":                            CodeNotWellFormed,
	"<?xml ?><a/>":                           CodeNotWellFormed,
	"<?xml encoding='utf-8'?><a/>":           CodeNotWellFormed,
	"<?xml version='2.0'?><a/>":              CodeNotWellFormed,
	"<?xml version='1.'?><a/>":               CodeNotWellFormed,
	"<?xml version=1.0?><a/>":                CodeNotWellFormed,
	"<?xml VERSION='1.0'?><a/>":              CodeNotWellFormed,
	"<?xml version='1.0' encoding=''?><a/>":  CodeNotWellFormed,
	"<?xml version='1.0' encoding='8'?><a/>": CodeNotWellFormed,
	"<?xml version='1.0' encoding='a b'?><a/>":                   CodeNotWellFormed,
	"<?xml version='1.0' standalone='maybe'?><a/>":               CodeNotWellFormed,
	"<?xml version='1.0' standalone='no' encoding='utf-8'?><a/>": CodeNotWellFormed,
	"<?xml version='1.0'encoding='utf-8'?><a/>":                  CodeNotWellFormed,
	"<?xml version='1.0'><a/>":                                   CodeNotWellFormed,
	"<?xml version='1.0' x='y'?><a/>":                            CodeNotWellFormed,
	"<p:a/>":                                                     CodeNamespace,
	"<a p:x='1'/>":                                               CodeNamespace,
	"<a xmlns:p='u'/><p:b/>":                                     CodeNotWellFormed,
	"<a><b xmlns:p='u'/><p:c/></a>":                              CodeNamespace,
	"<:a/>":                                                      CodeNamespace,
	"<a:/>":                                                      CodeNamespace,
	"<a:b:c xmlns:a='u'/>":                                       CodeNamespace,
	"<a:1 xmlns:a='u'/>":                                         CodeNamespace,
	"<a xmlns:p=''/>":                                            CodeNamespace,
	"<a xmlns:xmlns='u'/>":                                       CodeNamespace,
	"<xmlns:a/>":                                                 CodeNamespace,
	"<a xmlns:xml='u'/>":                                         CodeNamespace,
	"<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>": CodeNamespace,
	"<a xmlns='http://www.w3.org/XML/1998/namespace'/>":   CodeNamespace,
	"<a xmlns:p='http://www.w3.org/2000/xmlns/'/>":        CodeNamespace,
	"<a xmlns:p='u' xmlns:q='u' p:x='1' q:x='2'/>":        CodeNamespace,
	"<a><?p:q?></a>":   CodeNamespace,
	"<!DOCTYPE a><a/>": CodeDTD,
	"<?xml version='1.0'?>\n<!-- c -->\n<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/x.dtd'><a/>": CodeDTD,
	"\xff":                       CodeEncoding,
	"<a>\xe9</a>":                CodeEncoding,
	"<a>\xed\xa0\x80</a>":        CodeEncoding,
	"<a>\xc0\x80</a>":            CodeEncoding,
	"\xfe\xff\x00<\xd8\x00\x00>": CodeEncoding,
	"\xff\xfe<\x00a":             CodeEncoding,
}

func TestRefused(t *testing.T) {
	for text, code := range refused {
		_, err := Parse([]byte(text), Limits{})
		var syntax *SyntaxError
		if assert.ErrorAs(t, err, &syntax, "%q", text) {
			assert.Equal(t, code, syntax.Code, "%q: %v", text, err)
			assert.NotEmpty(t, syntax.Reason)
			assert.GreaterOrEqual(t, syntax.Column, 1)
		}
	}
}

// TestStricterThanTheStandardLibrary says why there is a parser of our own: each
// of these passes encoding/xml's.
func TestStricterThanTheStandardLibrary(t *testing.T) {
	for what, text := range map[string]string{
		"an attribute twice":             "<a x='1' x='2'/>",
		"an undeclared prefix":           "<p:a/>",
		"text around the root":           "text<a/>text",
		"two roots":                      "<a/><b/>",
		"no root":                        "<!-- nothing -->",
		"a declaration that comes late":  "<a/><?xml version='1.0'?>",
		"a document type declaration":    "<!DOCTYPE a><a/>",
		"attributes without a space":     "<a x='1'y='2'/>",
		"an instruction named XML":       "<?XML x?><a/>",
		"a colon where none may be":      "<a xmlns:a='u'><a:1/></a>",
		"a declaration inside of a root": "<a><!ELEMENT a ANY></a>",
	} {
		d := xml.NewDecoder(strings.NewReader(text))
		var err error
		for err == nil {
			_, err = d.Token()
		}
		if err != io.EOF {
			t.Logf("%s: encoding/xml refuses it by now", what)
		}
		_, err = Parse([]byte(text), Limits{})
		assert.Error(t, err, what)
	}
}

func TestAccepted(t *testing.T) {
	for _, text := range []string{
		"<a/>", "<a></a >", "<a\n/>", "\ufeff<a/>", "<?xml version='1.0'?><a/>", "<?xml\tversion=\"1.1\"\nencoding='x-y_1.z' standalone = 'yes' ?>\n<a/>\n",
		"<!-- - --><?p?><a/><?p  <&> ]]> -- ?><!----> ", "<_:a xmlns:_='u'/>", "<é·1.-_/>", "<a x='\"' y=\"'>\"/>", "<a>]] > ]]&gt;</a>",
		"<a xml:lang='de' xmlns:xml='http://www.w3.org/XML/1998/namespace'/>", "<a xmlns=''/>", "<a xmlns='u'><b xmlns=''/></a>",
		"<p:a xmlns:p='u'><p:b xmlns:p='v'><p:c/></p:b><p:d/></p:a>", "<a xmlns:p='u' x='1' p:x='2'/>", "<a>\u007f\u0085\U0010fffd&#x10FFFD;\ufffd</a>",
		"<xml-stylesheet/>", "<?xml-stylesheet href='x'?><a/>", "<a><![CDATA[<&>]] ]>]]></a>", "<𐀀/>",
	} {
		_, err := Parse([]byte(text), Limits{})
		assert.NoError(t, err, "%q", text)
	}
}

func TestSyntaxErrorPosition(t *testing.T) {
	_, err := Parse([]byte("\ufeff<feed>\r\n <é>ä<b x='1' x='2'/></é></feed>"), Limits{})
	assert.Equal(t, &SyntaxError{Offset: 27, Line: 2, Column: 15, Path: "feed/é/b", Code: CodeNotWellFormed, Reason: "the attribute is there twice"}, err)
	assert.Equal(t, "XML: the attribute is there twice, line 2, column 15, in feed/é/b", err.Error())
}

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

func TestPAR07Limits(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	for _, n := range []int{513, 10_001, 200_000, 2_000_000} {
		began := time.Now()
		_, err := Parse([]byte(deep(n)), Limits{})
		assert.Equal(t, &LimitError{What: "depth", Limit: 512}, err)
		assert.Less(t, time.Since(began), 20*time.Second)
	}
	_, err := Parse([]byte(deep(512)), Limits{})
	assert.NoError(t, err)
	_, err = Parse([]byte(deep(100_000)), Limits{Depth: 100_000})
	assert.NoError(t, err)

	siblings := "<r>" + strings.Repeat("<a/>", 1_000_000) + "</r>"
	_, err = Parse([]byte(siblings), Limits{})
	assert.Equal(t, &LimitError{What: "nodes", Limit: 1_000_000}, err)
	_, err = Parse([]byte("<r><a x='1'/></r>"), Limits{Nodes: 2})
	assert.Equal(t, &LimitError{What: "nodes", Limit: 2}, err)

	var b strings.Builder
	b.WriteString("<a")
	for i := range 300_000 {
		b.WriteString(" x" + strings.Repeat("y", i%7) + string(rune('a'+i%26)) + "='1'")
	}
	_, err = Parse([]byte("<a a='1' b='2' c='3'/>"), Limits{Attributes: 2})
	assert.Equal(t, &LimitError{What: "attributes", Limit: 2}, err)
	_, err = Parse([]byte(b.String()+"/>"), Limits{})
	assert.Error(t, err)

	began := time.Now()
	_, err = Parse([]byte("<a>"+strings.Repeat("text ", 4<<20)+"</a>"), Limits{})
	assert.NoError(t, err)
	assert.Less(t, time.Since(began), 20*time.Second)
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
	f.Fuzz(func(t *testing.T, data []byte) {
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
		require.Equal(t, plainTree(t, data), flatten(got))
	})
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
