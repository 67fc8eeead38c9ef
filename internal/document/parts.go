package document

import (
	"errors"
	"fmt"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// Part is a field of a multipart form, or a file: it has a name, data or a
// path.
type Part struct {
	Name, Value string

	FileName, ContentType string
	Data                  []byte // nil: none
	Path                  string
}

func (p *Part) isFile() bool { return p.FileName != "" || p.Data != nil || p.Path != "" }

// PartKey is the key of a row of the form.
func PartKey(i int) string { return fmt.Sprintf("formDataFields[%d]", i) }

// readParts reads [{fieldType, key, value}] and [{fieldType, key, data or
// file, fileName, contentType}].
func readParts(v any) ([]Part, error) {
	if v == nil || v == "" {
		return nil, nil
	}
	rows, ok := v.([]any)
	if !ok {
		return nil, malformed("formDataFields", "a list of rows is expected")
	}
	var parts []Part
	for i, item := range rows {
		row, ok := item.(jsonvalue.Object)
		if !ok {
			return nil, malformed(PartKey(i), "a row is an object")
		}
		part, err := readPart(row)
		if err != nil {
			return nil, malformed(PartKey(i), "%w", err)
		}
		parts = append(parts, part)
	}
	return parts, nil
}

func readPart(row jsonvalue.Object) (p Part, err error) {
	isFile := false
	for _, m := range row {
		s, isScalar := scalarText(m.Value)
		if !isScalar && m.Name != "data" {
			return p, fmt.Errorf("%s is not text", m.Name)
		}
		switch m.Name {
		case "fieldType":
			if s != "text" && s != "file" && s != "" {
				return p, errors.New("the fieldType is text or file")
			}
			isFile = s == "file"
		case "key":
			p.Name = s
		case "value":
			p.Value = s
		case "fileName":
			p.FileName = s
		case "contentType":
			p.ContentType = s
		case "file":
			p.Path = s
		case "data":
			if m.Value == nil || m.Value == "" {
				continue // an empty cell of the form; of a file, see below
			}
			if p.Data, _, err = dataOf(m.Value); err != nil {
				return p, err
			}
		default:
			return p, fmt.Errorf("a row has no key %q; fieldType, key, value, data, file, fileName and contentType are known", m.Name)
		}
	}
	if !isFile && p.isFile() {
		return p, errors.New("data and fileName belong to a row of fieldType file")
	}
	if isFile && p.Data == nil && p.Path == "" {
		p.Data = []byte{} // an empty file is still one
	}
	return p, nil
}

// partRows is readParts' inverse.
func partRows(parts []Part) []any {
	rows := make([]any, 0, len(parts))
	for _, p := range parts {
		row := jsonvalue.Object{{Name: "fieldType", Value: "text"}, {Name: "key", Value: p.Name}}
		add := func(name string, value any) { row = append(row, jsonvalue.Member{Name: name, Value: value}) }
		switch {
		case !p.isFile():
			add("value", p.Value)
		case p.Path != "":
			add("file", p.Path)
		default:
			add("data", dataValue(p.Data, false))
		}
		if p.isFile() {
			row[0].Value = "file"
		}
		if p.FileName != "" {
			add("fileName", p.FileName)
		}
		if p.ContentType != "" {
			add("contentType", p.ContentType)
		}
		rows = append(rows, row)
	}
	return rows
}
