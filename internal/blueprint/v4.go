package blueprint

import (
	"encoding/json"
	"mime"
	"slices"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// v4BodyKeys are version 4's keys of the body.
var v4BodyKeys = []string{"contentType", "inputMethod", "jsonStringBodyContent", "dataStructureBodyContent", "bodyDataStructure",
	"urlEncodedBodyContent", "multipartBodyContent", "contentTypeValue", "rawBodyContent"}

// v4OtherKeys are those of the rest.
var v4OtherKeys = []string{"url", "method", "headers", "queryParameters", "parseResponse", "stopOnHttpError", "timeout",
	"allowRedirects", "shareCookies", "requestCompressedContent", "paginationType"}

func v4KeyNames() []string { return slices.Concat(v4OtherKeys, v4BodyKeys) }

func (b *builder) readV4() {
	base := join(b.m.Route, "mapper")
	bodyDone := false
	for _, member := range b.m.mapper {
		if !slices.Contains(v4BodyKeys, member.Name) {
			b.v4Key(member.Name, member.Value, join(base, member.Name))
		} else if !bodyDone {
			bodyDone = true
			(&v4Body{builder: b, base: base}).read()
		}
	}
}

// v4Key reads one key that has nothing to do with the body.
func (b *builder) v4Key(name string, v any, path string) {
	switch name {
	case "url":
		b.text(name, v, path)
	case "method":
		b.method(v, path)
	case "headers":
		b.rows(name, v, path, headerRows)
	case "queryParameters":
		b.rows("qs", v, path, queryRows)
	case "parseResponse", "shareCookies":
		b.bool(name, v, path)
	case "stopOnHttpError":
		b.bool("handleErrors", v, path)
	case "requestCompressedContent":
		b.bool("gzip", v, path)
	case "allowRedirects":
		b.bool("followRedirect", v, path)
		b.bool("followAllRedirects", v, path)
	case "timeout":
		b.timeout(v, path)
	case "paginationType":
		b.paging(v, path)
	default:
		if !b.misplacedParameter(name, v, path) && !b.ofPaging(name, path) && !slices.Contains(v4BodyKeys, name) {
			b.unknown(name, path, v4KeyNames())
		}
	}
}

func (b *builder) paging(v any, path string) {
	if missing(v) {
		b.note(NoteNoEffect, path, "no paging")
		return
	}
	b.note(NotePaging, path, "one page is requested; the engine repeats the request for the others")
}

// ofPaging notes the settings of paging, whose names no public export shows.
func (b *builder) ofPaging(name, path string) bool {
	kind, _ := b.m.mapper.Get("paginationType")
	lower := strings.ToLower(name)
	if _, other := b.otherVersion(name); missing(kind) && !strings.Contains(lower, "pagin") || other {
		return false
	}
	b.note(NotePaging, path, "a setting of paging")
	return true
}

// v4Body puts version 4's body into the keys of the document.
type v4Body struct {
	*builder
	base string
	used []string
}

var v4ContentTypes = []string{"json", "multipart", "urlEncoded", "custom"}

var v4ContentTypeHints = map[string]string{
	"application/json": "json", "multipart/form-data": "multipart", "multipart_form_data": "multipart", "form-data": "multipart",
	"application/x-www-form-urlencoded": "urlEncoded", "x_www_form_urlencoded": "urlEncoded", "form": "urlEncoded",
	"raw": "custom", "text": "custom", "text/plain": "custom", "application/xml": "custom", "text/xml": "custom",
}

// value takes a key of the mapper into account.
func (b *v4Body) value(name string) (v any, path string) {
	b.used = append(b.used, name)
	v, _ = b.m.mapper.Get(name)
	return v, join(b.base, name)
}

func (b *v4Body) read() {
	kind, path := b.value("contentType")
	s, _ := text(kind)
	switch {
	case missing(kind):
		b.none(path)
		return
	case hasExpression(kind):
		b.put("bodyType", kind, path)
		b.pending("contentType")
		return
	case !slices.Contains(v4ContentTypes, s):
		meant := v4ContentTypeHints[strings.ToLower(s)]
		if meant == "" {
			meant = nearest(s, v4ContentTypes)
		}
		if meant == "" {
			b.fault(FaultValue, path, "bodyType", "not one of json, multipart, urlEncoded, custom")
			b.idle("contentType is not known")
			return
		}
		b.fault(FaultOtherVersion, path, "bodyType", "not one of json, multipart, urlEncoded, custom; did you mean %s?", meant)
		s = meant
	}
	b.kind(s, path)
	b.idle("contentType is " + s)
}

func (b *v4Body) kind(kind, path string) {
	switch kind {
	case "json":
		b.json(path)
	case "urlEncoded":
		b.put("bodyType", "x_www_form_urlencoded", path)
		v, from := b.value("urlEncodedBodyContent")
		b.rows("formFields", v, from, v4FormRows)
	case "multipart":
		b.put("bodyType", "multipart_form_data", path)
		v, from := b.value("multipartBodyContent")
		b.rows("formDataFields", v, from, v4Parts)
	case "custom":
		b.put("bodyType", "raw", path)
		b.put("contentType", "custom", path)
		v, from := b.value("contentTypeValue")
		b.text("customContentType", v, from)
		if missing(v) {
			b.fault(FaultMissing, from, "customContentType", "contentType custom needs a contentTypeValue")
		}
		v, from = b.value("rawBodyContent")
		b.data(v, from)
	}
}

// json is text as it is, or a structure that becomes text.
func (b *v4Body) json(path string) {
	method, methodPath := b.value("inputMethod")
	name, _ := text(method)
	switch {
	case hasExpression(method):
		b.put("bodyType", "raw", path)
		b.put("contentType", "application/json", path)
		b.note(NotePending, methodPath, "which content is sent waits for its expression")
		b.exprs = append(b.exprs, expressionsIn(&b.ledger, method, "data", methodPath, true)...)
		b.pending("inputMethod")
		return
	case missing(method):
		name = "jsonString"
		if v, _ := b.m.mapper.Get("jsonStringBodyContent"); v == nil {
			name = "dataStructure"
		}
		b.fault(FaultMissing, methodPath, "", "contentType json needs an inputMethod, jsonString or dataStructure; read as %s", name)
	default:
		b.sources = append(b.sources, FieldSource{"data", methodPath})
	}
	b.put("bodyType", "raw", path)
	b.put("contentType", "application/json", path)
	switch name {
	case "jsonString":
		v, from := b.value("jsonStringBodyContent")
		b.data(v, from)
		if s, ok := v.(string); ok && s != "" && !hasExpression(v) && !json.Valid([]byte(s)) {
			b.fault(FaultValue, from, "data", "not JSON")
		}
	case "dataStructure":
		v, from := b.value("dataStructureBodyContent")
		if hasExpression(v) || v == nil {
			b.data(v, from)
		} else {
			b.dataJSON(v, from)
		}
		if _, given := b.m.mapper.Get("bodyDataStructure"); given {
			_, from = b.value("bodyDataStructure")
			b.note(NoteEditor, from, "the id of the structure's description")
		}
	default:
		b.fault(FaultValue, methodPath, "", "not jsonString or dataStructure")
	}
}

// none is a module without a body, and a fault where content says otherwise.
func (b *v4Body) none(path string) {
	if _, given := b.m.mapper.Get("contentType"); given {
		b.note(NoteNoEffect, path, "no body")
		b.idle("contentType is empty")
		return
	}
	for _, name := range []string{"jsonStringBodyContent", "dataStructureBodyContent", "rawBodyContent", "urlEncodedBodyContent", "multipartBodyContent"} {
		v, _ := b.m.mapper.Get(name)
		if list, isList := v.([]any); missing(v) || isList && len(list) == 0 {
			continue
		}
		b.fault(FaultMissing, path, "bodyType", "%s is not sent: there is no contentType", name)
	}
	b.idle("there is no contentType")
}

// idle notes the keys of the body that are left.
func (b *v4Body) idle(why string) {
	for _, m := range b.left() {
		b.note(NoteNoEffect, join(b.base, m.Name), "without effect: %s", why)
	}
}

// pending notes the keys that another's expression decides about.
func (b *v4Body) pending(on string) {
	for _, m := range b.left() {
		path := join(b.base, m.Name)
		b.note(NotePending, path, "whether it is sent waits for the expression of %s", on)
		b.exprs = append(b.exprs, expressionsIn(&b.ledger, m.Value, "data", path, true)...)
	}
}

func (b *v4Body) left() (left []jsonvalue.Member) {
	for _, m := range b.m.mapper {
		if slices.Contains(v4BodyKeys, m.Name) && !slices.Contains(b.used, m.Name) {
			left = append(left, m)
		}
	}
	return left
}

func isMediaType(s string) bool {
	media, _, err := mime.ParseMediaType(s)
	return err == nil && strings.Contains(media, "/")
}
