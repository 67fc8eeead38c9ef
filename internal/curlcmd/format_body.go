package curlcmd

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
	"github.com/mtlshttp/mtlshttp/internal/query"
)

// contentType says the body's type, or that there is none, where curl would
// send the one of a form.
func (f *formatter) contentType(hasBody bool, headers []query.Pair) {
	for _, h := range headers {
		if strings.EqualFold(h.Name, "Content-Type") {
			return
		}
	}
	if !hasBody || f.text("bodyType") != "raw" {
		return
	}
	contentType := f.text("contentType")
	if contentType == "custom" {
		contentType = f.text("customContentType")
	}
	switch contentType {
	case formType:
	case "":
		f.add("-H", "Content-Type:")
	default:
		f.header("Content-Type", contentType)
	}
}

func (f *formatter) body() (hasBody bool, err error) {
	switch f.text("bodyType") {
	case "raw":
		data, has := bodyBytes(value(f.doc, "data"))
		if !has {
			return false, nil
		}
		if strings.IndexByte(data, 0) >= 0 {
			f.note("data", "a command line cannot hold a zero byte; the body is to come from standard input")
			f.add("--data-binary", "@-")
			return true, nil
		}
		f.add("--data-raw", data)
		return true, nil
	case "x_www_form_urlencoded":
		pairs, err := pairsOf(value(f.doc, "formFields"), "key")
		if err != nil {
			return false, err
		}
		form, err := query.Form(pairs, f.on("useQuerystring", false))
		if err != nil {
			return false, err
		}
		f.add("--data-raw", form)
		return true, nil
	case "multipart_form_data":
		parts, _ := value(f.doc, "formDataFields").([]any)
		for i, p := range parts {
			if !f.part(p) {
				return false, fail(Argument, fmt.Sprintf("formDataFields[%d]", i), "a name or content type has a control character")
			}
		}
		return len(parts) > 0, nil
	}
	return false, nil
}

// part writes one part, unless it could not be sent.
func (f *formatter) part(p any) bool {
	row, _ := p.(jsonvalue.Object)
	key, contentType := scalar(value(row, "key")), scalar(value(row, "contentType"))
	text, has, file, fileName := scalar(value(row, "value")), true, "", ""
	isFile := scalar(value(row, "fieldType")) == "file"
	if isFile { // no other row has a file read
		text, has = bodyBytes(value(row, "data"))
		file, fileName = scalar(value(row, "file")), scalar(value(row, "fileName"))
	}
	if hasControl(lineBreaks.Replace(key+fileName)) || hasControl(contentType) || strings.IndexByte(file, 0) >= 0 {
		return false
	}
	has = has && strings.IndexByte(text, 0) < 0
	// curl ends the name at the first =, and there is no way to escape another.
	named := key != "" && !strings.Contains(key, "=") && (fileName == "" || lastElement(fileName) != "")
	if isFile && file+fileName+contentType == "" {
		contentType = partType("")
	}
	if !isFile && has && named && contentType == "" {
		f.add("--form-string", key+"="+text)
		return true
	}
	content := `"` + formEscapes.Replace(text) + `"`
	switch {
	case file == "-":
		content = "@./-" // - is standard input
	case file != "":
		content = "@" + quoteForm(file)
	case !has:
		f.note("formDataFields", "the content of a part is to come from standard input")
		content = "<-"
	}
	f.add("-F", partName(key, named)+"="+content+partAttributes(key, named, file, fileName, contentType))
	return true
}

// partName stands before the first =, where curl ends the name: of one that has
// another in it the rest would be read as content, and @ as a file's name.
func partName(key string, named bool) string {
	if named {
		return key
	}
	return "part" // Content-Disposition has the name
}

func partAttributes(key string, named bool, file, fileName, contentType string) string {
	attributes, sent := "", lastElement(fileName)
	if !named {
		disposition := `Content-Disposition: form-data; name="` + headerEscapes.Replace(key) + `"`
		if fileName == "" {
			sent = lastElement(file)
		}
		if sent != "" {
			disposition += `; filename="` + headerEscapes.Replace(sent) + `"`
		}
		attributes = ";headers=" + quotedForm(disposition)
	} else if sent != "" {
		attributes = ";filename=" + quoteForm(sent)
	}
	switch {
	case contentType == "" || file != "" && contentType == guessedType(sent, file):
	case isPlainType(contentType):
		attributes += ";type=" + contentType
	default:
		attributes += ";headers=" + quotedForm("Content-Type: "+contentType)
	}
	return attributes
}

// isPlainType says whether curl takes all of it for the type: no comma ends it, as
// between files, and no parameter looks like an attribute, whose value may be
// a file of headers.
func isPlainType(contentType string) bool {
	pieces := strings.Split(contentType, ";")
	major, minor, _ := strings.Cut(pieces[0], "/")
	if major == "" || minor == "" || len(pieces[0]) > 127 || strings.ContainsAny(pieces[0], space) ||
		strings.ContainsAny(contentType, ",\"\\") || strings.TrimSpace(contentType) != contentType {
		return false
	}
	return !slices.ContainsFunc(pieces[1:], func(piece string) bool {
		return strings.TrimSpace(piece) == "" || startsAttribute(strings.ToLower(piece))
	})
}

var (
	formEscapes   = strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	headerEscapes = strings.NewReplacer(`"`, "%22", "\r", "%0D", "\n", "%0A") // as in what is sent without curl
	lineBreaks    = strings.NewReplacer("\r", "", "\n", "")
)

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

func quotedForm(s string) string { return `"` + formEscapes.Replace(s) + `"` }

func quoteForm(s string) string {
	if !strings.ContainsAny(s, `;,"\`+space) {
		return s
	}
	return quotedForm(s)
}

// lastElement is what the server is told of a path.
func lastElement(path string) string {
	path = strings.TrimRight(path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// bodyBytes is the value of data as it is sent: text, {"$base64": …}, or JSON.
func bodyBytes(v any) (data string, has bool) {
	switch v := v.(type) {
	case nil:
		return "", false
	case jsonvalue.Object:
		if encoded, ok := value(v, "$base64").(string); ok && len(v) == 1 {
			if raw, err := base64.StdEncoding.DecodeString(encoded); err == nil {
				return string(raw), true
			}
		}
	case []any:
	default:
		return scalar(v), true
	}
	text, err := jsonvalue.Append(nil, v)
	return string(text), err == nil
}
