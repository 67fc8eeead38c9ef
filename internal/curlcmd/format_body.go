package curlcmd

import (
	"encoding/base64"
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
		f.add("-H", "Content-Type: "+contentType)
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
		for _, p := range parts {
			f.part(p)
		}
		return len(parts) > 0, nil
	}
	return false, nil
}

func (f *formatter) part(p any) {
	row, _ := p.(jsonvalue.Object)
	key := scalar(value(row, "key"))
	contentType := scalar(value(row, "contentType"))
	if text := scalar(value(row, "value")); scalar(value(row, "fieldType")) != "file" {
		if contentType == "" {
			f.add("--form-string", key+"="+text)
		} else {
			f.add("-F", key+`="`+formEscapes.Replace(text)+`";type=`+contentType)
		}
		return
	}
	file, fileName := scalar(value(row, "file")), scalar(value(row, "fileName"))
	data, inline := bodyBytes(value(row, "data"))
	word := key + "=@" + quoteForm(file)
	switch {
	case file != "":
	case inline && fileName != "" && strings.IndexByte(data, 0) < 0:
		word = key + `="` + formEscapes.Replace(data) + `"`
	default:
		f.note("formDataFields", "a file that is not named by its path is to come from standard input")
		word = key + "=@-"
	}
	if fileName != "" {
		word += ";filename=" + quoteForm(fileName)
	}
	if contentType != "" && (file == "" || contentType != partType(file)) {
		word += ";type=" + contentType
	}
	f.add("-F", word)
}

var formEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func quoteForm(s string) string {
	if !strings.ContainsAny(s, `;,"\ `) {
		return s
	}
	return `"` + formEscapes.Replace(s) + `"`
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
