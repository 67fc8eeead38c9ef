package blueprint

import "slices"

// v3 says how each key of version 3 is read. The document has the same keys.
var v3 = map[string]func(b *builder, name string, v any, path string){
	"url":                (*builder).text,
	"serializeUrl":       (*builder).bool,
	"method":             func(b *builder, _ string, v any, path string) { b.method(v, path) },
	"headers":            func(b *builder, name string, v any, path string) { b.rows(name, v, path, headerRows) },
	"qs":                 func(b *builder, name string, v any, path string) { b.rows(name, v, path, queryRows) },
	"useQuerystring":     (*builder).bool,
	"bodyType":           func(b *builder, _ string, v any, path string) { b.v3BodyType(v, path) },
	"contentType":        func(b *builder, _ string, v any, path string) { b.v3ContentType(v, path) },
	"customContentType":  (*builder).v3CustomContentType,
	"data":               func(b *builder, _ string, v any, path string) { b.data(v, path) },
	"formFields":         func(b *builder, name string, v any, path string) { b.rows(name, v, path, v3FormRows) },
	"formDataFields":     func(b *builder, name string, v any, path string) { b.rows(name, v, path, v3Parts) },
	"parseResponse":      (*builder).bool,
	"authUser":           (*builder).text,
	"authPass":           (*builder).text,
	"timeout":            func(b *builder, _ string, v any, path string) { b.timeout(v, path) },
	"shareCookies":       (*builder).bool,
	"ca":                 (*builder).text,
	"rejectUnauthorized": (*builder).bool,
	"followRedirect":     (*builder).bool,
	"followAllRedirects": (*builder).bool,
	"gzip":               (*builder).bool,
	"useMtls":            (*builder).bool,
}

// v3Body are the keys of the body with the bodyType that they belong to.
var v3Body = map[string]string{
	"contentType":       "raw",
	"customContentType": "raw",
	"data":              "raw",
	"formFields":        "x_www_form_urlencoded",
	"formDataFields":    "multipart_form_data",
}

var v3KeyNames = []string{"url", "serializeUrl", "method", "headers", "qs", "useQuerystring", "bodyType", "contentType",
	"customContentType", "data", "formFields", "formDataFields", "parseResponse", "authUser", "authPass", "timeout",
	"shareCookies", "ca", "rejectUnauthorized", "followRedirect", "followAllRedirects", "gzip", "useMtls"}

func (b *builder) readV3() {
	base := join(b.m.Route, "mapper")
	for _, member := range b.m.mapper {
		path := join(base, member.Name)
		switch {
		case member.Name == "handleErrors":
			b.fault(FaultMisplaced, path, "handleErrors", "handleErrors belongs into parameters, not into mapper")
			if !b.has("handleErrors") {
				b.bool("handleErrors", member.Value, path)
			}
		case b.v3Idle(member.Name, member.Value, path):
		default:
			b.mapperKey(member.Name, member.Value, path)
		}
	}
	if _, ok := b.m.mapper.Get("bodyType"); !ok {
		b.requireBodyType(base)
	}
}

// mapperKey reads one key of the mapper.
func (b *builder) mapperKey(name string, v any, path string) {
	if b.version == 4 {
		b.v4Key(name, v, path)
		return
	}
	if read, ok := v3[name]; ok {
		read(b, name, v, path)
		return
	}
	b.unknown(name, path, v3KeyNames)
}

// v3Idle notes a key of the body that the bodyType turns off.
func (b *builder) v3Idle(name string, v any, path string) bool {
	needs, ofBody := v3Body[name]
	bodyType, _ := b.m.mapper.Get("bodyType")
	set, _ := text(bodyType)
	if !ofBody || set == needs || hasExpression(bodyType) {
		return false
	}
	known := missing(bodyType) || slices.Contains(bodyTypes, set)
	if !known { // a fault already; what was meant cannot be told
		return false
	}
	b.note(NoteNoEffect, path, "without effect: it needs the bodyType %s", needs)
	return true
}

var bodyTypes = []string{"", "raw", "x_www_form_urlencoded", "multipart_form_data"}

var bodyTypeHints = map[string]string{
	"json": "raw", "application/json": "raw", "text": "raw", "xml": "raw", "string": "raw", "custom": "raw",
	"form": "x_www_form_urlencoded", "urlencoded": "x_www_form_urlencoded", "x-www-form-urlencoded": "x_www_form_urlencoded",
	"application/x-www-form-urlencoded": "x_www_form_urlencoded", "form-data": "multipart_form_data",
	"multipart": "multipart_form_data", "multipart/form-data": "multipart_form_data", "form_data": "multipart_form_data",
	"formdata": "multipart_form_data",
}

func (b *builder) v3BodyType(v any, path string) {
	if s, ok := text(v); ok && (s == "jsonString" || s == "urlEncoded") {
		b.put("bodyType", v, path)
		b.fault(FaultOtherVersion, path, "bodyType", "a value of version 4; version 3 has %s", bodyTypes[1:])
		return
	}
	b.oneOf("bodyType", v, path, bodyTypes[1:], bodyTypeHints)
}

// v3ContentType is a MIME type, or custom.
func (b *builder) v3ContentType(v any, path string) {
	b.text("contentType", v, path)
	s, ok := text(v)
	if !ok || missing(v) || hasExpression(v) || s == "custom" {
		return
	}
	switch s {
	case "json", "multipart", "urlEncoded":
		b.fault(FaultOtherVersion, path, "contentType", "a value of version 4; version 3 has a MIME type or custom")
		return
	}
	if !isMediaType(s) {
		b.fault(FaultValue, path, "contentType", "not a MIME type, nor custom")
	}
}

func (b *builder) v3CustomContentType(field string, v any, path string) {
	contentType, _ := b.m.mapper.Get("contentType")
	if s, _ := text(contentType); s != "custom" && !hasExpression(contentType) {
		b.note(NoteNoEffect, path, "without effect: it needs the contentType custom")
		return
	}
	b.text(field, v, path)
}

// requireBodyType faults a body that hand-written modules forget to say the
// type of: the module sends none.
func (b *builder) requireBodyType(base string) {
	for _, name := range []string{"data", "formFields", "formDataFields"} {
		v, _ := b.m.mapper.Get(name)
		if list, isList := v.([]any); missing(v) || isList && len(list) == 0 {
			continue
		}
		b.fault(FaultMissing, join(base, "bodyType"), "bodyType", "%s is not sent: there is no bodyType; did you mean %s?", name, v3Body[name])
	}
}
