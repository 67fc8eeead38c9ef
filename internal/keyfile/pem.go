package keyfile

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
)

// block is a PEM block (RFC 7468), as it is found in the wild.
type block struct {
	label   string // upper case
	headers map[string]string
	der     []byte
	alias   string // the friendlyName that openssl pkcs12 writes before it
	entry   string // and the localKeyID
	err     error

	start, end int // where it lies in its text
}

// isWhole says whether a block came through as it was written, as far as that
// shows: what decodes may have lost signs all the same.
func (b block) isWhole() bool {
	if b.err != nil || strings.Contains(b.label, unknownWord) {
		return false
	}
	if strings.Contains(b.headers["Proc-Type"], "ENCRYPTED") {
		return len(b.der)%8 == 0 || !strings.Contains(b.headers["DEK-Info"], "CBC")
	}
	if labelNames[b.label] == "" || b.label == "OPENSSH PRIVATE KEY" {
		return true
	}
	_, _, err := readValue(b.der)
	return err == nil
}

// pem reads every block of a text.
func (x *extraction) pem(blocks []block) error {
	if len(blocks) > 1 || shapeOfBytes(blocks[0].der) == shapeCertificate {
		x.named("pem")
	}
	for _, found := range blocks {
		if err := x.object(); err != nil {
			return err
		}
		if err := x.as(found.alias, found.entry, func() error { return x.pemBlock(found) }); err != nil {
			return err
		}
	}
	x.named("pem")
	return nil
}

func (x *extraction) pemBlock(found block) error {
	if strings.HasPrefix(found.label, "PGP ") {
		return x.note("an OpenPGP " + strings.ToLower(strings.TrimPrefix(found.label, "PGP ")) + ", which TLS does not use")
	}
	if found.err != nil {
		return x.part(corrupt(firstOf(labelNames[found.label], "PEM block "+found.label), found.err))
	}
	switch {
	case found.label == "OPENSSH PRIVATE KEY":
		return x.openSSH(found.der)
	case found.label == "X9.42 DH PARAMETERS", found.label == "DH PARAMETERS":
		return x.note("Diffie-Hellman parameters")
	case strings.Contains(found.headers["Proc-Type"], "ENCRYPTED"):
		x.named(map[string]string{"RSA PRIVATE KEY": "pkcs1", "EC PRIVATE KEY": "sec1", "DSA PRIVATE KEY": "dsa"}[found.label])
		return x.addKey(x.traditional(found))
	case found.label == "ATTRIBUTE CERTIFICATE":
		return x.note("an attribute certificate")
	case labelNames[found.label] != "" || shapeOfBytes(found.der) != shapeUnknown:
	case strings.HasSuffix(found.label, "PUBLIC KEY"):
		return x.note("a public key, where the private key is needed")
	case strings.HasSuffix(found.label, "PRIVATE KEY"):
		return x.part(fault(UnsupportedFormat, "a PEM block %q, which is a key in a format that is not for TLS", found.label))
	}
	return x.asn1(found.der, found.label)
}

func shapeOfBytes(b []byte) shape {
	v, _, err := readValue(b)
	if err != nil {
		return shapeUnknown
	}
	return shapeOf(v)
}

// scanPEM finds the blocks of a text, in one pass. A block need not begin a
// line, its lines may be of any length, and what lies between blocks may be
// anything. Dashes may be as few as four.
func scanPEM(text []byte) []block {
	var blocks []block
	for from := 0; ; {
		begin, ok := findMarker(text, from, "BEGIN")
		if !ok {
			return blocks
		}
		found := block{label: begin.label, start: begin.start, end: begin.end}
		found.alias, found.entry = bagAttributes(text[from:begin.start])
		limit := len(text)
		next, again := findMarker(text, begin.end, "BEGIN")
		if again {
			limit = next.start
		}
		if end, ok := findMarker(text[:limit], begin.end, "END"); ok {
			body := unframed(text[begin.end:end.start], lastLine(text[from:begin.start]))
			found.headers, found.der, found.err = decodeBody(body)
			found.end = end.end
		} else {
			found.err = errors.New("its END line is missing, so the file is cut off or two files run into each other")
		}
		from = found.end
		blocks = append(blocks, found)
	}
}

// unframed is the body of a block without what stands around each of its lines:
// comment signs, the quotes of a string, tags. The end of the BEGIN line and the
// start of the END line show it; before is the start of the BEGIN line.
func unframed(body, before []byte) []byte {
	suffix, rest, hasLines := bytes.Cut(body, []byte("\n"))
	prefix := bytes.TrimSpace(lastLine(rest))
	suffix, rest = bytes.TrimSpace(suffix), rest[:len(rest)-len(lastLine(rest))]
	if !hasLines || len(prefix)+len(suffix) == 0 {
		return body
	}
	if isBase64(suffix) && len(suffix) > 0 || isBase64(prefix) && len(prefix) > 0 && !bytes.Equal(prefix, bytes.TrimSpace(before)) {
		return body // of which these are parts
	}
	bare := make([]byte, 0, len(rest))
	for len(rest) > 0 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		line = bytes.TrimSpace(line)
		inner, begins := bytes.CutPrefix(line, prefix)
		inner, ends := bytes.CutSuffix(inner, suffix)
		if len(line) > 0 && !(begins && ends) {
			return body
		}
		bare = append(append(bare, inner...), '\n')
	}
	return bare
}

// lastLine is what stands behind the last line end.
func lastLine(text []byte) []byte { return text[bytes.LastIndexByte(text, '\n')+1:] }

// decodeBody splits a block's headers (RFC 1421 4.6) from its base64.
func decodeBody(body []byte) (headers map[string]string, der []byte, err error) {
	headers, rest := encryptionHeaders(body)
	for {
		line, after, more := bytes.Cut(bytes.TrimLeft(rest, "\n \t"), []byte("\n"))
		key, text, isHeader := bytes.Cut(line, []byte(":"))
		if !isHeader || !more {
			break
		}
		var whole []byte
		for continues := true; continues; {
			text, continues = bytes.CutSuffix(bytes.TrimRight(text, " \t"), []byte(`\`))
			whole = append(whole, text...)
			if continues = continues && len(after) > 0; continues {
				text, after, _ = bytes.Cut(after, []byte("\n"))
			}
		}
		headers[string(bytes.TrimSpace(key))] = string(bytes.TrimSpace(whole))
		rest = after
	}
	der, err = decodeBase64(rest)
	if err == nil && len(der) == 0 {
		err = errors.New("it has no content")
	}
	return headers, der, err
}

// encryptionHeaders takes the two headers of an encrypted key from the front of
// a body, by their words, since line ends may have become spaces.
func encryptionHeaders(body []byte) (headers map[string]string, rest []byte) {
	headers, rest = map[string]string{}, body
	for _, name := range []string{"Proc-Type", "DEK-Info"} {
		after := bytes.TrimSpace(rest)
		if len(after) <= len(name) || after[len(name)] != ':' || !strings.EqualFold(string(after[:len(name)]), name) {
			break
		}
		after = bytes.TrimSpace(after[len(name)+1:])
		end := bytes.IndexAny(after, " \t\n")
		if end < 0 {
			break
		}
		headers[name], rest = string(after[:end]), after[end:]
	}
	return headers, rest
}

// decodeBase64 decodes text in either alphabet, padded or not, with white
// space and the marks that quoting leaves behind.
func decodeBase64(text []byte) ([]byte, error) {
	clean := make([]byte, 0, len(text))
	for _, c := range text {
		switch {
		case c <= ' ', c == '"', c == '\'', c == ',', c == '>', c == '|':
		case c == '-':
			clean = append(clean, '+')
		case c == '_':
			clean = append(clean, '/')
		default:
			clean = append(clean, c)
		}
	}
	clean = bytes.TrimRight(clean, "=")
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(clean)))
	n, err := base64.RawStdEncoding.Decode(out, clean)
	if err != nil {
		return nil, errors.New("its base64 is damaged, or part of it is missing")
	}
	return out[:n], nil
}

// bagAttributes reads the friendlyName and localKeyID that openssl pkcs12
// writes before a block.
func bagAttributes(before []byte) (alias, entry string) {
	if at := bytes.LastIndex(before, []byte("Bag Attributes")); at >= 0 {
		for line := range strings.SplitSeq(string(before[at:]), "\n") {
			key, text, _ := strings.Cut(strings.TrimSpace(line), ":")
			switch key {
			case "friendlyName":
				alias = strings.TrimSpace(text)
			case "localKeyID":
				entry = strings.TrimSpace(text)
			}
		}
	}
	return alias, entry
}
