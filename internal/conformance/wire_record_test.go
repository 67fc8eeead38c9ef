package conformance_test

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"strconv"
	"strings"
)

// wireHop is a request as it arrived. Text is bytes read as Latin-1.
type wireHop struct {
	Origin, Method, Target string
	Headers                [][2]string
	body                   []byte
	clientCN               *string
	clientVerified         bool
}

var errNotHTTP = errors.New("not an HTTP/1.1 request")

// read parses a request as it stands on the wire (RFC 9112), without mending
// or refusing what a framework would.
func (h *wireHop) read(r *bufio.Reader) error {
	line, err := wireLine(r)
	if err != nil {
		return err
	}
	first, last := strings.Index(line, " "), strings.LastIndex(line, " ")
	if first < 0 || first == last || line[last+1:] != "HTTP/1.1" {
		return errNotHTTP
	}
	h.Method, h.Target = line[:first], line[first+1:last]
	for {
		line, err := wireLine(r)
		if err != nil {
			return err
		}
		if line == "" {
			break
		}
		name, value, _ := strings.Cut(line, ":")
		h.Headers = append(h.Headers, [2]string{name, strings.Trim(value, " \t")})
	}
	if h.header("Transfer-Encoding") != "" {
		h.body, err = wireChunks(r)
		return err
	}
	length, err := strconv.Atoi(cmp.Or(h.header("Content-Length"), "0"))
	if err != nil || length < 0 || length > maxWireRequest {
		return errNotHTTP
	}
	h.body = make([]byte, length)
	_, err = io.ReadFull(r, h.body)
	return err
}

func wireLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line, ok := strings.CutSuffix(line, "\r\n")
	if !ok {
		return "", errNotHTTP
	}
	return latin1(line), nil
}

func wireChunks(r *bufio.Reader) (body []byte, err error) {
	for {
		line, err := wireLine(r)
		if err != nil {
			return nil, err
		}
		size, err := strconv.ParseUint(line, 16, 31)
		if err != nil || size > maxWireRequest {
			return nil, errNotHTTP
		}
		chunk := make([]byte, size+2)
		if _, err := io.ReadFull(r, chunk); err != nil {
			return nil, err
		}
		if size == 0 {
			return body, nil
		}
		body = append(body, chunk[:size]...)
	}
}

// values are a header's values, in order of arrival.
func (h *wireHop) values(name string) (values []string) {
	for _, field := range h.Headers {
		if strings.EqualFold(field[0], name) {
			values = append(values, field[1])
		}
	}
	return values
}

func (h *wireHop) header(name string) string { return strings.Join(h.values(name), ", ") }

// latin1 reads each byte as one code point, as the corpus writes bytes down.
func latin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

func fromLatin1(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteByte(byte(r))
	}
	return b.String()
}
