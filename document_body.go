package mtlshttp

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
	"github.com/mtlshttp/mtlshttp/internal/query"
)

// bodyKeys are the keys of the document that together say what the body is.
var bodyKeys = []string{"bodyType", "contentType", "customContentType", "data", "formFields", "formDataFields"}

func isBodyKey(name string) bool { return slices.Contains(bodyKeys, name) }

// customType stands in contentType where customContentType says what it is.
const customType = "custom"

// readBody reads the body of a document. Keys of another body type than the
// one chosen are left over from the form that a person filled in; they mean
// nothing, as in the module.
func readBody(object jsonvalue.Object) (Body, error) {
	get := func(name string) any { v, _ := object.Get(name); return v }
	kind, ok := scalarText(get("bodyType"))
	if !ok {
		return Body{}, fault(KindConfig, "bodyType", "json", "text is expected")
	}
	switch kind {
	case "":
		if data := get("data"); data == nil || data == "" {
			return Body{}, nil
		}
		return Body{}, fault(KindConfig, "bodyType", "missing", "there is data and no bodyType; raw sends it as it is")
	case "raw":
		return readRaw(get)
	case "x_www_form_urlencoded":
		if text, ok := get("formFields").(string); ok && text != "" {
			return Text(formType, query.EscapeText(text)), nil
		}
		rows, err := optionalRows(get("formFields"), "key")
		if err != nil {
			return Body{}, fault(KindConfig, "formFields", "json", "%w", err)
		}
		return Form(rows...), nil
	case "multipart_form_data":
		return readMultipart(get("formDataFields"))
	}
	return Body{}, fault(KindConfig, "bodyType", "unknown", "%q is not raw, x_www_form_urlencoded or multipart_form_data", kind)
}

func readRaw(get func(string) any) (Body, error) {
	contentType, ok := scalarText(get("contentType"))
	if !ok {
		return Body{}, fault(KindConfig, "contentType", "json", "text is expected")
	}
	if contentType == customType {
		if contentType, ok = scalarText(get("customContentType")); !ok {
			return Body{}, fault(KindConfig, "customContentType", "json", "text is expected")
		}
	}
	data, isText, err := dataOf(get("data"))
	if err != nil {
		return Body{}, fault(KindConfig, "data", "json", "%w", err)
	}
	return Body{kind: bodyRaw, contentType: contentType, data: data, isText: isText}, nil
}

func optionalRows(v any, nameKey string) ([]Param, error) {
	if v == nil || v == "" {
		return nil, nil
	}
	return rowsOf(v, nameKey)
}

// writeBody is readBody's inverse.
func writeBody(b Body) ([]jsonvalue.Member, error) {
	member := func(name string, value any) jsonvalue.Member { return jsonvalue.Member{Name: name, Value: value} }
	switch b.kind {
	case bodyRaw:
		return rawMembers(b.contentType, dataValue(b.data, b.isText)), nil
	case bodyJSON:
		data, err := json.Marshal(b.value)
		if err != nil {
			return nil, fault(KindConfig, "data", "json", "the value cannot be written as JSON: %w", err)
		}
		return rawMembers(b.contentType, string(data)), nil
	case bodyForm:
		return []jsonvalue.Member{member("bodyType", "x_www_form_urlencoded"), member("formFields", rowObjects(b.params, "key"))}, nil
	case bodyMultipart:
		rows, err := partRows(b.parts)
		return []jsonvalue.Member{member("bodyType", "multipart_form_data"), member("formDataFields", rows)}, err
	case bodyReader:
		return nil, fault(KindConfig, "data", "not-serialisable", "a reader cannot be written")
	}
	return nil, nil
}

func rawMembers(contentType string, data any) []jsonvalue.Member {
	members := []jsonvalue.Member{{Name: "bodyType", Value: "raw"}}
	switch contentType {
	case "":
	case customType: // a type of that name, if anybody has one
		members = append(members, jsonvalue.Member{Name: "contentType", Value: customType},
			jsonvalue.Member{Name: "customContentType", Value: contentType})
	default:
		members = append(members, jsonvalue.Member{Name: "contentType", Value: contentType})
	}
	return append(members, jsonvalue.Member{Name: "data", Value: data})
}

// dataValue is text where the bytes were given as text and are, else base64.
func dataValue(data []byte, isText bool) any {
	if isText && utf8.Valid(data) {
		return string(data)
	}
	return jsonvalue.Object{{Name: base64Key, Value: base64.StdEncoding.EncodeToString(data)}}
}
