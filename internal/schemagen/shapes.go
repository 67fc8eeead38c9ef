package schemagen

import (
	"strings"
	"unicode"
)

// What the values of a request document may be. Documents come from people and
// from exports: booleans and numbers also stand as text, and an option that is
// "" or null is one that is not there. The first type of a list is the one to
// write.

const (
	nameChars = "!#$%&'*+.^_`|~0-9A-Za-z-" // of a name in HTTP (RFC 9110, section 5.6.2)
	lineText  = `^[^\x00-\x08\x0a-\x1f\x7f]*$`
	partText  = `^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$`
	space     = " \t\r\n\v\f\u00a0\ufeff" // what is cut off a URL
	sixteen   = `(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])`
	urlText   = `^[` + space + `]*[hH][tT][tT][pP][sS]?://(?:[^/?#\\\x00-\x1f]*@)?(?:\[[0-9a-fA-F:.]+\]|[^/?#\\@:\[\]\x00-\x20]+)(?::` + sixteen + `)?(?:[/?#][^\x00-\x08\x0a-\x1f]*)?[` + space + `]*$`
	origin    = `^[` + space + `]*(?:[hH][tT][tT][pP][sS]?://)?(?:\*\.)?(?:\[[0-9a-fA-F:.]+\]|[^*/?#\\@:\[\]\x00-\x20]+)(?::(?:\*|` + sixteen + `))?/?[` + space + `]*$`
	seconds   = `^\s*\+?(?:0*(?:[1-9][0-9]?|[12][0-9]{2})(?:\.[0-9]*)?|0*300(?:\.0*)?|[0-9.]+[eE][+-]?[0-9]+)\s*$`
	redirects = `^(?:\+?0*(?:[0-9]{1,2}|100)|-0+|)$`
	pin       = `^\s*(?:sha256//)?(?:sha256/)?(?:[0-9a-fA-F]{64}|(?:[A-Za-z0-9+/][\r\n]*){43}=)\s*$`
	base64    = `^[A-Za-z0-9+/=\r\n]*$`
)

// anyCase is a pattern for a word in any case; patterns have no flags.
func anyCase(word string) string {
	var b strings.Builder
	for _, r := range word {
		if unicode.IsLetter(r) {
			b.WriteString("[" + strings.ToLower(string(r)) + strings.ToUpper(string(r)) + "]")
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func ref(name string) object { return of("$ref", "#/$defs/"+name) }

// flag is a boolean with a default; inner ones have none of the empty values.
func flag(byDefault bool) object {
	return of("type", texts("boolean", "string", "null"), "enum", list(true, false, "true", "false", "", nil), "default", byDefault)
}

func innerFlag(title, help string) object {
	return of("title", title, "description", help, "x-widget", "switch",
		"type", texts("boolean", "string"), "enum", list(true, false, "true", "false"), "default", false)
}

func text(more ...any) object {
	return append(of("type", texts("string", "null")), of(more...)...)
}

// scalar is text, or what is written as its text.
func scalar(more ...any) object {
	return append(of("type", texts("string", "number", "boolean", "null")), of(more...)...)
}

func choice(value, title string) object { return of("const", value, "title", title) }

// option is a list, or "" or null where it is not there.
func option(shape ...any) object {
	return append(of("type", texts("array", "string", "null"), "maxLength", 0), of(shape...)...)
}

// definitions are the shapes that several keys share.
func definitions() object {
	notText := func(name string) object {
		return of("not", of("required", texts(name), "properties", of(name, of("not", of("enum", list("", nil))))))
	}
	return of(
		"bytes", of("description", "Bytes in base64 (RFC 4648, section 4).", "type", "object", "required", texts("$base64"),
			"properties", of("$base64", of("type", "string", "contentEncoding", "base64", "pattern", base64)), "additionalProperties", false),
		"headerText", scalar("pattern", lineText),
		"headerValue", of("anyOf", list(ref("headerText"), of("type", "array", "items", ref("headerText")))),
		"secret", append(of("description", "The name of a secret, in place of its value.", "type", "object"), secretShape()...),
		"noHeader", of("description", "A header that is not sent.", "enum", list(nil, list())),
		"headerRow", headerRow(),
		"headerObject", headerObject(),
		"queryRow", row("name", "Name"),
		"formRow", row("key", "Key"),
		"part", part(notText),
	)
}

// secretShape is that of an object that names a secret.
func secretShape() object {
	return of("required", texts("secret"), "properties", of("secret", of("type", "string", "minLength", 1)), "additionalProperties", false)
}

// managedHeaders are the library's own: connections and lengths are not the
// caller's.
var managedHeaders = []string{"transfer-encoding", "keep-alive", "proxy-connection", "upgrade", "trailer", "te", "http2-settings"}

func managed() string {
	var names []string
	for _, name := range managedHeaders {
		names = append(names, anyCase(name))
	}
	return "^(?:" + strings.Join(names, "|") + ")$"
}

const hostText = "^[!$%&'()*+,\\-.:;=\\[\\]_~0-9A-Za-z]+$"

// valuesOf are the headers whose values are not free.
func valuesOf() object {
	each := func(pattern string, more ...any) object {
		value := scalar("pattern", pattern)
		return of("anyOf", list(value, append(of("type", "array", "items", value), of(more...)...)))
	}
	return of(
		"^"+anyCase("connection")+"$", each("^(?:"+anyCase("close")+"|"+anyCase("keep-alive")+"|)$"),
		"^"+anyCase("content-length")+"$", each(`^[0-9]+$`),
		"^"+anyCase("host")+"$", each(hostText, "maxItems", 1),
	)
}

func headerRow() object {
	sent := of("required", texts("value"), "properties", of("value", of("not", ref("noHeader"))))
	named := of("required", texts("secret"), "properties", of("secret", of("type", "string", "minLength", 1)))
	conditions := list(
		of("if", of("anyOf", list(sent, named)), "then", of("required", texts("name"), "properties", of(
			"name", of("type", texts("string", "number", "boolean"), "pattern", "^["+nameChars+"]+$", "not", of("type", "string", "pattern", managed()))))),
		of("if", named, "then", of("properties", of("value", of("enum", list("", nil))))))
	for _, m := range valuesOf() {
		its := of("required", texts("name"), "properties", of("name", of("type", "string", "pattern", m.Name)))
		conditions = append(conditions, of("if", of("allOf", list(its, sent)), "then", of("properties", of("value", m.Value))),
			of("if", its, "then", of("properties", of("secret", of("enum", list("", nil))))))
	}
	return of("type", "object", "properties", of(
		"name", scalar("title", "Name", "x-order", 1),
		"value", of("title", "Value", "x-order", 2, "anyOf", list(ref("headerValue"), ref("secret"), ref("noHeader"))),
		"secret", text("title", "Secret", "x-order", 3, "x-advanced", true, "description", "The name of the secret that is the value, in place of it.")),
		"additionalProperties", false, "allOf", conditions)
}

func headerObject() object {
	// What no name may be is let by where nothing is sent under it.
	patterns := of("^$", ref("noHeader"), "[^"+nameChars+"]", ref("noHeader"), managed(), ref("noHeader"))
	for _, m := range valuesOf() {
		patterns = append(patterns, of(m.Name, of("anyOf", list(m.Value, ref("noHeader"))))...)
	}
	return of("type", "object", "patternProperties", patterns, "additionalProperties", of("anyOf", list(ref("headerValue"), ref("secret"), ref("noHeader"))))
}

// row is a pair of a name and any value.
func row(nameKey, title string) object {
	return of("type", "object", "properties", of(nameKey, scalar("title", title, "x-order", 1),
		"value", of("title", "Value", "description", "Text, a number, true, false, null, a list or an object.", "x-order", 2)),
		"additionalProperties", false)
}

// part is a row of a multipart form: a text or a file.
func part(notText func(string) object) object {
	isFile := of("required", texts("fieldType"), "properties", of("fieldType", of("const", "file")))
	file := of("fieldType", texts("file"))
	return of("type", "object", "properties", of(
		"fieldType", of("title", "Type", "x-order", 1, "default", "text", "oneOf", list(choice("text", "Text"), choice("file", "File"), of("enum", list("", nil)))),
		"key", scalar("title", "Key", "x-order", 2, "pattern", partText),
		"value", scalar("title", "Value", "x-order", 3, "x-when", of("fieldType", texts("text"))),
		"data", of("title", "Content", "description", "The file's content, as text or as bytes.", "x-order", 4, "x-widget", "body", "x-when", file,
			"anyOf", list(scalar(), ref("bytes"))),
		"file", scalar("title", "File on the server", "description", "A path in the folder that the operator opened for files; instead of the content.",
			"x-order", 5, "x-advanced", true, "x-when", file),
		"fileName", scalar("title", "File name", "description", "What the server is told, with the suffix: invoice.xml.", "x-order", 6, "x-when", file),
		"contentType", scalar("title", "Media type", "description", "Empty: by the file's name.", "x-order", 7, "x-advanced", true, "pattern", lineText)),
		"additionalProperties", false,
		"allOf", list(
			of("if", isFile,
				"then", of("properties", of("value", of("enum", list("", nil)), "fileName", of("pattern", partText)),
					"anyOf", list(of("properties", of("data", of("enum", list("", nil)))), notText("file"))),
				"else", of("properties", of("data", of("enum", list("", nil)), "file", of("enum", list("", nil)), "fileName", of("enum", list("", nil)))))))
}

// rows is a list of rows, or an object for short.
func rows(item, short object) object {
	return of("anyOf", list(of("type", "array", "items", item), short, of("enum", list("", nil))))
}
