package keyfile

import (
	"bytes"
	"strings"
)

// labelNames say what a label promises.
var labelNames = map[string]string{
	"CERTIFICATE": "certificate", "X509 CERTIFICATE": "certificate", "TRUSTED CERTIFICATE": "certificate",
	"PRIVATE KEY": "PKCS #8 key", "ENCRYPTED PRIVATE KEY": "encrypted PKCS #8 key", "ANY PRIVATE KEY": "private key",
	"RSA PRIVATE KEY": "RSA key", "EC PRIVATE KEY": "EC key", "DSA PRIVATE KEY": "DSA key", "OPENSSH PRIVATE KEY": "OpenSSH key",
	"PKCS7": "PKCS #7", "CMS": "PKCS #7", "PKCS #7 SIGNED DATA": "PKCS #7", "PKCS12": "PKCS #12",
	"PUBLIC KEY": "public key", "RSA PUBLIC KEY": "public key", "CERTIFICATE REQUEST": "certificate request",
	"NEW CERTIFICATE REQUEST": "certificate request", "X509 CRL": "revocation list",
	"EC PARAMETERS": "curve parameters", "DSA PARAMETERS": "DSA parameters", "DH PARAMETERS": "Diffie-Hellman parameters",
	"X9.42 DH PARAMETERS": "Diffie-Hellman parameters",
}

// marker is a "-----BEGIN LABEL-----" in a text.
type marker struct {
	start, end int
	label      string
}

// findMarker finds the next marker with the word BEGIN or END. Its dashes are
// its own: none of them lies before from.
func findMarker(text []byte, from int, word string) (marker, bool) {
	for first := from; ; {
		at := indexFold(text, from, word)
		if at < 0 {
			return marker{}, false
		}
		from = at + len(word)
		start := at
		for start > first && text[start-1] == ' ' && at-start < 2 {
			start--
		}
		dashes := start
		for start > first && text[start-1] == '-' && dashes-start < 5 {
			start--
		}
		if dashes-start < 3 {
			continue
		}
		label, length := readLabel(text[from:])
		if length == 0 {
			continue
		}
		return marker{start, from + length, label}, true
	}
}

// readLabel reads " LABEL-----" behind BEGIN or END: its label and length.
func readLabel(text []byte) (label string, length int) {
	const longest = 80
	if label, length = undashed(text); length > 0 {
		return label, length
	}
	for i, c := range text[:min(len(text), longest)] {
		if c == '-' && bytes.HasPrefix(text[i:], []byte("---")) {
			if label = plainLabel(text[:i]); label == "" {
				return "", 0
			}
			length = i
			for length < len(text) && text[length] == '-' && length-i < 5 {
				length++
			}
			return label, length
		}
		if c == '\n' || c < ' ' || c >= 0x7f {
			return "", 0
		}
	}
	return "", 0
}

// undashed reads a label with the content on its line, also where it has lost
// its dashes.
func undashed(text []byte) (label string, length int) {
	const longest, enough = 40, 40 // of base64, so that it is no sentence
	for i := 1; i < longest && i+enough < len(text) && text[0] == ' '; i++ {
		if (text[i] == ' ' || text[i] == '-') && isBase64(text[i+1:i+enough]) {
			if label = strings.ToUpper(string(text[1:i])); labelNames[label] != "" {
				return label, len(text) - len(bytes.TrimLeft(text[i:], " -"))
			}
		}
	}
	return "", 0
}

// plainLabel is a label that can be told: what is between the dashes may be the
// key itself, so that a word that no label has becomes an ellipsis.
func plainLabel(text []byte) string {
	words := strings.Fields(strings.ToUpper(string(text)))
	for i, word := range words {
		if !strings.Contains(labelWords, " "+word+" ") {
			words[i] = unknownWord
		}
	}
	return strings.Join(words, " ")
}

const unknownWord = "\u2026"

// labelWords are those of labelNames and of what else is found in PEM.
const labelWords = " CERTIFICATE X509 TRUSTED PRIVATE KEY ENCRYPTED ANY RSA EC DSA OPENSSH PKCS7 CMS PKCS #7 SIGNED DATA PKCS12 PUBLIC REQUEST" +
	" NEW CRL PARAMETERS DH X9.42 ATTRIBUTE PGP BLOCK MESSAGE SIGNATURE SSH SSH2 TSS2 NEBULA X25519 ED25519 P256 V1 V2 OPENVPN STATIC" +
	" TLS-CRYPT-V2 CLIENT SERVER SESSION ML-DSA CHAIN AGE FILE RENEWAL "

// indexFold is the index of an upper-case word in any case, from an offset.
func indexFold(text []byte, from int, word string) int {
	for i := from; i+len(word) <= len(text); i++ {
		if text[i]|0x20 == word[0]|0x20 && bytes.EqualFold(text[i:i+len(word)], []byte(word)) {
			return i
		}
	}
	return -1
}

// isBase64 says whether text is of either alphabet, padded or not; nothing is.
func isBase64(text []byte) bool {
	for _, c := range bytes.TrimRight(text, "=") {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("+/-_", rune(c)) {
			return false
		}
	}
	return true
}
