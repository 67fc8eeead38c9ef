package document

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// readRoots tells certificates that are pasted from a name in the keychain.
func readRoots(r *Request, v any) error {
	s, ok := v.(string)
	if !ok {
		return errors.New("text with certificates is expected, or a name in the keychain")
	}
	if IsCertificates(s) {
		r.Roots.PEM = s
	} else {
		r.Roots.Name = s
	}
	return nil
}

// IsCertificates says whether the text of ca is certificates, not a name. The
// shortest certificate takes more than 256 characters of base64.
func IsCertificates(s string) bool { return strings.Contains(s, "-----BEGIN") || len(s) > 256 }

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

var tlsVersions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

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

// versionName is a version as documents have it; "": TLS has none of that number.
func versionName(v uint16) string {
	if v < tls.VersionTLS10 || v > tls.VersionTLS13 {
		return ""
	}
	return fmt.Sprintf("1.%d", v-tls.VersionTLS10)
}
