package xmlvalue

import "strings"

const (
	xmlNamespace   = "http://www.w3.org/XML/1998/namespace"
	xmlnsNamespace = "http://www.w3.org/2000/xmlns/"
)

// scopes holds what prefixes stand for while elements open and close:
// Namespaces in XML 1.0 (third edition).
type scopes struct {
	bound  map[string]string // prefix to namespace
	undo   []binding         // what to put back, the innermost last
	counts []int             // how many of them each open element has
}

type binding struct {
	prefix, before string
	wasBound       bool
}

func (s *scopes) open() { s.counts = append(s.counts, 0) }

func (s *scopes) close() {
	n := s.counts[len(s.counts)-1]
	s.counts = s.counts[:len(s.counts)-1]
	for ; n > 0; n-- {
		b := s.undo[len(s.undo)-1]
		s.undo = s.undo[:len(s.undo)-1]
		if b.wasBound {
			s.bound[b.prefix] = b.before
		} else {
			delete(s.bound, b.prefix)
		}
	}
}

// declare takes note of an attribute that declares a namespace, and says what is
// wrong with it.
func (s *scopes) declare(name, value string) (reason string) {
	if !strings.HasPrefix(name, "xmlns") {
		return ""
	}
	prefix, ok := strings.CutPrefix(name, "xmlns:")
	if !ok {
		if name == "xmlns" && (value == xmlNamespace || value == xmlnsNamespace) {
			return "a reserved namespace as the default"
		}
		return ""
	}
	switch {
	case prefix == "xmlns":
		return "the prefix xmlns cannot be declared"
	case (prefix == "xml") != (value == xmlNamespace):
		return "the prefix xml and its namespace belong together"
	case value == xmlnsNamespace:
		return "the namespace of xmlns cannot be declared"
	case value == "":
		return "a prefix cannot be undeclared"
	}
	if s.bound == nil {
		s.bound = map[string]string{}
	}
	before, wasBound := s.bound[prefix]
	s.undo = append(s.undo, binding{prefix, before, wasBound})
	s.counts[len(s.counts)-1]++
	s.bound[prefix] = value
	return ""
}

// check says what is wrong with the name of an element and with those names of
// its attributes that have a colon, once all of its declarations are known.
func (s *scopes) check(element string, attributes []string) (reason string) {
	if strings.Contains(element, ":") {
		namespace, reason := s.resolve(element)
		if reason != "" {
			return reason
		}
		if namespace == xmlnsNamespace {
			return "an element with the prefix xmlns"
		}
	}
	var seen map[[2]string]bool
	for _, name := range attributes {
		namespace, reason := s.resolve(name)
		if reason != "" {
			return reason
		}
		if len(attributes) == 1 || namespace == xmlnsNamespace {
			continue
		}
		if seen == nil {
			seen = make(map[[2]string]bool, len(attributes))
		}
		expanded := [2]string{namespace, name[strings.IndexByte(name, ':'):]}
		if seen[expanded] {
			return "two prefixes make one attribute twice"
		}
		seen[expanded] = true
	}
	return ""
}

// resolve returns the namespace of a name that has a colon.
func (s *scopes) resolve(name string) (namespace, reason string) {
	prefix, local, _ := strings.Cut(name, ":")
	switch {
	case prefix == "" || !startsName(local) || strings.Contains(local, ":"):
		return "", "a name with a colon in the wrong place"
	case prefix == "xml":
		return xmlNamespace, ""
	case prefix == "xmlns":
		return xmlnsNamespace, ""
	}
	namespace, ok := s.bound[prefix]
	if !ok {
		return "", "the prefix " + prefix + " is not declared"
	}
	return namespace, ""
}

// startsName says whether what follows a colon could be a name of its own.
func startsName(local string) bool {
	p := parser{text: local}
	return p.name() != "" && local[0] != ':'
}
