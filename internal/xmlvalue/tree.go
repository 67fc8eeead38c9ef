package xmlvalue

import "strings"

const (
	attributesKey = "_attributes"
	valueKey      = "_value"
)

// tree builds the value while elements open and close. Children and pieces of
// text wait on two stacks until their element closes and their number is known.
type tree struct {
	elements []element
	children []child
	text     []byte
	grouper  grouper
	known    known
	root     map[string]any
}

type element struct {
	name       string
	attributes map[string]any
	children   int    // where its children begin
	text       int    // where its text begins
	run        string // its text, as long as that is one piece
	pieces     bool   // it is not, and is on the stack
	solid      bool   // there is more than white space, or CDATA
}

type child struct {
	name  string
	value any
}

func (t *tree) depth() int { return len(t.elements) }

func (t *tree) top() *element { return &t.elements[len(t.elements)-1] }

func (t *tree) name() string { return t.top().name }

func (t *tree) document() map[string]any { return t.root }

func (t *tree) open(name string) {
	t.elements = append(t.elements, element{name: name, children: len(t.children), text: len(t.text)})
}

// addAttribute says no where there is one of that name already.
func (t *tree) addAttribute(name, value string) bool {
	e := t.top()
	if e.attributes == nil {
		e.attributes = map[string]any{}
	}
	if _, again := e.attributes[name]; again {
		return false
	}
	e.attributes[name] = t.known.boxed(value)
	return true
}

func (t *tree) addText(s string) {
	if s == "" {
		return
	}
	e := t.top()
	e.solid = e.solid || !isBlank(s)
	switch {
	case e.pieces:
		t.text = append(t.text, s...)
	case e.run == "":
		e.run = s
	default:
		t.text = append(append(t.text, e.run...), s...)
		e.pieces = true
	}
}

func isBlank(s string) bool {
	for i := range len(s) {
		if !isSpace(s[i]) {
			return false
		}
	}
	return true
}

// solidify makes white space count as text.
func (t *tree) solidify() { t.top().solid = true }

func (t *tree) close() {
	e := *t.top()
	t.elements = t.elements[:len(t.elements)-1]
	if e.pieces {
		e.run = t.known.text(t.text[e.text:])
		t.text = t.text[:e.text]
	}
	value := t.value(&e, t.children[e.children:])
	clear(t.children[e.children:])
	t.children = t.children[:e.children]
	if len(t.elements) == 0 {
		t.root = map[string]any{e.name: value}
		return
	}
	t.children = append(t.children, child{e.name, value})
}

// value is what an element and its children come to.
func (t *tree) value(e *element, children []child) any {
	if e.attributes == nil && len(children) == 0 {
		return t.known.boxed(e.run)
	}
	groups := t.grouper.group(children)
	hasText := e.solid && e.run != ""
	size := len(groups)
	if e.attributes != nil {
		size++
	}
	if hasText {
		size++
	}
	out := make(map[string]any, size)
	for _, g := range groups {
		name := g.name
		if name == attributesKey || name == valueKey {
			name = "_" + name
		}
		if before, ok := out[name].([]any); ok {
			g.values = append(before, g.values...)
		}
		out[name] = g.values
	}
	if e.attributes != nil {
		out[attributesKey] = e.attributes
	}
	if hasText {
		out[valueKey] = t.known.boxed(e.run)
	}
	return out
}

// grouper sorts the children of one element by name, keeping the order within
// each. It is used again for the next element.
type grouper struct {
	groups []grouped
	index  map[string]int // into groups; nil while there are few
}

// grouped is the children of one name.
type grouped struct {
	name   string
	count  int
	values []any
}

// fewGroups is up to how many names searching is faster than hashing.
const fewGroups = 8

// group returns what is good until the next call, save the slices of values,
// which share one allocation.
func (g *grouper) group(children []child) []grouped {
	clear(g.groups)
	g.groups, g.index = g.groups[:0], nil
	for _, c := range children {
		g.find(c.name).count++
	}
	values := make([]any, len(children))
	for i := range g.groups {
		n := g.groups[i].count
		g.groups[i].values, values = values[:0:n], values[n:]
	}
	for _, c := range children {
		same := g.find(c.name)
		same.values = append(same.values, c.value)
	}
	return g.groups
}

// find returns the group of a name, a new one if there is none.
func (g *grouper) find(name string) *grouped {
	if g.index == nil {
		for i := range g.groups {
			if g.groups[i].name == name {
				return &g.groups[i]
			}
		}
	} else if i, ok := g.index[name]; ok {
		return &g.groups[i]
	}
	g.groups = append(g.groups, grouped{name: name})
	switch last := len(g.groups) - 1; {
	case g.index != nil:
		g.index[name] = last
	case last == fewGroups:
		g.index = make(map[string]int, 2*fewGroups)
		for i := range g.groups {
			g.index[g.groups[i].name] = i
		}
	}
	return &g.groups[len(g.groups)-1]
}

// maxPath keeps the path of a fault that lies deep readable.
const maxPath = 16

func (t *tree) path() string {
	var b strings.Builder
	for i, e := range t.elements {
		if i == maxPath {
			b.WriteString("/…")
			break
		}
		if i > 0 {
			b.WriteByte('/')
		}
		if len(e.name) > 64 {
			b.WriteString(strings.ToValidUTF8(e.name[:64], "") + "…")
		} else {
			b.WriteString(e.name)
		}
	}
	return b.String()
}
