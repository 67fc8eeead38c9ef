package recording

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"mime"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
	"github.com/mtlshttp/mtlshttp/internal/target"
)

// hidden stands for what is not recorded.
const hidden = "***"

// Body is content in the form that reads best: JSON as it is, text of one line
// or of several, or base64 (RFC 4648, section 4). The zero value is empty.
type Body struct {
	JSON    json.RawMessage `json:"json,omitempty"`
	NewLine bool            `json:"newLine,omitempty"` // JSON is followed by one
	Text    string          `json:"text,omitempty"`
	Lines   []string        `json:"lines,omitempty"`
	Base64  string          `json:"base64,omitempty"`
}

// bodyOf finds the form of some content. JSON stands as such only where it
// comes back byte by byte.
func bodyOf(content []byte) Body {
	text := string(content)
	trimmed, newLine := bytes.CutSuffix(content, []byte("\n"))
	var compact bytes.Buffer
	switch {
	case len(content) == 0:
		return Body{}
	case !utf8.Valid(content) || bytes.ContainsRune(content, 0):
		return Body{Base64: base64.StdEncoding.EncodeToString(content)}
	case json.Compact(&compact, trimmed) == nil && bytes.Equal(compact.Bytes(), trimmed) && text != "null" && text != "null\n":
		return Body{JSON: compact.Bytes(), NewLine: newLine}
	case strings.Contains(text, "\n"):
		return Body{Lines: strings.Split(text, "\n")}
	}
	return Body{Text: text}
}

var errForms = errors.New("a body is one of json, text, lines and base64")

func (b Body) bytes() ([]byte, error) {
	forms := 0
	for _, given := range []bool{b.JSON != nil, b.Text != "", b.Lines != nil, b.Base64 != ""} {
		if given {
			forms++
		}
	}
	switch {
	case forms > 1:
		return nil, errForms
	case b.JSON != nil:
		var out bytes.Buffer
		err := json.Compact(&out, b.JSON)
		if b.NewLine {
			out.WriteByte('\n')
		}
		return out.Bytes(), err
	case b.Lines != nil:
		return []byte(strings.Join(b.Lines, "\n")), nil
	case b.Base64 != "":
		return base64.StdEncoding.DecodeString(b.Base64)
	}
	return []byte(b.Text), nil
}

// redact takes the secrets out of content whose type says where they are: of
// JSON the members, of a form the fields that have such names. Of a multipart
// form it takes the boundary, which is another each time. What cannot be read
// stays as it is.
func (f *File) redact(contentType string, content []byte) []byte {
	media, parameters, _ := mime.ParseMediaType(contentType)
	switch {
	case media == "application/json" || strings.HasSuffix(media, "+json"):
		v, err := jsonvalue.ParseOrdered(content, jsonvalue.Limits{})
		if err != nil {
			return content
		}
		if found := false; f.redactValue(v, &found) != nil && found {
			out, _ := jsonvalue.Append(nil, v) // it was read as JSON
			return out
		}
	case media == "application/x-www-form-urlencoded":
		return []byte(f.redactPairs(string(content)))
	case strings.HasPrefix(media, "multipart/") && parameters["boundary"] != "":
		return bytes.ReplaceAll(content, []byte(parameters["boundary"]), []byte("boundary"))
	}
	return content
}

func (f *File) isSecret(name string) bool { return target.SecretHeader(name, f.Secret) }

// isSecretField is isSecret for members and fields: one that is only named a key
// says there which thing is meant, as in a pair of key and value.
func (f *File) isSecretField(name string) bool {
	if strings.EqualFold(name, "key") {
		return slices.ContainsFunc(f.Secret, func(s string) bool { return strings.EqualFold(s, name) })
	}
	return f.isSecret(name)
}

// redactValue hides members in place.
func (f *File) redactValue(v any, found *bool) any {
	switch v := v.(type) {
	case jsonvalue.Object:
		for i, m := range v {
			if f.isSecretField(m.Name) && m.Value != nil {
				if text, ok := m.Value.(string); ok {
					f.seen.see(text)
				}
				v[i].Value, *found = hidden, true
			} else {
				f.redactValue(m.Value, found)
			}
		}
	case []any:
		for _, item := range v {
			f.redactValue(item, found)
		}
	}
	return v
}

// redactPairs hides the values of secret names in a query or a form.
func (f *File) redactPairs(text string) string {
	pairs := strings.Split(text, "&")
	for i, pair := range pairs {
		if name, value, ok := strings.Cut(pair, "="); ok && f.isSecretField(name) {
			if text, err := url.QueryUnescape(value); err == nil {
				f.seen.see(text)
			}
			pairs[i] = name + "=" + hidden
		}
	}
	return strings.Join(pairs, "&")
}
