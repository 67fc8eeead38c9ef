package keyfile

import (
	"bytes"
	"fmt"
	"strings"
)

// unrecognized names a file that is none of ours, as well as it can.
func unrecognized(b, text []byte) *Error {
	for _, known := range foreignFormats {
		if bytes.HasPrefix(b, []byte(known.prefix)) {
			return &Error{Kind: known.kind, Message: known.message}
		}
	}
	if e := bouncyCastle(b); e != nil {
		return e
	}
	if beginsJSONKey(text) {
		return fault(Corrupt, "this looks like a JSON Web Key, and is none that can be read")
	}
	start := strings.ToLower(strings.TrimSpace(string(text[:min(len(text), 512)])))
	for _, known := range foreignTexts {
		if strings.HasPrefix(start, known.prefix) {
			return &Error{Kind: known.kind, Message: known.message}
		}
	}
	if isText(text) {
		return fault(Unrecognized, "this is text that holds no key or certificate: there is no PEM block and no base64 in it")
	}
	return fault(Unrecognized, "the file is of no format for keys and certificates that we know (it begins with % x)", b[:min(len(b), 4)])
}

type foreign struct {
	prefix  string
	kind    Kind
	message string
}

// foreignFormats are told by their first octets.
var foreignFormats = []foreign{
	{"PK\x03\x04", Unrecognized, "this is a ZIP archive; take the key or certificate file out of it"},
	{"PK\x05\x06", Unrecognized, "this is an empty ZIP archive"},
	{"\x1f\x8b", Unrecognized, "this is gzip data; unpack it first: gunzip"},
	{"7z\xbc\xaf\x27\x1c", Unrecognized, "this is a 7-Zip archive; take the key or certificate file out of it"},
	{"%PDF", Unrecognized, "this is a PDF document"},
	{"\x89PNG", Unrecognized, "this is an image (PNG)"},
	{"\xff\xd8\xff", Unrecognized, "this is an image (JPEG)"},
	{"\xd0\xcf\x11\xe0", Unrecognized, "this is a Microsoft Office or Outlook document; save the attachment that it holds"},
	{"SQLite format 3", UnsupportedFormat, "this is an SQLite database, as NSS keeps its keys in; export: pk12util -o new.p12 -n NAME -d DIRECTORY"},
	{"\xac\xed\x00\x05", Unrecognized, "this is a serialized Java object, no keystore"},
	{"\x1e\xf1\xb5\xb0", UnsupportedFormat, "this is a Microsoft PVK key; convert it: openssl rsa -inform PVK -in FILE -out new.pem"},
	{"kych", UnsupportedFormat, "this is a macOS keychain; export the item as PKCS #12 from Keychain Access"},
	{"\x99\x01", NoCredential, "this is OpenPGP data, which TLS does not use"},
}

// foreignTexts are told by how their text begins, in lower case.
var foreignTexts = []foreign{
	{"<!doctype html", Unrecognized, "this looks like HTML, perhaps the page of a login or an error in the place of the file"},
	{"<html", Unrecognized, "this looks like HTML, perhaps the page of a login or an error in the place of the file"},
	{"<?xml", Unrecognized, "this looks like XML"},
	{"{", Unrecognized, "this looks like JSON, perhaps an error in the place of the file, and holds no PEM block"},
	{"putty-user-key-file", UnsupportedFormat, "this is a PuTTY key, for SSH; convert it: puttygen FILE -O private-openssh -o new.key"},
	{"ssh-rsa ", NoCredential, "this is an SSH public key, where the private key is needed"},
	{"ssh-ed25519 ", NoCredential, "this is an SSH public key, where the private key is needed"},
	{"ecdsa-sha2-", NoCredential, "this is an SSH public key, where the private key is needed"},
	{"age-secret-key-", UnsupportedFormat, "this is an age key, which TLS does not use"},
	{"private-key-format:", Unrecognized, "this is a DNSSEC key as BIND keeps it"},
	{"version https://git-lfs", Unrecognized, "this is a Git LFS pointer; fetch the file: git lfs pull"},
	{"$ansible_vault", Unrecognized, "this is an Ansible vault; decrypt it first: ansible-vault decrypt FILE"},
}

// bouncyCastle names the keystores BKS and UBER. Both begin with a version, a
// salt with its length, and an iteration count; then a BKS has an entry, or its
// end, in clear.
func bouncyCastle(b []byte) *Error {
	r := &octetReader{rest: b}
	version, salt, rounds, entry := r.uint32(), r.blob(), r.uint32(), r.octet()
	if r.err != nil || version > 2 || len(salt) < 8 || len(salt) > 64 || rounds == 0 || rounds > 1<<24 {
		return nil
	}
	kind := "UBER"
	if nameLength := r.uint16(); entry == 0 || entry <= 4 && nameLength < len(r.rest) && nameLength < 1024 {
		kind = "BKS"
	}
	return &Error{Kind: UnsupportedFormat, Format: strings.ToLower(kind),
		Message: fmt.Sprintf("a Bouncy Castle keystore (%s); %s", kind, convertKeystore(kind))}
}
