package blueprint

import (
	"slices"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// rowKeys are the keys of one row of a list, in the export and in the document.
type rowKeys struct {
	from, to []string
	required string // in the export
	usual    []misnomer
	texts    []string // in the document: become text whatever they are
}

// misnomer is what people write instead of a key, with its place in from.
type misnomer struct {
	name  string
	place int
}

var (
	headerRows = rowKeys{from: []string{"name", "value"}, to: []string{"name", "value"}, required: "name",
		usual: []misnomer{{"key", 0}, {"header", 0}, {"val", 1}}, texts: []string{"name", "value"}}
	queryRows = rowKeys{from: []string{"name", "value"}, to: []string{"name", "value"}, required: "name",
		usual: []misnomer{{"key", 0}, {"val", 1}}, texts: []string{"name"}}
	v3FormRows = rowKeys{from: []string{"key", "value"}, to: []string{"key", "value"}, required: "key",
		usual: []misnomer{{"name", 0}, {"val", 1}}, texts: []string{"key"}}
	v4FormRows = rowKeys{from: []string{"name", "value"}, to: []string{"key", "value"}, required: "name",
		usual: []misnomer{{"key", 0}, {"val", 1}}, texts: []string{"key"}}
	v3Parts = rowKeys{from: []string{"fieldType", "key", "value", "data", "fileName"},
		to: []string{"fieldType", "key", "value", "data", "fileName"}, required: "key",
		usual: []misnomer{{"name", 1}, {"type", 0}, {"filename", 4}, {"file", 3}}, texts: []string{"fieldType", "key", "fileName"}}
	v4Parts = rowKeys{from: []string{"multipartFieldType", "name", "value", "data", "fileName"},
		to: []string{"fieldType", "key", "value", "data", "fileName"}, required: "name",
		usual: []misnomer{{"key", 1}, {"fieldType", 0}, {"type", 0}, {"filename", 4}, {"file", 3}}, texts: []string{"fieldType", "key", "fileName"}}
)

// rows puts a list of rows. An object is one row for each member, as the
// documentation of headers says; where the rows have no other shape it is kept.
func (b *builder) rows(field string, v any, path string, keys rowKeys) {
	switch v := v.(type) {
	case nil, string, literal:
		if !missing(v) && !hasExpression(v) {
			b.fault(FaultType, path, field, "an array of rows, not text")
			return
		}
		b.put(field, v, path)
	case jsonvalue.Object:
		if _, isRow := v.Get(keys.required); isRow && len(v) <= len(keys.from) {
			b.fault(FaultType, path, field, "an array of rows, not one row")
		}
		b.objectRows(field, v, path, keys)
	case []any:
		out := make([]any, 0, len(v))
		if !b.set(field, out, path) {
			return
		}
		place := slices.IndexFunc(b.doc, func(m jsonvalue.Member) bool { return m.Name == field })
		for i, row := range v {
			if made := b.row(index(field, len(out)), row, index(path, i), keys); made != nil {
				out = append(out, made)
			}
		}
		b.doc[place].Value = out
	default:
		b.fault(FaultType, path, field, "an array of rows, not %s", typeName(v))
	}
}

// row is one row of the document, nil where there is none.
func (b *builder) row(field string, v any, path string, keys rowKeys) any {
	if missing(v) {
		b.note(NoteNoEffect, path, "an empty row")
		return nil
	}
	if hasExpression(v) {
		b.list(field, v, path)
		return v
	}
	from, ok := v.(jsonvalue.Object)
	if !ok {
		b.fault(FaultType, path, field, "a row is an object, not %s", typeName(v))
		return nil
	}
	var out jsonvalue.Object
	for _, member := range from {
		inner := join(path, member.Name)
		place := slices.Index(keys.from, member.Name)
		if instead := keys.meant(member.Name); place < 0 && instead >= 0 {
			if _, both := from.Get(keys.from[instead]); !both {
				b.fault(FaultUnknownKey, inner, join(field, keys.to[instead]), "not a key of a row; did you mean %s?", keys.from[instead])
				place = instead
			}
		}
		if place < 0 {
			b.note(NoteUnknownKey, inner, "not a known key of a row; it is not sent")
			continue
		}
		if made, ok := b.cell(join(field, keys.to[place]), keys.to[place], member.Value, inner, keys); ok {
			out = append(out, made)
		}
	}
	if _, ok := out.Get(keys.to[slices.Index(keys.from, keys.required)]); !ok {
		b.fault(FaultMissing, join(path, keys.required), field, "a row has a %s", keys.required)
	}
	if keys.to[0] == "fieldType" {
		b.partType(out, field, path, keys.from[0])
	}
	return out
}

func (b *builder) cell(field, name string, v any, path string, keys rowKeys) (jsonvalue.Member, bool) {
	if slices.Contains(keys.texts, name) && v != nil {
		s, ok := scalar(v)
		if bytes, is := v.([]byte); is {
			s, ok = string(bytes), true
		}
		if list, is := v.([]any); is { // resolved from an expression
			s, ok = flatten(list), true
		}
		if !ok {
			b.fault(FaultType, path, field, "text, not %s", typeName(v))
			return jsonvalue.Member{}, false
		}
		v = asWritten(v, s)
	}
	b.sources = append(b.sources, FieldSource{field, path})
	b.list(field, v, path)
	return jsonvalue.Member{Name: name, Value: v}, true
}

// objectRows puts {"name": "value"} as the document has it, since headers and
// qs may be objects there; forms become rows.
func (b *builder) objectRows(field string, v jsonvalue.Object, path string, keys rowKeys) {
	if field == "headers" || field == "qs" {
		b.put(field, v, path)
		return
	}
	out := make([]any, 0, len(v))
	b.note(NoteCoerced, path, "an object, taken as one row for each member")
	for i, member := range v {
		b.list(join(index(field, i), "value"), member.Value, join(path, member.Name))
		out = append(out, jsonvalue.Object{{Name: keys.to[slices.Index(keys.from, keys.required)], Value: literal(member.Name)}, {Name: "value", Value: member.Value}})
	}
	b.set(field, out, path)
}

// partType faults a part of a multipart form without its type.
func (b *builder) partType(part jsonvalue.Object, field, path, key string) {
	kind, _ := part.Get("fieldType")
	switch s, _ := text(kind); {
	case missing(kind):
		b.fault(FaultMissing, join(path, key), join(field, "fieldType"), "a part has a %s, text or file", key)
	case !hasExpression(kind) && s != "text" && s != "file":
		b.fault(FaultValue, join(path, key), join(field, "fieldType"), "not text or file")
	}
}

// meant is the place in from of the key that a name is usually written for; -1:
// none.
func (k *rowKeys) meant(name string) int {
	for _, m := range k.usual {
		if m.name == name {
			return m.place
		}
	}
	return -1
}
