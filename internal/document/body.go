package document

import (
	"encoding/base64"
	"errors"
	"unicode/utf8"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
	"github.com/mtlshttp/mtlshttp/internal/query"
)

// bodyKeys are the keys of the document that together say what the body is.
var bodyKeys = []string{"bodyType", "contentType", "customContentType", "data", "formFields", "formDataFields"}

// BodyType is what a request carries.
type BodyType string

// The types of bodies, as documents name them.
const (
	NoBody    BodyType = ""
	Raw       BodyType = "raw"
	Form      BodyType = "x_www_form_urlencoded"
	Multipart BodyType = "multipart_form_data"
)

// Body is what a request carries: Data and ContentType of a raw one, Fields of
// a form, Parts of a multipart one.
type Body struct {
	Type        BodyType
	ContentType string
	Data        []byte
	IsText      bool // Data was given as text, and is written so where it is UTF-8
	IsJSON      bool // Data is JSON, which is written as text whatever it holds
	Fields      []query.Pair
	Parts       []Part
}

// formType is the media type of a form.
const formType = "application/x-www-form-urlencoded"

// customType stands in contentType where customContentType says what it is.
const customType = "custom"

// readBody reads the body of a document. Keys of another body type than the
// one chosen are left over from the form that a person filled in; they mean
// nothing, as in the module.
func readBody(object jsonvalue.Object) (Body, error) {
	get := func(name string) any { v, _ := object.Get(name); return v }
	kind, ok := scalarText(get("bodyType"))
	if !ok {
		return Body{}, malformed("bodyType", "text is expected")
	}
	switch BodyType(kind) {
	case NoBody:
		if data := get("data"); data == nil || data == "" {
			return Body{}, nil
		}
		return Body{}, &Error{"bodyType", Missing, errors.New("there is data and no bodyType; raw sends it as it is")}
	case Raw:
		return readRaw(get)
	case Form:
		if text, ok := get("formFields").(string); ok && text != "" {
			return Body{Type: Raw, ContentType: formType, Data: []byte(query.EscapeText(text)), IsText: true}, nil
		}
		rows, err := optionalRows(get("formFields"), "key")
		if err != nil {
			return Body{}, malformed("formFields", "%w", err)
		}
		return Body{Type: Form, Fields: rows}, nil
	case Multipart:
		parts, err := readParts(get("formDataFields"))
		return Body{Type: Multipart, Parts: parts}, err
	}
	return Body{}, &Error{"bodyType", Unknown, errors.New("raw, x_www_form_urlencoded or multipart_form_data is expected")}
}

func readRaw(get func(string) any) (Body, error) {
	contentType, ok := scalarText(get("contentType"))
	if !ok {
		return Body{}, malformed("contentType", "text is expected")
	}
	if contentType == customType {
		if contentType, ok = scalarText(get("customContentType")); !ok {
			return Body{}, malformed("customContentType", "text is expected")
		}
	}
	data, isText, err := dataOf(get("data"))
	if err != nil {
		return Body{}, malformed("data", "%w", err)
	}
	return Body{Type: Raw, ContentType: contentType, Data: data, IsText: isText}, nil
}

func optionalRows(v any, nameKey string) ([]query.Pair, error) {
	if v == nil || v == "" {
		return nil, nil
	}
	return rowsOf(v, nameKey)
}

// members is readBody's inverse.
func (b *Body) members() jsonvalue.Object {
	kind := jsonvalue.Member{Name: "bodyType", Value: string(b.Type)}
	switch b.Type {
	case Raw:
		return append(jsonvalue.Object{kind}, b.rawMembers()...)
	case Form:
		return jsonvalue.Object{kind, {Name: "formFields", Value: rowObjects(b.Fields, "key")}}
	case Multipart:
		return jsonvalue.Object{kind, {Name: "formDataFields", Value: partRows(b.Parts)}}
	}
	return nil
}

func (b *Body) rawMembers() jsonvalue.Object {
	data := dataValue(b.Data, b.IsText)
	if b.IsJSON {
		data = string(b.Data)
	}
	content := jsonvalue.Member{Name: "data", Value: data}
	given := jsonvalue.Member{Name: "contentType", Value: b.ContentType}
	switch b.ContentType {
	case "":
		return jsonvalue.Object{content}
	case customType: // a type of that name, if anybody has one
		return jsonvalue.Object{given, {Name: "customContentType", Value: customType}, content}
	}
	return jsonvalue.Object{given, content}
}

// dataValue is text where the bytes were given as text and are, else base64.
func dataValue(data []byte, isText bool) any {
	if isText && utf8.Valid(data) {
		return string(data)
	}
	return jsonvalue.Object{{Name: base64Key, Value: base64.StdEncoding.EncodeToString(data)}}
}
