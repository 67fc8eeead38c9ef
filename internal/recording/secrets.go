package recording

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
)

// leastSecret is how long a secret has to be for texts to be searched for it:
// a shorter one stands in many that have nothing to do with it.
const leastSecret = 6

// secrets are the values that were hidden, so that they are hidden elsewhere.
type secrets struct {
	mu     sync.Mutex
	values []string
}

// see remembers a value, and what of it is the secret: of credentials what
// follows their scheme, of basic authentication the password (RFC 7617).
func (s *secrets) see(value string) {
	list := []string{value}
	if scheme, rest, ok := strings.Cut(value, " "); ok {
		list = append(list, rest)
		if pair, err := base64.StdEncoding.DecodeString(rest); err == nil && strings.EqualFold(scheme, "Basic") {
			_, password, _ := strings.Cut(string(pair), ":")
			list = append(list, password)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range list {
		if len(v) >= leastSecret && !slices.Contains(s.values, v) {
			s.values = append(s.values, v)
		}
	}
}

// scrub hides what became known as a secret, maybe later, in all bodies.
func (f *File) scrub() {
	f.seen.mu.Lock()
	defer f.seen.mu.Unlock()
	// The longest first: one may be a part of another.
	slices.SortFunc(f.seen.values, func(a, b string) int { return len(b) - len(a) })
	for _, e := range f.Exchanges {
		body := &e.Response.Body
		content, err := body.bytes()
		if err != nil || body.Base64 != "" {
			continue
		}
		clean := content
		for _, v := range f.seen.values {
			clean = bytes.ReplaceAll(clean, []byte(v), []byte(hidden))
		}
		if !bytes.Equal(clean, content) {
			*body = bodyOf(clean)
		}
	}
}
