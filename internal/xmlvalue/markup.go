package xmlvalue

import "strings"

// declaration reads the XML declaration, if the document begins with one.
func (p *parser) declaration() error {
	if !p.has("<?xml") || len(p.text) <= p.pos+5 || !isSpace(p.text[p.pos+5]) {
		return nil
	}
	p.pos += len("<?xml")
	version, err := p.pseudoAttribute("version")
	if err != nil {
		return err
	}
	digits, ok := strings.CutPrefix(version, "1.")
	if !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return p.fault("the XML declaration needs a version 1.x")
	}
	encoding, err := p.pseudoAttribute("encoding")
	if err != nil {
		return err
	}
	if encoding != "" && !isEncodingName(encoding) {
		return p.fault("the encoding has no valid name")
	}
	standalone, err := p.pseudoAttribute("standalone")
	if err != nil {
		return err
	}
	if standalone != "" && standalone != "yes" && standalone != "no" {
		return p.fault("standalone is yes or no")
	}
	p.space()
	if !p.skip("?>") {
		return p.fault("the XML declaration holds something else")
	}
	return nil
}

// pseudoAttribute reads one part of the XML declaration; "" where it is missing.
func (p *parser) pseudoAttribute(name string) (string, error) {
	start := p.pos
	if !p.space() || !p.skip(name) {
		p.pos = start
		return "", nil
	}
	if err := p.equals(); err != nil {
		return "", err
	}
	q := p.peek()
	if q != '"' && q != '\'' {
		return "", p.fault("a value without quotes")
	}
	p.pos++
	value, err := p.until(string(q))
	if err == nil && value == "" {
		err = p.fault("an empty " + name)
	}
	return value, err
}

func isEncodingName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || !('0' <= c && c <= '9' || c == '.' || c == '_' || c == '-')) {
			return false
		}
	}
	return s != ""
}

func (p *parser) equals() error {
	p.space()
	if !p.skip("=") {
		return p.fault("an attribute without a value")
	}
	p.space()
	return nil
}

func (p *parser) comment() error {
	start := p.pos
	p.pos += len("<!--")
	if _, err := p.until("--"); err != nil {
		return err
	}
	if !p.skip(">") {
		return p.faultAt(start, CodeNotWellFormed, "a comment with two dashes in it")
	}
	return nil
}

func (p *parser) instruction() error {
	start := p.pos
	p.pos += len("<?")
	target := p.name()
	switch {
	case target == "":
		return p.fault("a processing instruction without a name")
	case strings.EqualFold(target, "xml"):
		return p.faultAt(start, CodeNotWellFormed, "an XML declaration that is not at the start")
	case strings.Contains(target, ":"):
		return p.faultAt(start, CodeNamespace, "a processing instruction with a colon in its name")
	}
	if p.skip("?>") {
		return nil
	}
	if !p.space() {
		return p.fault("a character that no name may have")
	}
	_, err := p.until("?>")
	return err
}

func (p *parser) cdata() error {
	p.pos += len("<![CDATA[")
	s, err := p.until("]]>")
	if err != nil {
		return err
	}
	for {
		line, rest, found := strings.Cut(s, "\r")
		p.tree.addText(line)
		if !found {
			break
		}
		p.tree.addText("\n")
		s = strings.TrimPrefix(rest, "\n")
	}
	p.tree.solidify()
	return nil
}

func (p *parser) startTag() error {
	start := p.pos
	p.pos++ // the bracket
	name := p.name()
	if name == "" {
		return p.fault("a tag without a name")
	}
	if p.tree.depth() >= p.limits.Depth {
		return &LimitError{What: "depth", Limit: p.limits.Depth}
	}
	if err := p.count(); err != nil {
		return err
	}
	p.tree.open(name)
	p.spaces.open()
	if err := p.attributes(); err != nil {
		return err
	}
	if reason := p.spaces.check(name, p.prefixed); reason != "" {
		return p.faultAt(start, CodeNamespace, reason)
	}
	switch {
	case p.skip(">"):
	case p.skip("/>"):
		p.close()
	default:
		return p.fault("a character that no tag may have")
	}
	return nil
}

func (p *parser) endTag() error {
	start := p.pos
	p.pos += len("</")
	if name := p.name(); name != p.tree.name() {
		return p.faultAt(start, CodeNotWellFormed, "the end tag is not that of "+p.tree.name())
	}
	p.space()
	if !p.skip(">") {
		return p.fault("a character that no end tag may have")
	}
	p.close()
	return nil
}

func (p *parser) close() {
	p.tree.close()
	p.spaces.close()
}

func (p *parser) count() error {
	if p.nodes++; p.nodes > p.limits.Nodes {
		return &LimitError{What: "nodes", Limit: p.limits.Nodes}
	}
	return nil
}

// attributes reads the attributes of the element that was just opened.
func (p *parser) attributes() error {
	p.prefixed = p.prefixed[:0]
	for n := 1; ; n++ {
		separated := p.space()
		if c := p.peek(); c == '>' || c == '/' || p.atEnd() {
			return nil
		}
		if !separated {
			return p.fault("no space before an attribute")
		}
		start := p.pos
		name := p.name()
		if name == "" {
			return p.fault("a character that no attribute's name may have")
		}
		if n > p.limits.Attributes {
			return &LimitError{What: "attributes", Limit: p.limits.Attributes}
		}
		if err := p.count(); err != nil {
			return err
		}
		if err := p.equals(); err != nil {
			return err
		}
		value, err := p.attributeValue()
		if err != nil {
			return err
		}
		if !p.tree.addAttribute(name, value) {
			return p.faultAt(start, CodeNotWellFormed, "the attribute is there twice")
		}
		if strings.IndexByte(name, ':') >= 0 {
			p.prefixed = append(p.prefixed, name)
		}
		if reason := p.spaces.declare(name, value); reason != "" {
			return p.faultAt(start, CodeNamespace, reason)
		}
	}
}
