package xmlvalue

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
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
	// Tags, XML 1.0 section 3.1.
	"<a></ a>":             CodeNotWellFormed,
	"<a></a":               CodeNotWellFormed,
	"<a></>":               CodeNotWellFormed,
	"<>":                   CodeNotWellFormed,
	"<":                    CodeNotWellFormed,
	"</":                   CodeNotWellFormed,
	"<a/":                  CodeNotWellFormed,
	"<a/ >":                CodeNotWellFormed,
	"<a x='1'/ >":          CodeNotWellFormed,
	"<a x='1' /x>":         CodeNotWellFormed,
	"<a\u00a0x='1'/>":      CodeNotWellFormed,
	"<a\x0bx='1'/>":        CodeNotWellFormed,
	"<a x = />":            CodeNotWellFormed,
	"<a =''/>":             CodeNotWellFormed,
	"<a x=''''/>":          CodeNotWellFormed,
	"<a x='1'x='2'/>":      CodeNotWellFormed,
	"<a x=`1`/>":           CodeNotWellFormed,
	"<a x='1":              CodeNotWellFormed,
	"<a x=":                CodeNotWellFormed,
	"<a><b/></a></a>":      CodeNotWellFormed,
	"<a/></a>":             CodeNotWellFormed,
	"<a><a/>":              CodeNotWellFormed,
	"<a><b x='</b>'/></a>": CodeNotWellFormed,
	// Names, section 2.3.
	"<.a/>":                     CodeNotWellFormed,
	"<\u00b7a/>":                CodeNotWellFormed,
	"<\u0300a/>":                CodeNotWellFormed,
	"<\u037e/>":                 CodeNotWellFormed,
	"<a\u00d7/>":                CodeNotWellFormed,
	"<a\u2190/>":                CodeNotWellFormed,
	"<\u203f/>":                 CodeNotWellFormed,
	"<a\u3000/>":                CodeNotWellFormed,
	"<\U000f0000/>":             CodeNotWellFormed,
	"<a @x='1'/>":               CodeNotWellFormed,
	"<a x!='1'/>":               CodeNotWellFormed,
	"<a b\u2028c='1'/>":         CodeNotWellFormed,
	"<a><?\u00d7?></a>":         CodeNotWellFormed,
	"<a><?p?x?></a>":            CodeNotWellFormed,
	"<a><?p x? ></a>":           CodeNotWellFormed,
	"<a/><?":                    CodeNotWellFormed,
	"<a/><?xml version='1.0'?>": CodeNotWellFormed,
	// References, sections 4.1 and 4.6.
	"<a>&#65</a>":          CodeNotWellFormed,
	"<a>&# 65;</a>":        CodeNotWellFormed,
	"<a>&#-65;</a>":        CodeNotWellFormed,
	"<a>&#0x41;</a>":       CodeNotWellFormed,
	"<a>&#x4G;</a>":        CodeNotWellFormed,
	"<a>&#1;</a>":          CodeNotWellFormed,
	"<a>&#x1F;</a>":        CodeNotWellFormed,
	"<a>&#xFFFF;</a>":      CodeNotWellFormed,
	"<a>&#xDFFF;</a>":      CodeNotWellFormed,
	"<a>&#x100000041;</a>": CodeNotWellFormed,
	"<a>&lt</a>":           CodeNotWellFormed,
	"<a>& lt;</a>":         CodeNotWellFormed,
	"<a>&lt ;</a>":         CodeNotWellFormed,
	"<a>&LT;</a>":          CodeNotWellFormed,
	"<a>&copy;</a>":        CodeNotWellFormed,
	"<a>%x;&y;</a>":        CodeNotWellFormed,
	"<a>&":                 CodeNotWellFormed,
	"<a>&#":                CodeNotWellFormed,
	"<a>&#x":               CodeNotWellFormed,
	"<a x='&lt'/>":         CodeNotWellFormed,
	"<a x='&#0;'/>":        CodeNotWellFormed,
	"<a x='&nbsp;'/>":      CodeNotWellFormed,
	"&#32;<a/>":            CodeNotWellFormed,
	"<&amp;a/>":            CodeNotWellFormed,
	// Characters, section 2.2; comments, 2.5; instructions, 2.6; CDATA, 2.7.
	"\x0c<a/>":                CodeNotWellFormed,
	"<a/>\x00":                CodeNotWellFormed,
	"<a>\x1f</a>":             CodeNotWellFormed,
	"<a>\x0b</a>":             CodeNotWellFormed,
	"<a x='\ufffe'/>":         CodeNotWellFormed,
	"<a><?p \x01?></a>":       CodeNotWellFormed,
	"<a><?p \uffff?></a>":     CodeNotWellFormed,
	"<a><!-- \ufffe --></a>":  CodeNotWellFormed,
	"\ufeff\ufeff<a/>":        CodeNotWellFormed,
	"<!-- x ---><a/>":         CodeNotWellFormed,
	"<!- x --><a/>":           CodeNotWellFormed,
	"<! -- x --><a/>":         CodeNotWellFormed,
	"<!-- x":                  CodeNotWellFormed,
	"<a/><!-- x":              CodeNotWellFormed,
	"<a/><!--- x --- -->":     CodeNotWellFormed,
	"<a><!--x--></b>":         CodeNotWellFormed,
	"<a><![CDATA[]]]></b>":    CodeNotWellFormed,
	"<a><![CDATA [x]]></a>":   CodeNotWellFormed,
	"<a><! [CDATA[x]]></a>":   CodeNotWellFormed,
	"<a><![CDATA[x]] ></a>":   CodeNotWellFormed,
	"<a x='<![CDATA[1]]>'/>":  CodeNotWellFormed,
	"<a><![INCLUDE[x]]></a>":  CodeNotWellFormed,
	"<a>x]]>y</a>":            CodeNotWellFormed,
	"<a><![CDATA[x]]>]]></a>": CodeNotWellFormed,
	// The declaration, section 2.8.
	"<?xml version='1.0'":                                CodeNotWellFormed,
	"<?xml version='1.0'?>":                              CodeNotWellFormed,
	"<?xml version='1.0' ? ><a/>":                        CodeNotWellFormed,
	"<?xml version=\"1.0'?><a/>":                         CodeNotWellFormed,
	"<?xml version='1.0a'?><a/>":                         CodeNotWellFormed,
	"<?xml version=' 1.0'?><a/>":                         CodeNotWellFormed,
	"<?xml version='1.0' version='1.0'?><a/>":            CodeNotWellFormed,
	"<?xml encoding='utf-8' version='1.0'?><a/>":         CodeNotWellFormed,
	"<?xml version='1.0' encoding=utf-8?><a/>":           CodeNotWellFormed,
	"<?xml version='1.0' encoding='utf-8?><a/>":          CodeNotWellFormed,
	"<?xml version='1.0' encoding='-8'?><a/>":            CodeNotWellFormed,
	"<?xml version='1.0' ENCODING='utf-8'?><a/>":         CodeNotWellFormed,
	"<?xml version='1.0' standalone='YES'?><a/>":         CodeNotWellFormed,
	"<?xml version='1.0' standalone=yes?><a/>":           CodeNotWellFormed,
	"<?xml version='1.0' standalone='yes'encoding='x'?>": CodeNotWellFormed,
	"<?XML version='1.0'?><a/>":                          CodeNotWellFormed,
	"<?xml version='1.0'?><?xml version='1.0'?><a/>":     CodeNotWellFormed,
	"\n<?xml version='1.0'?><a/>":                        CodeNotWellFormed,
	// Namespaces in XML.
	"<a xmlns:1='u'/>":                                         CodeNamespace,
	"<a xmlns:='u'/>":                                          CodeNamespace,
	"<a :x='1'/>":                                              CodeNamespace,
	"<a x:='1'/>":                                              CodeNamespace,
	"<a xmlns:p='u' p:x:y='1'/>":                               CodeNamespace,
	"<p:a xmlns:p='u'></q:a>":                                  CodeNotWellFormed,
	"<p:a xmlns:p='u' xmlns:q='u'></q:a>":                      CodeNotWellFormed,
	"<a xmlns='http://www.w3.org/2000/xmlns/'/>":               CodeNamespace,
	"<a xmlns:p='u' xmlns:p='v'/>":                             CodeNotWellFormed,
	"<a xmlns='u' xmlns='v'/>":                                 CodeNotWellFormed,
	"<xml:a xmlns:xml='http://www.w3.org/XML/1998/namespac'/>": CodeNamespace,
}

// accepted has documents at the edges of what is well-formed.
var accepted = []string{
	"<a/>", "<a></a >", "<a\n/>", "\ufeff<a/>", "<?xml version='1.0'?><a/>", "<?xml\tversion=\"1.1\"\nencoding='x-y_1.z' standalone = 'yes' ?>\n<a/>\n",
	"<!-- - --><?p?><a/><?p  <&> ]]> -- ?><!----> ", "<_:a xmlns:_='u'/>", "<é·1.-_/>", "<a x='\"' y=\"'>\"/>", "<a>]] > ]]&gt;</a>",
	"<a xml:lang='de' xmlns:xml='http://www.w3.org/XML/1998/namespace'/>", "<a xmlns=''/>", "<a xmlns='u'><b xmlns=''/></a>",
	"<p:a xmlns:p='u'><p:b xmlns:p='v'><p:c/></p:b><p:d/></p:a>", "<a xmlns:p='u' x='1' p:x='2'/>", "<a>\u007f\u0085\U0010fffd&#x10FFFD;\ufffd</a>",
	"<xml-stylesheet/>", "<?xml-stylesheet href='x'?><a/>", "<a><![CDATA[<&>]] ]>]]></a>", "<𐀀/>",
	// Tags and names.
	"<a\tx='1'\n\ry='2'\r/>", "<a></a\n\t>", "<a x = '1'/>", "<a x=''/>", "<a x='>'/>", "<a x=']]>'/>", "<a x=\"'\" y='&apos;&quot;'/>", "<A><a/></A>",
	"<_/>", "<a.b-c_d/>", "<\u00c0/>", "<a\u0301/>", "<\u200c/>", "<\u2070/>", "<\u218f/>", "<\u3001/>", "<\uf900/>", "<\ufdf0/>", "<a\u203f\u2040/>", "<\U000effff/>",
	"<a a='1' A='2' á='3'/>", "<a _value='1' _attributes='2'/>",
	// References and characters.
	"<a>&lt;&gt;&amp;&apos;&quot;</a>", "<a>&#x9;&#xA;&#xD;&#32;</a>", "<a>&#x1F600;&#x10ffff;&#xD7FF;&#xE000;&#xFFFD;</a>", "<a x='&#10;&lt;'/>",
	"<a>&#" + strings.Repeat("0", 200) + "65;&#x" + strings.Repeat("0", 200) + "41;</a>", "<a>\u0080\u2028\ud7fe\ue000</a>", "<a>\U0001fffe\U0010ffff</a>",
	"<a>'\"></a>", "<a>]]</a>", "<a>]]]&gt;</a>", "<a>;#x41;</a>", "<a>%p;</a>",
	// Comments, instructions, CDATA.
	"<!--->--><a/>", "<!--<a>&x;--><a/>", "<a><!----></a>", "<a><!-- - - --></a>", "<a/><!----><!---->", "<?p ??><a/>", "<?p <a>?><a/>", "<?p?><?p?><a/>", "<?xmlx?><a/>", "<?x-xml?><a/>",
	"<a><![CDATA[]]></a>", "<a><![CDATA[]]]]></a>", "<a><![CDATA[<![CDATA[]]></a>", "<a><![CDATA[<!-- &x; ]]></a>", "<a><![CDATA[x]]><![CDATA[y]]></a>", "<a><!--<![CDATA[-->]]&gt;</a>",
	// The declaration.
	"<?xml version=\"1.0\" encoding='UTF-8' ?><a/>", "<?xml version = '1.0'\n?>\n\n<a/>", "<?xml version='1.0' standalone='no'?><a/>", "<?xml version='1.5'?><a/>", "\ufeff<?xml version='1.0'?><a/>\n",
	// Namespaces.
	"<a xmlns:xmlx='u' xmlx:y='1'/>", "<a xml:space='preserve' xml:base='x'/>", "<p:a p:x='1' xmlns:p='u'/>", "<a xmlns:p='u' xmlns:q='v' p:x='1' q:x='2'/>", "<a xmlns='u' xmlns:p='u' x='1' p:x='2'/>",
	"<xmln/>", "<a xmlns='relative'/>", "<a xmlns:p='u'><b p:x='1'/><b xmlns:p='v' p:x='2'/></a>",
}

// PAR-05: well-formedness by cases of our own, along the sections of XML 1.0
// (fifth edition) and Namespaces in XML. The W3C's suite is not among the
// corpora; its documents with a document type declaration are refused here, as
// all such are.
func TestWellFormedness(t *testing.T) {
	letThrough := 0
	for text, code := range refused {
		_, err := Parse([]byte(text), Limits{})
		var syntax *SyntaxError
		if assert.ErrorAs(t, err, &syntax, "%q", text) {
			assert.Equal(t, code, syntax.Code, "%q: %v", text, err)
			assert.NotEmpty(t, syntax.Reason)
			assert.GreaterOrEqual(t, syntax.Column, 1)
		}
		if standardTakes(text) {
			letThrough++
		}
	}
	alsoRefused := 0
	for _, text := range accepted {
		_, err := Parse([]byte(text), Limits{})
		assert.NoError(t, err, "%q", text)
		if !standardTakes(text) {
			alsoRefused++
		}
	}
	t.Logf("of %d documents that are not well-formed encoding/xml takes %d, of %d that are it refuses %d",
		len(refused), letThrough, len(accepted), alsoRefused)
}

// standardTakes says whether encoding/xml reads a document to its end.
func standardTakes(text string) bool {
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); err != nil {
			return err == io.EOF
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
		if !standardTakes(text) {
			t.Logf("%s: encoding/xml refuses it by now", what)
		}
		_, err := Parse([]byte(text), Limits{})
		assert.Error(t, err, what)
	}
}
