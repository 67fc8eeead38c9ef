package enginetest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
)

// Reveals says whether a JSON document has something in it: as it is, in hex or
// base64, in any of its strings and in what those are the base64 of.
func Reveals(document, secret []byte) bool {
	if contains(document, secret) {
		return true
	}
	var value any
	return json.Unmarshal(document, &value) == nil && inStrings(value, secret, 3)
}

func inStrings(value any, secret []byte, depth int) bool {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			if contains([]byte(name), secret) || inStrings(member, secret, depth) {
				return true
			}
		}
	case []any:
		for _, element := range v {
			if inStrings(element, secret, depth) {
				return true
			}
		}
	case string:
		return inString(v, secret, depth)
	}
	return false
}

func inString(text string, secret []byte, depth int) bool {
	if contains([]byte(text), secret) {
		return true
	}
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil || depth == 0 {
		return false
	}
	var inner any
	return contains(decoded, secret) || json.Unmarshal(decoded, &inner) == nil && inStrings(inner, secret, depth-1)
}

// contains finds the bytes themselves, their hex, and their base64 wherever in a
// longer text they begin.
func contains(text, secret []byte) bool {
	if bytes.Contains(text, secret) || bytes.Contains(bytes.ToLower(text), []byte(hex.EncodeToString(secret))) {
		return true
	}
	for shift := range 3 {
		encoded := base64.StdEncoding.EncodeToString(append(make([]byte, shift), secret...))
		inner := encoded[(shift*8+5)/6 : len(encoded)-4] // without the characters that neighbours share
		if bytes.Contains(text, []byte(inner)) {
			return true
		}
	}
	return false
}
