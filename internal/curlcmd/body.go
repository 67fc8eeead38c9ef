package curlcmd

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

const formType = "application/x-www-form-urlencoded"

// data is what the options -d and their like have put together.
type data struct {
	bytes.Buffer
	json bool
	any  bool // something was added, be it empty
}

// readFile reads a file that is part of the request.
func (c *command) readFile(o *option, name string) ([]byte, error) {
	if c.options.ReadFile == nil {
		return nil, &Error{Reason: FileNeeded, Option: o.flag(), Detail: "the file " + name + " is not read here"}
	}
	content, err := c.options.ReadFile(name)
	if err != nil {
		return nil, &Error{Reason: FileNeeded, Option: o.flag(), Detail: "the file " + name + " cannot be read", Err: err}
	}
	return content, nil
}

func (c *command) addData(o *option, value string) error {
	content := []byte(value)
	var err error
	file, isFile := strings.CutPrefix(value, "@")
	switch {
	case o.name == "data-urlencode":
		content, err = c.encoded(o, value)
	case o.name == "data-raw" || !isFile:
	default:
		content, err = c.readFile(o, file)
		if o.name == "data" || o.name == "data-ascii" { // text loses its line ends
			content = slices.DeleteFunc(content, func(b byte) bool { return b == '\r' || b == '\n' || b == 0 })
		}
	}
	if err != nil {
		return err
	}
	if c.data == nil {
		c.data = &data{}
	}
	if c.data.any && o.name != "json" {
		c.data.WriteByte('&')
	}
	c.data.json = c.data.json || o.name == "json"
	c.data.any = true
	c.data.Write(content)
	return nil
}

// encoded is the argument of --data-urlencode: content, =content, name=content,
// @file or name@file; only the content is encoded.
func (c *command) encoded(o *option, value string) ([]byte, error) {
	i := strings.IndexAny(value, "=@")
	if i < 0 {
		return []byte(escapeForm(value)), nil
	}
	name, content := value[:i], value[i+1:]
	if value[i] == '@' {
		file, err := c.readFile(o, content)
		if err != nil {
			return nil, err
		}
		content = string(file)
	}
	if name != "" {
		name += "="
	}
	return []byte(name + escapeForm(content)), nil
}

// escapeForm percent-encodes all but the unreserved characters of RFC 3986; a
// space is a plus.
func escapeForm(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		case c == ' ':
			b.WriteByte('+')
		default:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

func (c *command) setUpload(_ *option, value string) error {
	if c.upload != nil {
		return fail(Unsupported, "--upload-file", "one request uploads one file")
	}
	c.upload = &value
	return nil
}

// body gives the keys of the body, and takes Content-Type out of the headers,
// since there is a key for it.
func (c *command) body() ([]jsonvalue.Member, error) {
	switch {
	case c.parts != nil:
		return []jsonvalue.Member{{Name: "bodyType", Value: "multipart_form_data"}, {Name: "formDataFields", Value: c.parts}}, nil
	case c.upload != nil:
		content, err := c.readFile(&option{name: "upload-file"}, *c.upload)
		if err != nil {
			return nil, err
		}
		return c.raw(content, ""), nil
	case c.data != nil && !c.get:
		contentType := formType
		if c.data.json {
			contentType = "application/json"
		}
		return c.raw(c.data.Bytes(), contentType), nil
	}
	return nil, nil
}

func (c *command) raw(content []byte, contentType string) []jsonvalue.Member {
	if value, given := c.take("Content-Type"); given {
		contentType = ""
		if value != nil {
			contentType = *value
		}
	}
	members := []jsonvalue.Member{{Name: "bodyType", Value: "raw"}}
	switch contentType {
	case "":
	case "text/plain", "application/json", "application/xml", "text/xml", "text/html":
		members = append(members, jsonvalue.Member{Name: "contentType", Value: contentType})
	default:
		members = append(members, jsonvalue.Member{Name: "contentType", Value: "custom"}, jsonvalue.Member{Name: "customContentType", Value: contentType})
	}
	var v any = content
	if utf8.Valid(content) {
		v = string(content)
	}
	return append(members, jsonvalue.Member{Name: "data", Value: v})
}

// addForm reads -F name=content, name=@file and name=<file, each with ;type=,
// ;filename= and the like after it; --form-string takes the content as it is.
func (c *command) addForm(o *option, value string) error {
	name, content, ok := strings.Cut(value, "=")
	if !ok || name == "" {
		return fail(Argument, o.flag(), "name=content is expected")
	}
	switch {
	case o.name == "form-string":
		c.addText(name, content)
	case strings.HasPrefix(content, "@"):
		c.addFiles(o, name, content[1:])
	case strings.HasPrefix(content, "<"):
		p, _ := c.part(o, content[1:], ";")
		text, err := c.readFile(o, p.content)
		if err != nil {
			return err
		}
		c.addContent(name, string(text), p)
	case strings.HasPrefix(content, "("), name == ")":
		return fail(Unsupported, o.flag(), "a multipart body within another")
	default:
		p, _ := c.part(o, content, ";")
		c.addContent(name, p.content, p)
	}
	return nil
}

func (c *command) addText(name, content string) {
	c.parts = append(c.parts, jsonvalue.Object{{Name: "fieldType", Value: "text"}, {Name: "key", Value: name}, {Name: "value", Value: content}})
}

// addContent adds a text, as a file where it has the name of one.
func (c *command) addContent(name, content string, p part) {
	if p.fileName == "" {
		c.addText(name, content)
		if p.contentType != "" {
			c.parts[len(c.parts)-1] = append(c.parts[len(c.parts)-1].(jsonvalue.Object), jsonvalue.Member{Name: "contentType", Value: p.contentType})
		}
		return
	}
	row := jsonvalue.Object{{Name: "fieldType", Value: "file"}, {Name: "key", Value: name},
		{Name: "data", Value: content}, {Name: "fileName", Value: p.fileName}}
	if p.contentType != "" {
		row = append(row, jsonvalue.Member{Name: "contentType", Value: p.contentType})
	}
	c.parts = append(c.parts, row)
}

// partTypes are the types that curl knows by the end of a file's path; any
// other file is application/octet-stream.
var partTypes = []struct{ end, contentType string }{
	{".gif", "image/gif"}, {".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"}, {".png", "image/png"}, {".svg", "image/svg+xml"},
	{".txt", "text/plain"}, {".htm", "text/html"}, {".html", "text/html"}, {".pdf", "application/pdf"}, {".xml", "application/xml"},
}

func partType(path string) string {
	for _, t := range partTypes {
		if len(path) >= len(t.end) && strings.EqualFold(path[len(path)-len(t.end):], t.end) {
			return t.contentType
		}
	}
	return "application/octet-stream"
}

// guessedType is what curl says of a file without a type: by the name that is
// sent, else by its path.
func guessedType(fileName, path string) string {
	if t := partType(fileName); t != partType("") {
		return t
	}
	return partType(path)
}

func (c *command) addFiles(o *option, name, list string) {
	for {
		p, rest := c.part(o, list, ";,")
		fileName := p.fileName
		if fileName == "" {
			fileName = path.Base(strings.ReplaceAll(p.content, `\`, "/"))
		}
		contentType := p.contentType
		if contentType == "" {
			contentType = guessedType(fileName, p.content)
		}
		c.parts = append(c.parts, jsonvalue.Object{{Name: "fieldType", Value: "file"}, {Name: "key", Value: name},
			{Name: "file", Value: p.content}, {Name: "fileName", Value: fileName}, {Name: "contentType", Value: contentType}})
		c.result.FormFiles = append(c.result.FormFiles, p.content)
		if rest == "" {
			return
		}
		c.note(o.flag(), "several files of one field are parts of one name (RFC 7578 section 4.3), not a multipart/mixed")
		list = rest
	}
}

type part struct{ content, fileName, contentType string }

// part reads one piece of -F up to a comma where that ends it, with its
// attributes. Spaces around what is not in quotes are no part of it.
func (c *command) part(o *option, text, ends string) (p part, rest string) {
	text = strings.TrimLeft(text, space)
	quoted := strings.HasPrefix(text, `"`)
	p.content, text = quotedUpTo(text, ends)
	if !quoted {
		p.content = strings.TrimRight(p.content, space)
	}
	for text != "" && text[0] != ',' {
		if text[0] != ';' {
			c.note(o.flag(), "text after a closing quote is left out, as curl does")
			text = text[len(text)-len(strings.TrimLeftFunc(text, func(r rune) bool { return !strings.ContainsRune(ends, r) })):]
			continue
		}
		text = strings.TrimLeft(text[1:], space)
		name, value, _ := strings.Cut(text, "=")
		var got string
		switch name {
		case "filename":
			p.fileName, text = quotedUpTo(value, ends)
		case "type":
			p.contentType, text = quotedUpTo(value, ends)
			// A parameter of the type, as in text/plain;charset=utf-8, is its own.
			for strings.HasPrefix(text, ";") && !startsAttribute(text[1:]) {
				var parameter string
				parameter, text = quotedUpTo(text[1:], ends)
				p.contentType += ";" + parameter
			}
		case "headers", "encoder":
			_, text = quotedUpTo(value, ends)
			c.note(o.flag(), "a part has no "+name+" here")
		default:
			if got, text = quotedUpTo(text, ends); got != "" {
				c.note(o.flag(), "what is not known after a ; is left out, as curl does")
			}
		}
	}
	return p, strings.TrimPrefix(text, ",")
}

const space = " \t\r\n\v\f"

func startsAttribute(text string) bool {
	text = strings.TrimLeft(text, space)
	for _, name := range []string{"type=", "filename=", "headers=", "encoder="} {
		if strings.HasPrefix(text, name) {
			return true
		}
	}
	return false
}

// quotedUpTo reads a word, in double quotes or up to one of the ends.
func quotedUpTo(text, ends string) (word, rest string) {
	if strings.HasPrefix(text, `"`) {
		var b strings.Builder
		for i := 1; i < len(text); i++ {
			switch c := text[i]; {
			case c == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\'):
				i++
				b.WriteByte(text[i])
			case c == '"':
				return b.String(), strings.TrimLeft(text[i+1:], " ")
			default:
				b.WriteByte(c)
			}
		}
	}
	i := strings.IndexAny(text, ends)
	if i < 0 {
		return text, ""
	}
	return text[:i], text[i:]
}
