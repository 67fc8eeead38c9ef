package blueprint

import "slices"

// v3Key reads a key of version 3, or says that there is none of this name. The
// document has the same keys. It is a switch, since a table of functions would
// stay in programs that import no scenario.
func (b *builder) v3Key(name string, v any, path string) bool {
	switch name {
	case "url", "authUser", "authPass", "ca":
		b.text(name, v, path)
	case "serializeUrl", "useQuerystring", "parseResponse", "shareCookies", "rejectUnauthorized", "followRedirect",
		"followAllRedirects", "gzip", "useMtls":
		b.bool(name, v, path)
	case "method":
		b.method(v, path)
	case "headers":
		b.rows(name, v, path, headerRows)
	case "qs":
		b.rows(name, v, path, queryRows)
	case "bodyType":
		b.v3BodyType(v, path)
	case "contentType":
		b.v3ContentType(v, path)
	case "customContentType":
		b.v3CustomContentType(name, v, path)
	case "data":
		b.data(v, path)
	case "formFields":
		b.rows(name, v, path, v3FormRows)
	case "formDataFields":
		b.rows(name, v, path, v3Parts)
	case "timeout":
		b.timeout(v, path)
	default:
		return false
	}
	return true
}

// v3Body is the bodyType that a key of the body belongs to; empty: it is none.
func v3Body(name string) string {
	switch name {
	case "contentType", "customContentType", "data":
		return "raw"
	case "formFields":
		return "x_www_form_urlencoded"
	case "formDataFields":
		return "multipart_form_data"
	}
	return ""
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
	if !b.v3Key(name, v, path) {
		b.unknown(name, path, v3KeyNames)
	}
}

// v3Idle notes a key of the body that the bodyType turns off.
func (b *builder) v3Idle(name string, v any, path string) bool {
	needs := v3Body(name)
	bodyType, _ := b.m.mapper.Get("bodyType")
	set, _ := text(bodyType)
	if needs == "" || set == needs || hasExpression(bodyType) {
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
		b.fault(FaultMissing, join(base, "bodyType"), "bodyType", "%s is not sent: there is no bodyType; did you mean %s?", name, v3Body(name))
	}
}
