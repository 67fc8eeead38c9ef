package conformance_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mtlshttp/mtlshttp"
)

// wireCase is a recording: requests of one session, what the servers answer,
// and what was seen.
type wireCase struct {
	ID, Group, Verdict string
	Insecure           bool
	InsecureReasons    []string
	Safe               []struct {
		Step, Hop       int
		AbsentOrReduced []string
	}
	Bug                        bool
	BugReason, ModernBehaviour string
	Request                    wireRequest
	Followups                  []wireRequest
	Server                     struct{ Script []*wireRule }
	Expect                     wireExpect
	ExpectFollowups            []wireExpect
}

type wireRule struct {
	Origin, Path, Method string
	Responses            []wireResponse

	hits int
}

type wireResponse struct {
	Status                                 int
	Reason, HeaderEncoding, Framing, Abort string
	Headers                                [][2]string
	Body                                   *wireBody
	DelayMs                                int
	BodyPieces                             *struct{ Count, DelayMs int }
}

// wireBody is bytes, or in what is expected their hash.
type wireBody struct {
	Text, B64 *string
	Repeat    string
	Count     int
	SHA256    string
}

func (b *wireBody) UnmarshalJSON(data []byte) error {
	if text := new(string); json.Unmarshal(data, text) == nil {
		*b = wireBody{Text: text}
		return nil
	}
	type plain wireBody
	return json.Unmarshal(data, (*plain)(b))
}

func (b *wireBody) bytes(expand *strings.Replacer) []byte {
	switch {
	case b.Text != nil:
		return []byte(expand.Replace(*b.Text))
	case b.B64 != nil:
		data, _ := base64.StdEncoding.DecodeString(*b.B64)
		return data
	}
	return bytes.Repeat([]byte(b.Repeat), b.Count)
}

func (b *wireBody) equals(data []byte, expand *strings.Replacer) bool {
	if b.SHA256 != "" {
		sum := sha256.Sum256(data)
		return hex.EncodeToString(sum[:]) == b.SHA256
	}
	return bytes.Equal(b.bytes(expand), data)
}

type wireExpect struct {
	Hops []struct {
		wireHop
		Body wireBody
		TLS  *struct {
			ClientCertCN       *string
			ClientCertVerified bool
		}
		Multipart *struct{ Parts []wirePart }
	}
	Final *struct {
		Status    int
		Headers   [][2]string
		Body      wireBody
		Redirects []struct{ Status int }
	}
	Error *struct{ Kind string }
}

type wirePart struct {
	Headers [][2]string
	Body    wireBody
}

// wireRow is a name with a value, or a field of a multipart form.
type wireRow struct {
	Name                             string
	Value                            wireValue
	FieldType, FileName, ContentType string
	Data                             *wireBody
}

// wireValue is a value of a row, whose ordered objects become objects.
type wireValue struct{ json.RawMessage }

func (v *wireValue) UnmarshalJSON(data []byte) error {
	var list []wireValue
	var object struct {
		Rows []wireRow `json:"$obj"`
	}
	switch {
	case data[0] == '[':
		if err := json.Unmarshal(data, &list); err != nil {
			return err
		}
		v.RawMessage, _ = json.Marshal(append([]wireValue{}, list...))
	case data[0] == '{':
		if err := json.Unmarshal(data, &object); err != nil {
			return err
		}
		var members []string
		for _, row := range object.Rows {
			name, _ := json.Marshal(row.Name)
			members = append(members, string(name)+":"+row.Value.text())
		}
		v.RawMessage = json.RawMessage("{" + strings.Join(members, ",") + "}")
	default:
		v.RawMessage = append(json.RawMessage{}, data...)
	}
	return nil
}

func (v wireValue) text() string {
	if v.RawMessage == nil {
		return "null"
	}
	return string(v.RawMessage)
}

// list is the values that an array stands for, or the value alone.
func (v wireValue) list() []wireValue {
	var list []wireValue
	if json.Unmarshal(v.RawMessage, &list) == nil && list != nil {
		return list
	}
	return []wireValue{v}
}

func (v wireValue) MarshalJSON() ([]byte, error) { return []byte(v.text()), nil }

// wireRequest is a request in the terms of the corpus.
type wireRequest struct {
	URL, Method, BodyType, ContentType string
	Headers                            []wireRow
	QS                                 *[]wireRow
	Data                               json.RawMessage
	Gzip, UseQuerystring, ShareCookies bool
	FollowAllRedirects                 bool
	RemoveRefererHeader                bool
	FollowOriginalHTTPMethod           bool `json:"followOriginalHttpMethod"`
	FollowRedirect, RejectUnauthorized *bool
	MaxRedirects                       *int
	AuthUser, AuthPass, AuthBearer     *string
	CA                                 any
	Cert, Key, PFX                     string
	Passphrase                         *string
	TimeoutMs, WaitBeforeMs            int
	DenyDial                           []string
}

// document is the request as a person's form would have it. Placeholders are
// not expanded.
func (r *wireRequest) document() map[string]any {
	d := map[string]any{"url": r.URL, "method": r.Method, "gzip": r.Gzip, "useQuerystring": r.UseQuerystring,
		"shareCookies": r.ShareCookies, "followAllRedirects": r.FollowAllRedirects}
	headers := documentRows(r.Headers, "name")
	if r.AuthBearer != nil {
		headers = append(headers, map[string]any{"name": "Authorization", "value": "Bearer " + *r.AuthBearer})
	}
	d["headers"] = headers
	if r.QS != nil {
		d["qs"] = documentRows(*r.QS, "name")
	}
	setKey(d, "followRedirect", r.FollowRedirect)
	setKey(d, "rejectUnauthorized", r.RejectUnauthorized)
	setKey(d, "maxRedirects", r.MaxRedirects)
	setKey(d, "authUser", r.AuthUser)
	setKey(d, "authPass", r.AuthPass)
	if r.FollowOriginalHTTPMethod {
		d["followOriginalHttpMethod"] = true
	}
	if r.RemoveRefererHeader {
		d["removeRefererHeader"] = true
	}
	if r.BodyType != "" {
		d["bodyType"] = r.BodyType
		r.addBody(d)
	}
	return d
}

func setKey[T any](d map[string]any, key string, value *T) {
	if value != nil {
		d[key] = *value
	}
}

func (r *wireRequest) addBody(d map[string]any) {
	var rows []wireRow
	isRows := json.Unmarshal(r.Data, &rows) == nil && rows != nil
	var data wireBody
	isData := !isRows && len(r.Data) > 0 && json.Unmarshal(r.Data, &data) == nil
	switch {
	case r.BodyType == "raw" && isData:
		d["contentType"], d["data"] = r.ContentType, documentData(&data)
	case r.BodyType == "x_www_form_urlencoded" && isRows:
		d["formFields"] = documentRows(rows, "key")
	case r.BodyType == "x_www_form_urlencoded" && isData:
		d["formFields"] = documentData(&data)
	case r.BodyType == "multipart_form_data":
		fields := []map[string]any{}
		for _, row := range rows {
			if row.FieldType == "file" {
				fields = append(fields, map[string]any{"fieldType": "file", "key": row.Name, "contentType": row.ContentType,
					"fileName": row.FileName, "data": documentData(row.Data)})
				continue
			}
			for _, value := range row.Value.list() {
				fields = append(fields, map[string]any{"fieldType": "text", "key": row.Name, "contentType": row.ContentType, "value": value})
			}
		}
		d["formDataFields"] = fields
	}
}

func documentRows(rows []wireRow, nameKey string) []map[string]any {
	out := []map[string]any{}
	for _, row := range rows {
		out = append(out, map[string]any{nameKey: row.Name, "value": row.Value})
	}
	return out
}

// documentData is text, or bytes as a document has them.
func documentData(b *wireBody) any {
	switch {
	case b == nil:
		return nil
	case b.Text != nil:
		return *b.Text
	case b.B64 != nil:
		return map[string]any{"$base64": *b.B64}
	}
	return strings.Repeat(b.Repeat, b.Count)
}

// build makes the library's request: by way of its document, as an engine
// would, and then the client's certificate from its files.
func (r *wireRequest) build(ctx context.Context, lab *wireLab, fixtures string) (*mtlshttp.Request, error) {
	document := r.document()
	if r.CA != nil {
		pem, err := readFixtures(fixtures, r.CA)
		if err != nil {
			return nil, err
		}
		document["ca"], document["caOnly"] = string(pem), true
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		return nil, err
	}
	request := new(mtlshttp.Request)
	if err := json.Unmarshal([]byte(lab.expand.Replace(text.String())), request); err != nil {
		return nil, err
	}
	var err error
	request.Identity, err = r.identity(ctx, fixtures)
	return request, err
}

func (r *wireRequest) identity(ctx context.Context, fixtures string) (*mtlshttp.Credential, error) {
	var files [][]byte
	for _, name := range []string{r.Cert, r.Key, r.PFX} {
		if name != "" {
			data, err := readFixtures(fixtures, name)
			if err != nil {
				return nil, err
			}
			files = append(files, data)
		}
	}
	options := new(mtlshttp.ExtractOptions)
	if r.Passphrase != nil {
		options.Password = []byte(*r.Passphrase)
	}
	var inventory *mtlshttp.Inventory
	var err error
	switch len(files) {
	case 0:
		return nil, nil
	case 1:
		inventory, err = mtlshttp.Extract(ctx, files[0], options)
	default:
		inventory, err = mtlshttp.ExtractPair(ctx, files[0], files[1], options)
	}
	if err != nil {
		return nil, err
	}
	return inventory.Credential()
}

// readFixtures reads one file, or several one after the other.
func readFixtures(folder string, names any) ([]byte, error) {
	list, isList := names.([]any)
	if !isList {
		list = []any{names}
	}
	var all []byte
	for _, name := range list {
		text, _ := name.(string)
		data, err := os.ReadFile(filepath.Join(folder, filepath.Base(text)))
		if err != nil {
			return nil, err
		}
		all = append(append(all, data...), '\n')
	}
	return all, nil
}

func (r *wireRequest) timeout() time.Duration {
	if r.TimeoutMs > 0 {
		return time.Duration(r.TimeoutMs) * time.Millisecond
	}
	return wireStepTime
}
