package mtlshttp

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// The keys of the request document, in the order in which it is written. Each
// reads the key's value into a Request and writes it back; the value is as
// jsonvalue.ParseOrdered gives it, never null or "" for an option.
var documentKeys = []documentKey{
	text("credentials", func(r *Request) *string { return &r.Credentials }),
	flag("handleErrors", func(r *Request) *bool { return &r.StatusErrors }),
	text("url", func(r *Request) *string { return &r.URL }),
	flag("serializeUrl", func(r *Request) *bool { return &r.EscapeURL }),
	text("method", func(r *Request) *string { return &r.Method }),
	{"headers", readHeaders, writeHeaders},
	{"qs", readQuery, writeQuery},
	flag("useQuerystring", func(r *Request) *bool { return &r.PlainQueryKeys }),
	{"secretHeaders", readSecret, writeStrings(func(r *Request) []string { return r.Secret })},
	flag("parseResponse", func(r *Request) *bool { return &r.Parse }),
	{"authUser", readAuth((*BasicAuth).setUser), func(r *Request) any {
		if r.Auth == nil {
			return nil
		}
		return r.Auth.User
	}},
	{"authPass", readAuth((*BasicAuth).setPassword), func(r *Request) any {
		if r.Auth == nil {
			return nil
		}
		return r.Auth.Password
	}},
	{"timeout", readTimeout, writeTimeout},
	flag("shareCookies", func(r *Request) *bool { return &r.ShareCookies }),
	{"ca", readRoots, writeRoots},
	flag("caOnly", func(r *Request) *bool { return &r.Roots.Only }),
	{"crl", readLists, writeLists},
	inverted("rejectUnauthorized", func(r *Request) *bool { return &r.Verify.Off }),
	{"verify", readVerify, writeVerify},
	inverted("followRedirect", func(r *Request) *bool { return &r.Redirect.Off }),
	flag("followAllRedirects", func(r *Request) *bool { return &r.Redirect.All }),
	{"maxRedirects", readMaxRedirects, writeMaxRedirects},
	flag("followOriginalHttpMethod", func(r *Request) *bool { return &r.Redirect.KeepMethod }),
	flag("allowDowngrade", func(r *Request) *bool { return &r.Redirect.AllowDowngrade }),
	flag("gzip", func(r *Request) *bool { return &r.Compressed }),
	flag("useMtls", func(r *Request) *bool { return &r.UseMutualTLS }),
	{"origins", readOrigins, writeStrings(func(r *Request) []string { return r.Origins })},
	flag("requireClientCertificate", func(r *Request) *bool { return &r.RequireClientCertificate }),
	flag("confirmHandshake", func(r *Request) *bool { return &r.ConfirmHandshake }),
	{"protocol", readProtocol, writeProtocol},
}

type documentKey struct {
	name  string
	read  func(*Request, any) error
	write func(*Request) any // nil: the key is left out
}

// UnmarshalJSON reads a request document, with the keys that exported scenarios
// carry. For options, a missing key, null and "" mean the same. Keys that are
// not known go to Extra. The error names every key whose value does not fit.
func (r *Request) UnmarshalJSON(data []byte) error {
	value, err := jsonvalue.ParseOrdered(data, jsonvalue.Limits{})
	if err != nil {
		return fault(KindConfig, "", "json", "%w", err)
	}
	object, ok := value.(jsonvalue.Object)
	if !ok {
		return fault(KindConfig, "", "json", "a request is an object")
	}
	var read Request
	var faults []*Error
	for _, m := range object {
		i := slices.IndexFunc(documentKeys, func(k documentKey) bool { return k.name == m.Name })
		switch {
		case isBodyKey(m.Name):
		case i < 0:
			raw, err := jsonvalue.Append(nil, m.Value)
			if err != nil {
				faults = append(faults, fault(KindConfig, m.Name, "json", "%w", err))
				continue
			}
			if read.Extra == nil {
				read.Extra = make(map[string]json.RawMessage)
			}
			read.Extra[m.Name] = raw
		case m.Value == nil || m.Value == "":
		default:
			if err := documentKeys[i].read(&read, m.Value); err != nil {
				faults = append(faults, documentFault(m.Name, err))
			}
		}
	}
	body, err := readBody(object)
	if err != nil {
		faults = append(faults, documentFault("bodyType", err))
	}
	read.Body = body
	if len(faults) > 0 {
		return joinFaults(faults)
	}
	*r = read
	return nil
}

func documentFault(key string, err error) *Error {
	if e := asError(err); e != nil {
		return e
	}
	return fault(KindConfig, key, "json", "%w", err)
}

// MarshalJSON writes the request document. It is complete, and so as secret as
// the request. An Identity, certificates of Roots, a body that is a reader, and
// text that is not UTF-8 cannot be written: the error names the field.
func (r *Request) MarshalJSON() ([]byte, error) {
	if r.Identity != nil {
		return nil, fault(KindConfig, "identity", "not-serialisable", "a credential cannot be written; name it in Credentials")
	}
	if len(r.Roots.Certificates) > 0 {
		return nil, fault(KindConfig, "ca", "not-serialisable", "certificates cannot be written; give them as PEM or by name")
	}
	object := jsonvalue.Object{}
	for _, k := range documentKeys {
		if v := k.write(r); v != nil {
			object = append(object, jsonvalue.Member{Name: k.name, Value: v})
		}
		if k.name == "useQuerystring" {
			body, err := writeBody(r.Body)
			if err != nil {
				return nil, err
			}
			object = append(object, body...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Extra)) {
		object = append(object, jsonvalue.Member{Name: name, Value: r.Extra[name]})
	}
	for _, m := range object {
		if err := writable(m.Value); err != nil {
			return nil, fault(KindConfig, m.Name, "not-serialisable", "%w", err)
		}
	}
	return jsonvalue.Append(nil, object)
}

var (
	errNotUTF8  = errors.New("text that is not UTF-8 cannot be written")
	errTwice    = errors.New("an object that has a name twice cannot be written")
	errNotValue = errors.New("a value is no text, number, boolean, null, array or object")
)

// writable says whether a value comes back from a document as it is: JSON would
// replace bytes that are not UTF-8, and documents refuse names that are given
// twice.
func writable(v any) error {
	switch v := v.(type) {
	case string:
		if !utf8.ValidString(v) {
			return errNotUTF8
		}
	case []any:
		for _, item := range v {
			if err := writable(item); err != nil {
				return err
			}
		}
	case jsonvalue.Object:
		seen := make(map[string]bool, len(v))
		for _, m := range v {
			if seen[m.Name] {
				return errTwice
			}
			seen[m.Name] = true
			if err := errors.Join(writable(m.Name), writable(m.Value)); err != nil {
				return err
			}
		}
	default:
		if _, err := jsonvalue.Append(nil, v); err != nil {
			return errNotValue
		}
	}
	return nil
}

func text(name string, field func(*Request) *string) documentKey {
	return documentKey{name, func(r *Request, v any) error {
		s, ok := v.(string)
		if !ok {
			return errors.New("text is expected")
		}
		*field(r) = s
		return nil
	}, func(r *Request) any {
		if s := *field(r); s != "" {
			return s
		}
		return nil
	}}
}

func flag(name string, field func(*Request) *bool) documentKey {
	return documentKey{name, func(r *Request, v any) (err error) {
		*field(r), err = boolOf(v)
		return err
	}, func(r *Request) any {
		if *field(r) {
			return true
		}
		return nil
	}}
}

// inverted is an option whose default is true.
func inverted(name string, field func(*Request) *bool) documentKey {
	return documentKey{name, func(r *Request, v any) error {
		b, err := boolOf(v)
		*field(r) = !b && err == nil
		return err
	}, func(r *Request) any {
		if *field(r) {
			return false
		}
		return nil
	}}
}

func boolOf(v any) (bool, error) {
	switch v {
	case true, "true":
		return true, nil
	case false, "false":
		return false, nil
	}
	return false, errors.New("true or false is expected")
}

// readTimeout reads seconds, as a number or numeric text.
func readTimeout(r *Request, v any) error {
	s, ok := scalarText(v)
	if _, isBool := v.(bool); !ok || isBool {
		return errTimeout
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || !(seconds >= minTimeout.Seconds() && seconds <= maxTimeout.Seconds()) {
		return errTimeout
	}
	r.Timeout = time.Duration(math.Round(seconds * float64(time.Second)))
	return nil
}

var errTimeout = &Error{Kind: KindConfig, Reason: "timeout", Phase: phaseValidate, Type: typeName(KindConfig, 0), Field: "timeout",
	Err: errors.New("the timeout is in seconds, 1 to 300")}

func writeTimeout(r *Request) any {
	if r.Timeout == 0 {
		return nil
	}
	return json.Number(strconv.FormatFloat(r.Timeout.Seconds(), 'f', -1, 64))
}

func readMaxRedirects(r *Request, v any) error {
	s, _ := scalarText(v)
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return errors.New("a whole number from 0 to 100 is expected")
	}
	if n == 0 {
		n = -1 // in Go, 0 is the default
	}
	r.Redirect.Max = n
	return nil
}

func writeMaxRedirects(r *Request) any {
	if r.Redirect.Max == 0 {
		return nil
	}
	return max(r.Redirect.Max, 0)
}

// readHeaders reads rows of name and value, or an object. Of two rows of one
// name the last wins, in the place of the first, as in the module; a row whose
// value is an array stands for several fields.
func readHeaders(r *Request, v any) error {
	rows, err := rowsOf(v, "name")
	if err != nil {
		return err
	}
	var order []string
	values := map[string][]Header{}
	for i, row := range rows {
		key := strings.ToLower(row.Name)
		if _, seen := values[key]; !seen {
			order = append(order, key)
		}
		list, isList := row.Value.([]any)
		if !isList {
			list = []any{row.Value}
		}
		fields := make([]Header, 0, len(list))
		for _, item := range list {
			s, ok := scalarText(item)
			if !ok {
				return fmt.Errorf("the value of row %d is not text", i)
			}
			fields = append(fields, Header{row.Name, s})
		}
		values[key] = fields
	}
	for _, key := range order {
		r.Headers = append(r.Headers, values[key]...)
	}
	return nil
}

func writeHeaders(r *Request) any {
	if len(r.Headers) == 0 {
		return nil
	}
	var rows []any
	written := map[string]bool{}
	for _, h := range r.Headers {
		key := strings.ToLower(h.Name)
		if written[key] {
			continue
		}
		written[key] = true
		var values []any
		for _, other := range r.Headers {
			if strings.EqualFold(other.Name, h.Name) {
				values = append(values, other.Value)
			}
		}
		var value any = values
		if len(values) == 1 {
			value = values[0]
		}
		rows = append(rows, jsonvalue.Object{{Name: "name", Value: h.Name}, {Name: "value", Value: value}})
	}
	return rows
}

func readQuery(r *Request, v any) error {
	rows, err := rowsOf(v, "name")
	r.Query = rows
	return err
}

func writeQuery(r *Request) any {
	if r.Query == nil {
		return nil
	}
	return rowObjects(r.Query, "name")
}

// rowsOf reads [{name, value}] or an object as parameters; never nil.
func rowsOf(v any, nameKey string) ([]Param, error) {
	rows := []Param{}
	switch v := v.(type) {
	case jsonvalue.Object:
		for _, m := range v {
			value, err := paramValue(m.Value)
			if err != nil {
				return nil, err
			}
			rows = append(rows, Param{m.Name, value})
		}
	case []any:
		for i, item := range v {
			row, ok := item.(jsonvalue.Object)
			if !ok {
				return nil, fmt.Errorf("row %d is not an object of %s and value", i, nameKey)
			}
			name, _ := row.Get(nameKey)
			text, ok := scalarText(name)
			if !ok {
				return nil, fmt.Errorf("row %d has no %s", i, nameKey)
			}
			for _, m := range row {
				if m.Name != nameKey && m.Name != "value" {
					return nil, fmt.Errorf("row %d has a key %q; %s and value are known", i, m.Name, nameKey)
				}
			}
			value, _ := row.Get("value")
			converted, err := paramValue(value)
			if err != nil {
				return nil, err
			}
			rows = append(rows, Param{text, converted})
		}
	default:
		return nil, fmt.Errorf("rows of %s and value are expected, or an object", nameKey)
	}
	return rows, nil
}

// paramValue turns ordered objects into ordered parameters.
func paramValue(v any) (any, error) {
	switch v := v.(type) {
	case jsonvalue.Object:
		params := make([]Param, 0, len(v))
		for _, m := range v {
			value, err := paramValue(m.Value)
			if err != nil {
				return nil, err
			}
			params = append(params, Param{m.Name, value})
		}
		return params, nil
	case []any:
		list := make([]any, 0, len(v))
		for _, item := range v {
			value, err := paramValue(item)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	}
	return v, nil
}

func rowObjects(params []Param, nameKey string) []any {
	rows := make([]any, 0, len(params))
	for _, p := range params {
		rows = append(rows, jsonvalue.Object{{Name: nameKey, Value: p.Name}, {Name: "value", Value: documentValue(p.Value)}})
	}
	return rows
}

func documentValue(v any) any {
	switch v := v.(type) {
	case []Param:
		object := make(jsonvalue.Object, 0, len(v))
		for _, p := range v {
			object = append(object, jsonvalue.Member{Name: p.Name, Value: documentValue(p.Value)})
		}
		return object
	case []any:
		list := make([]any, 0, len(v))
		for _, item := range v {
			list = append(list, documentValue(item))
		}
		return list
	}
	return v
}

// scalarText is the text of a scalar.
func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	case nil:
		return "", true
	}
	return "", false
}

func stringsOf(v any) ([]string, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, errors.New("a list of texts is expected")
	}
	out := make([]string, 0, len(list))
	for _, item := range list {
		s, ok := item.(string)
		if !ok {
			return nil, errors.New("a list of texts is expected")
		}
		out = append(out, s)
	}
	return out, nil
}

func readSecret(r *Request, v any) (err error)  { r.Secret, err = stringsOf(v); return err }
func readOrigins(r *Request, v any) (err error) { r.Origins, err = stringsOf(v); return err }

func writeStrings(field func(*Request) []string) func(*Request) any {
	return func(r *Request) any {
		var list []any
		for _, s := range field(r) {
			list = append(list, s)
		}
		if list == nil {
			return nil
		}
		return list
	}
}

func readAuth(set func(*BasicAuth, string)) func(*Request, any) error {
	return func(r *Request, v any) error {
		s, ok := scalarText(v)
		if !ok {
			return errors.New("text is expected")
		}
		if r.Auth == nil {
			r.Auth = new(BasicAuth)
		}
		set(r.Auth, s)
		return nil
	}
}

func (a *BasicAuth) setUser(s string)     { a.User = s }
func (a *BasicAuth) setPassword(s string) { a.Password = s }

// readRoots tells certificates that are pasted from a name in the keychain.
func readRoots(r *Request, v any) error {
	s, ok := v.(string)
	if !ok {
		return errors.New("text with certificates is expected, or a name in the keychain")
	}
	if isRootsText(s) {
		r.Roots.PEM = s
	} else {
		r.Roots.Name = s
	}
	return nil
}

// isRootsText says whether the text of ca is certificates, not a name. The
// shortest certificate takes more than 256 characters of base64.
func isRootsText(s string) bool { return strings.Contains(s, "-----BEGIN") || len(s) > 256 }

func writeRoots(r *Request) any {
	switch {
	case r.Roots.PEM != "":
		return r.Roots.PEM
	case r.Roots.Name != "":
		return r.Roots.Name
	}
	return nil
}

// readLists reads revocation lists as PEM text.
func readLists(r *Request, v any) error {
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	for _, item := range list {
		data, _, err := dataOf(item)
		if err != nil {
			return err
		}
		r.Roots.CRLs = append(r.Roots.CRLs, data)
	}
	return nil
}

func writeLists(r *Request) any {
	var list []any
	for _, data := range r.Roots.CRLs {
		list = append(list, dataValue(data, true))
	}
	if list == nil {
		return nil
	}
	return list
}

var errVerify = errors.New("an object of pins, name, skipName and allowExpired is expected")

func readVerify(r *Request, v any) (err error) {
	object, ok := v.(jsonvalue.Object)
	if !ok {
		return errVerify
	}
	for _, m := range object {
		switch m.Name {
		case "pins":
			r.Verify.Pins, err = stringsOf(m.Value)
		case "name":
			if r.Verify.Name, ok = m.Value.(string); !ok {
				err = errVerify
			}
		case "skipName":
			r.Verify.SkipName, err = boolOf(m.Value)
		case "allowExpired":
			r.Verify.AllowExpired, err = boolOf(m.Value)
		default:
			err = errVerify
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func writeVerify(r *Request) any {
	object := jsonvalue.Object{}
	add := func(set bool, name string, value any) {
		if set {
			object = append(object, jsonvalue.Member{Name: name, Value: value})
		}
	}
	add(len(r.Verify.Pins) > 0, "pins", r.Verify.Pins)
	add(r.Verify.Name != "", "name", r.Verify.Name)
	add(r.Verify.SkipName, "skipName", true)
	add(r.Verify.AllowExpired, "allowExpired", true)
	if len(object) == 0 {
		return nil
	}
	return object
}

var tlsVersions = map[string]uint16{"1.2": versionTLS12, "1.3": versionTLS13}

func readProtocol(r *Request, v any) error {
	object, ok := v.(jsonvalue.Object)
	if !ok {
		return errProtocol
	}
	for _, m := range object {
		s, _ := scalarText(m.Value)
		version, known := tlsVersions[s]
		switch {
		case m.Name == "minTls" && known:
			r.Protocol.MinTLS = version
		case m.Name == "maxTls" && known:
			r.Protocol.MaxTLS = version
		case m.Name == "http" && (s == "1" || s == "2"):
			r.Protocol.HTTP = int(s[0] - '0')
		case m.Name == "renegotiate" && (s == "true" || s == "false"):
			r.Protocol.Renegotiate = s == "true"
		default:
			return errProtocol
		}
	}
	return nil
}

var errProtocol = errors.New(`an object of minTls and maxTls, "1.2" or "1.3", http, 1 or 2, and renegotiate is expected`)

func writeProtocol(r *Request) any {
	object := jsonvalue.Object{}
	for _, v := range []struct {
		name    string
		version uint16
	}{{"minTls", r.Protocol.MinTLS}, {"maxTls", r.Protocol.MaxTLS}} {
		if v.version != 0 {
			object = append(object, jsonvalue.Member{Name: v.name, Value: versionName(v.version)})
		}
	}
	if r.Protocol.HTTP != 0 {
		object = append(object, jsonvalue.Member{Name: "http", Value: r.Protocol.HTTP})
	}
	if r.Protocol.Renegotiate {
		object = append(object, jsonvalue.Member{Name: "renegotiate", Value: true})
	}
	if len(object) == 0 {
		return nil
	}
	return object
}

// base64Key is how a document carries bytes: {"$base64": "…"}.
const base64Key = "$base64"

// dataOf reads text or bytes of a document.
func dataOf(v any) (data []byte, isText bool, err error) {
	switch v := v.(type) {
	case jsonvalue.Object:
		encoded, _ := v.Get(base64Key)
		s, ok := encoded.(string)
		if !ok || len(v) != 1 {
			return nil, false, errors.New(`text is expected, or bytes as {"$base64": "…"}`)
		}
		data, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return nil, false, errors.New("the base64 is malformed")
		}
		return data, false, nil
	case []any:
		return nil, false, errors.New(`text is expected, or bytes as {"$base64": "…"}`)
	}
	s, _ := scalarText(v)
	return []byte(s), true, nil
}

// maxNearKey bounds the keys that a nearest one is looked for: comparing costs
// the product of the lengths.
const maxNearKey = 64

// unknownKey names the known key that is nearest to one that is not.
func unknownKey(key string) string {
	best, distance := "", len(key)/2+1
	if len(key) > maxNearKey {
		return "the key is not known"
	}
	for _, k := range slices.Concat(bodyKeys, keyNames()) {
		if d := editDistance(strings.ToLower(key), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return "the key is not known"
	}
	return fmt.Sprintf("the key is not known; did you mean %q?", best)
}

func keyNames() []string {
	names := make([]string, len(documentKeys))
	for i, k := range documentKeys {
		names[i] = k.name
	}
	return names
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
