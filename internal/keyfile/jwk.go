package keyfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// jsonKey is a JSON Web Key (RFC 7517) of the types of RFC 7518, section 6, and
// RFC 8037.
type jsonKey map[string]any

// text is a member that is one; empty: it is not there.
func (k jsonKey) text(name string) string {
	text, _ := k[name].(string)
	return text
}

func (k jsonKey) list(name string) []any {
	list, _ := k[name].([]any)
	return list
}

// curve is the identifier of the key's curve; empty: it has none that is known for
// its type.
func (k jsonKey) curve() string {
	switch k.text("kty") + " " + k.text("crv") {
	case "EC P-256":
		return "1.2.840.10045.3.1.7"
	case "EC P-384":
		return "1.3.132.0.34"
	case "EC P-521":
		return "1.3.132.0.35"
	case "EC secp256k1":
		return "1.3.132.0.10"
	case "OKP X25519":
		return oidX25519
	case "OKP X448":
		return oidX448
	case "OKP Ed25519":
		return oidEd25519
	case "OKP Ed448":
		return oidEd448
	}
	return ""
}

// beginsJSONKey says whether a text looks like keys in JSON, be it damaged.
func beginsJSONKey(text []byte) bool {
	start := bytes.TrimSpace(text)
	return len(start) > 0 && (start[0] == '{' || start[0] == '[') && bytes.Contains(text, []byte(`"kty"`))
}

// jsonKeys are the keys that a text has in JSON: one, a set, a list, or some in
// what wraps them; nil: it is none.
func jsonKeys(text []byte) (keys []jsonKey) {
	if !beginsJSONKey(text) {
		return nil
	}
	v, err := jsonvalue.Parse(text, jsonvalue.Limits{Depth: 16, Nodes: 100_000})
	if err != nil {
		return nil
	}
	if findJSONKeys(v, false, &keys) && bytes.Contains(text, []byte("-----BEGIN ")) {
		return nil // what is in PEM beside them is more than they are
	}
	return keys
}

// findJSONKeys looks for keys in what a text holds, such as {"jwk": {…}}, keys by
// their names, or the account of an ACME client, and says whether there are some
// that are wrapped so: that are neither one key nor a set.
func findJSONKeys(v any, inside bool, keys *[]jsonKey) (wrapped bool) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			wrapped = findJSONKeys(item, inside, keys) || wrapped
		}
	case map[string]any:
		if kind := v["kty"]; kind != nil && kind != "" {
			*keys = append(*keys, v)
			return inside
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			wrapped = findJSONKeys(v[name], inside || name != "keys", keys) || wrapped
		}
	}
	return wrapped
}

func (x *extraction) jwk(keys []jsonKey) error {
	x.named("jwk")
	for _, k := range keys {
		if err := x.object(); err != nil {
			return err
		}
		id := k.text("kid")
		if err := x.as(id, id, func() error { return x.jsonKey(k) }); err != nil {
			return err
		}
	}
	return nil
}

// jsonKey reads one key and the certificates that came with it.
func (x *extraction) jsonKey(k jsonKey) error {
	chain := k.list("x5c")
	for _, item := range chain { // not base64url (RFC 7517, section 4.7)
		text, _ := item.(string)
		octets, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			err = x.part(corrupt("certificate", err))
		} else {
			err = x.asn1(octets, "CERTIFICATE")
		}
		if err != nil {
			return err
		}
	}
	switch {
	case k.text("kty") == "oct":
		return x.note("a symmetric key, which TLS does not use for credentials")
	case k.text("d") == "" && len(chain) > 0:
		return nil
	case k.text("d") == "":
		return x.note("a public key, where the private key is needed")
	}
	encoded, label, err := k.encoded()
	if err != nil {
		return x.part(err)
	}
	before := len(x.keys)
	if err := x.asn1(encoded, label); err != nil {
		return err
	}
	if k.text("kty") == "OKP" && len(x.keys) > before {
		// The format that it went through has no public key to compare.
		public, err := base64url(k.text("x"))
		if err != nil || x.keys[before].SPKISHA256 != sha256.Sum256(keyInfo(der(tagSequence, derOID(k.curve())), public)) {
			x.keys = x.keys[:before]
			return x.part(corrupt("JSON Web Key", errors.New("its public key is not that of its private key")))
		}
	}
	return nil
}

func base64url(text string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
}

// encoded is the private key in a format that has one for its type, and the label
// of that.
func (k jsonKey) encoded() (octets []byte, label string, err error) {
	kind, oid := k.text("kty"), k.curve()
	names := []string{"d", "x"}
	switch {
	case kind == "RSA" && len(k.list("oth")) > 0:
		return nil, "", fault(UnsupportedKey, "a JSON Web Key of RSA with more than two primes")
	case kind == "RSA" && (k.text("p") == "" || k.text("q") == ""):
		names = []string{"n", "e", "d"} // the primes may be left out (RFC 7518, section 6.3.2)
	case kind == "RSA":
		names = []string{"n", "e", "d", "p", "q"}
	case oid == "":
		return nil, "", fault(UnsupportedKey, "a JSON Web Key of the type %.20q and the curve %.20q is not supported", kind, k.text("crv"))
	case kind == "EC":
		names = []string{"d", "x", "y"}
	}
	values := make([][]byte, len(names), 5)
	for i, name := range names {
		if k.text(name) == "" {
			return nil, "", corrupt("JSON Web Key", errors.New("it has no "+name))
		}
		if values[i], err = base64url(k.text(name)); err != nil {
			return nil, "", corrupt("JSON Web Key", err)
		}
	}
	switch kind {
	case "RSA":
		return rsaOf(values[:5]...), "RSA PRIVATE KEY", nil
	case "EC":
		// Some writers drop the leading zeros of coordinates.
		size, point := 32, []byte{4}
		switch k.text("crv") {
		case "P-384":
			size = 48
		case "P-521":
			size = 66
		}
		for _, coordinate := range values[1:] {
			point = append(point, make([]byte, max(0, size-len(coordinate)))...)
			point = append(point, coordinate...)
		}
		return der(tagSequence, []byte{tagInteger, 1, 1}, der(tagOctetString, values[0]), der(tagContext0, derOID(oid)),
			der(tagContext1, derBits(point))), "EC PRIVATE KEY", nil
	}
	return der(tagSequence, []byte{tagInteger, 1, 0}, der(tagSequence, derOID(oid)), der(tagOctetString, der(tagOctetString, values[0]))), "PRIVATE KEY", nil
}
