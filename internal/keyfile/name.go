package keyfile

import (
	"encoding/hex"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// attributeNames are the short names of RFC 4514 and, for the rest, OpenSSL's.
var attributeNames = map[string]string{
	"2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "serialNumber", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST",
	"2.5.4.9": "street", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "title", "2.5.4.13": "description",
	"2.5.4.15": "businessCategory", "2.5.4.16": "postalAddress", "2.5.4.17": "postalCode", "2.5.4.20": "telephoneNumber",
	"2.5.4.41": "name", "2.5.4.42": "GN", "2.5.4.43": "initials", "2.5.4.44": "generationQualifier",
	"2.5.4.45": "x500UniqueIdentifier", "2.5.4.46": "dnQualifier", "2.5.4.65": "pseudonym", "2.5.4.97": "organizationIdentifier",
	"0.9.2342.19200300.100.1.1": "UID", "0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.3": "mail",
	"1.2.840.113549.1.9.1": "emailAddress", "1.2.840.113549.1.9.2": "unstructuredName",
	"1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL", "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST", "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
}

// distinguishedName writes a Name as RFC 4514: the last RDN first.
func distinguishedName(name value) (string, error) {
	var rdns []string
	for f := name.fields(); f.more(); {
		set := f.expect(tagSet)
		if f.err != nil {
			return "", f.err
		}
		var parts []string
		for members := set.fields(); members.more(); {
			pair := members.sequence()
			oid, text := pair.oid(), pair.next()
			if err := errors.Join(pair.err, members.err); err != nil {
				return "", err
			}
			parts = append(parts, attribute(oid, text))
		}
		rdns = append([]string{strings.Join(parts, "+")}, rdns...)
		if f.err != nil {
			return "", f.err
		}
	}
	return strings.Join(rdns, ","), nil
}

func attribute(oid string, text value) string {
	if s, ok := directoryString(text); ok {
		if name := attributeNames[oid]; name != "" {
			return name + "=" + escapeValue(s)
		}
	}
	name := attributeNames[oid]
	if name == "" {
		name = oid
	}
	return name + "=#" + hex.EncodeToString(text.raw)
}

// directoryString decodes the string types of names.
func directoryString(v value) (string, bool) {
	switch v.tag {
	case tagUTF8String, tagPrintableString, tagIA5String, tagNumericString, tagVisibleString:
		if utf8.Valid(v.body) {
			return string(v.body), true
		}
		return latin1(v.body), true
	case tagTeletexString:
		return latin1(v.body), true
	case tagBMPString:
		return decodeUTF16BE(v.body), len(v.body)%2 == 0
	case tagUniversalString:
		var s strings.Builder
		for b := v.body; len(b) >= 4; b = b[4:] {
			s.WriteRune(rune(b[0])<<24 | rune(b[1])<<16 | rune(b[2])<<8 | rune(b[3]))
		}
		return s.String(), len(v.body)%4 == 0
	}
	return "", false
}

func latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, octet := range b {
		runes[i] = rune(octet)
	}
	return string(runes)
}

func decodeUTF16BE(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
	}
	return string(utf16.Decode(units))
}

// escapeValue is RFC 4514 2.4.
func escapeValue(s string) string {
	var out strings.Builder
	for i, r := range s {
		switch {
		case strings.ContainsRune(`"+,;<>\`, r),
			i == 0 && (r == '#' || r == ' '),
			r == ' ' && i == len(s)-1:
			out.WriteByte('\\')
			out.WriteRune(r)
		case r < 0x20 || r == 0x7f:
			out.WriteString(`\` + hex.EncodeToString([]byte{byte(r)}))
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}
