package blueprint

import (
	"mime"
	"slices"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

const (
	minTimeout = 1
	maxTimeout = 300
)

// bool puts a switch.
func (b *builder) bool(field string, v any, path string) {
	if missing(v) || hasExpression(v) {
		b.put(field, v, path)
		return
	}
	value, written, ok := boolean(v)
	switch {
	case !ok:
		b.fault(FaultType, path, field, "true or false, not %s", typeName(v))
		return
	case written:
		b.note(NoteCoerced, path, "text, taken as %t", value)
	}
	b.put(field, value, path)
}

// text puts text; a number or boolean is taken as text.
func (b *builder) text(field string, v any, path string) {
	if v == nil {
		b.put(field, nil, path)
		return
	}
	s, ok := scalar(v)
	if bytes, is := v.([]byte); is { // resolved from an expression
		s, ok = string(bytes), true
	}
	if !ok {
		b.fault(FaultType, path, field, "text, not %s", typeName(v))
		return
	}
	b.put(field, asWritten(v, s), path)
}

// asWritten keeps what may hold expressions apart from what may not.
func asWritten(v any, s string) any {
	if written, ok := v.(string); ok {
		return written
	}
	return literal(s)
}

// oneOf puts text that is one of the values.
func (b *builder) oneOf(field string, v any, path string, values []string, hint map[string]string) {
	b.text(field, v, path)
	s, ok := text(v)
	if !ok || missing(v) || hasExpression(v) || slices.Contains(values, s) {
		return
	}
	meant := hint[strings.ToLower(s)]
	if meant == "" {
		meant = nearest(s, values)
	}
	if meant != "" {
		b.fault(FaultValue, path, field, "not one of %s; did you mean %s?", strings.Join(values, ", "), meant)
		return
	}
	b.fault(FaultValue, path, field, "not one of %s", strings.Join(values, ", "))
}

// method puts the method, any token of RFC 9110.
func (b *builder) method(v any, path string) {
	b.text("method", v, path)
	if s, ok := text(v); ok && !hasExpression(v) && strings.ContainsFunc(s, notToken) {
		b.fault(FaultValue, path, "method", "a method is one word")
	}
}

func notToken(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

// timeout puts the timeout as it is and judges it, in seconds.
func (b *builder) timeout(v any, path string) {
	b.put("timeout", v, path)
	if missing(v) || hasExpression(v) {
		return
	}
	seconds, ok := number(v)
	switch {
	case !ok:
		b.fault(FaultType, path, "timeout", "a number of seconds, not %s", typeName(v))
	case seconds >= 1000 && seconds <= maxTimeout*1000:
		b.fault(FaultTimeout, path, "timeout", "the unit is seconds, 1 to 300; %v looks like the milliseconds of %v seconds", seconds, seconds/1000)
	case seconds < minTimeout || seconds > maxTimeout:
		b.fault(FaultTimeout, path, "timeout", "the unit is seconds, 1 to 300; this is %v", seconds)
	}
}

// data puts the raw body.
func (b *builder) data(v any, path string) {
	switch v.(type) {
	case nil, []byte:
		b.put("data", v, path)
		return
	case []any, jsonvalue.Object:
		b.note(NoteCoerced, path, "a structure, taken as its JSON text")
		b.dataJSON(v, path)
		return
	}
	b.text("data", v, path)
}

// dataJSON puts a structure as the JSON text of the body; expressions in it
// become values when they are resolved.
func (b *builder) dataJSON(v any, path string) {
	if b.set("data", literal(encode(v)), path) {
		b.exprs = append(b.exprs, expressionsIn(&b.ledger, v, "data", path, true)...)
	}
}

// checkContentTypeHeader finds a header that says another type than the form
// that is sent: the header would win and the server could not read the form.
func (b *builder) checkContentTypeHeader() {
	want := map[any]string{"multipart_form_data": "multipart/form-data", "x_www_form_urlencoded": "application/x-www-form-urlencoded"}
	bodyType, _ := b.doc.Get("bodyType")
	form := want[plain(bodyType)]
	rows, _ := b.doc.Get("headers")
	list, _ := rows.([]any)
	if form == "" {
		return
	}
	for i, row := range list {
		name, _ := text(lookup(row, "name"))
		value := lookup(row, "value")
		s, _ := text(value)
		if !strings.EqualFold(name, "Content-Type") || hasExpression(value) {
			continue
		}
		media, parameters, err := mime.ParseMediaType(s)
		field := join(index("headers", i), "value")
		switch {
		case err != nil || media != form:
			b.fault(FaultConflict, b.pathOf("headers", i), field, "the header says another type than the body, which is %s", form)
		case media == "multipart/form-data" && parameters["boundary"] == "":
			b.fault(FaultConflict, b.pathOf("headers", i), field, "the header has no boundary; leave it out")
		}
	}
}

// pathOf is the path in the export of a field's row.
func (b *builder) pathOf(field string, row int) string {
	for _, s := range b.sources {
		if s.Field == field {
			return index(s.Path, row)
		}
	}
	return join(b.m.Route, "mapper")
}
