package blueprint

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// Module is one HTTP module of a scenario.
type Module struct {
	ID      string // its number in the scenario
	Name    string // http:ActionSendData, http:MakeRequest, …
	Version int    // as the export says; 0: none
	Title   string // the name that people gave it; mostly empty
	// Route is its path in the export: flow[1].routes[0].flow[2]. Handler says
	// that it stands in the error handler of another module.
	Route   string
	Handler bool
	// Document is the request document, JSON, its keys in the order of the
	// export. It is as secret as the export.
	Document []byte
	// Credentials is the name of the client certificate: the id of its
	// keychain. It is in Document as well.
	Credentials string
	Keychains   []Keychain
	// OnError are the directives of its error handler, in order.
	OnError []Directive
	// Filter is the condition under which the module runs, JSON as in the
	// export; nil: none. The engine evaluates it.
	Filter []byte
	// Expressions are the mapping expressions in Document, and those of keys
	// whose use waits for one of them.
	Expressions []Expression
	Notes       []Note
	Faults      []*Fault
	// Sources says which key of the export each field of Document came from.
	Sources []FieldSource

	object     jsonvalue.Object // the export's own, for Resolve
	parameters jsonvalue.Object
	mapper     jsonvalue.Object
	misplaced  bool // found where no scenario has modules
}

// String names the module and shows nothing of its content.
func (m *Module) String() string {
	return fmt.Sprintf("%s@%d (id %s, %s)", m.Name, m.Version, m.ID, m.Route)
}

// Directive is an error handler: Break, Resume, Ignore, Rollback or Commit.
type Directive struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Path     string `json:"path"`
	Settings []byte `json:"-"` // its mapper, JSON: retry, count and interval of Break; nil: none
}

// builder makes the request document of a module.
type builder struct {
	ledger
	m       *Module
	version int // 3 or 4: which keys are meant
	doc     jsonvalue.Object
	exprs   []Expression
	types   map[string]string // of the parameters, by the editor's metadata
}

// convert fills m from its parameters and mapper.
func (m *Module) convert() {
	b := &builder{m: m}
	b.identify()
	b.types = parameterTypes(m.object)
	b.containers()
	m.Credentials, m.Keychains = "", nil
	b.readParameters()
	if b.version == 4 {
		b.readV4()
	} else {
		b.readV3()
	}
	if !slices.ContainsFunc(b.doc, func(d jsonvalue.Member) bool { return d.Name == "url" && !missing(d.Value) }) {
		b.fault(FaultMissing, join(m.Route, "mapper.url"), "url", "there is no URL")
	}
	b.checkContentTypeHeader()
	b.surroundings()
	m.Document = []byte(encode(b.doc))
	m.Expressions, m.Notes, m.Faults, m.Sources = b.exprs, b.notes, b.faults, b.sources
}

// put sets a field of the document from the value at path.
func (b *builder) put(field string, v any, path string) {
	if b.set(field, v, path) {
		b.list(field, v, path)
	}
}

// set is put without a look for expressions. A field that another key has
// filled already stays, and a value that differs from it is a fault.
func (b *builder) set(field string, v any, path string) bool {
	b.sources = append(b.sources, FieldSource{field, path})
	place := slices.IndexFunc(b.doc, func(m jsonvalue.Member) bool { return m.Name == field })
	switch {
	case place < 0:
		b.doc = append(b.doc, jsonvalue.Member{Name: field, Value: v})
	case missing(b.doc[place].Value):
		b.doc[place].Value = v
	default:
		if !missing(v) {
			b.fault(FaultConflict, path, field, "another key has set %s already", field)
		}
		return false
	}
	return true
}

// list adds the expressions of a value that stands alike in both.
func (b *builder) list(field string, v any, path string) {
	b.exprs = append(b.exprs, expressionsIn(&b.ledger, v, field, path, false)...)
}

func (b *builder) has(field string) bool {
	_, ok := b.doc.Get(field)
	return ok
}

// names of HTTP modules with the version that they belong to. The ones of
// version 3 come one per way of authentication, the one of version 4 asks.
var names = map[string]int{
	"http:ActionSendData":               3,
	"http:ActionSendDataBasicAuth":      3,
	"http:ActionSendDataAPIKeyAuth":     3,
	"http:ActionSendDataClientCertAuth": 3,
	"http:ActionSendDataOAuth":          3,
	"http:ActionSendDataOAuth2":         3,
	"http:ActionGetFile":                3,
	"http:ActionResolveTargetURL":       3,
	"http:MakeRequest":                  4,
	"http:DownloadFile":                 4,
	"http:ResolveTargetURL":             4,
}

// identify decides which version's keys the module is read by.
func (b *builder) identify() {
	m := b.m
	declared, _ := m.object.Get("version")
	path := join(m.Route, "version")
	if s, ok := scalar(declared); ok && !hasExpression(declared) {
		m.Version, _ = strconv.Atoi(s)
	}
	belongs, known := names[m.Name]
	switch {
	case known:
		b.version = belongs
	case m.Version == 3 || m.Version == 4:
		b.version = m.Version
	case strings.HasPrefix(m.Name, "http:Action"):
		b.version = 3
	default:
		b.version = 4
	}
	if !known {
		text := "no HTTP module has this name"
		if near := nearest(m.Name, moduleNames()); near != "" {
			text += "; did you mean " + near + "?"
		}
		b.fault(FaultModule, join(m.Route, "module"), "", "%s", text)
	}
	switch {
	case m.Version == 0:
		b.fault(FaultVersion, path, "", "a version is missing; the module is read as version %d", b.version)
	case m.Version != b.version:
		b.fault(FaultVersion, path, "", "version %d does not go with this module, which is of version %d", m.Version, b.version)
	}
	if strings.Contains(m.Name, "GetFile") || strings.Contains(m.Name, "DownloadFile") {
		b.note(NoteOutput, join(m.Route, "module"), "the module answers a file: the bundle's bytes with its file name")
	}
	if strings.Contains(m.Name, "ResolveTargetURL") {
		b.note(NoteOutput, join(m.Route, "module"), "the module answers the URL after redirects: the bundle's url")
	}
}

func moduleNames() []string {
	out := make([]string, 0, len(names))
	for name := range names {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// containers faults parameters and a mapper that are no objects, and a module
// that stands where no scenario has one.
func (b *builder) containers() {
	for _, name := range []string{"parameters", "mapper"} {
		v, given := b.m.object.Get(name)
		if _, ok := v.(jsonvalue.Object); given && !ok && v != nil {
			if list, isList := v.([]any); isList && len(list) == 0 { // how PHP writes an empty object
				continue
			}
			b.fault(FaultType, join(b.m.Route, name), "", "an object, not %s", typeName(v))
		}
	}
	if b.m.misplaced {
		b.fault(FaultMisplaced, b.m.Route, "", "a scenario has no modules here, so this one never runs; routes belong to the router itself")
	}
}

// surroundings accounts for the keys beside parameters and mapper.
func (b *builder) surroundings() {
	m := b.m
	for _, member := range m.object {
		path := join(m.Route, member.Name)
		switch member.Name {
		case "id", "module", "version", "parameters", "mapper", "onerror", "routes":
			// Facts of Module, or walked by the scenario.
		case "filter":
			if !missing(member.Value) {
				m.Filter = []byte(encode(member.Value))
				b.note(NoteEngine, path, "the module runs only where the filter holds, which the engine decides")
			}
		case "metadata":
			b.metadata(member.Value, path)
		default:
			b.note(NoteUnknownKey, path, "not a known key of a module")
		}
	}
	if _, ok := m.object.Get("id"); !ok {
		b.fault(FaultMissing, join(m.Route, "id"), "", "a module has an id")
	}
}

func (b *builder) metadata(v any, path string) {
	b.m.Title, _ = lookup(v, "designer", "name").(string)
	for _, member := range object(v) {
		b.note(NoteEditor, join(path, member.Name), "of the scenario editor")
	}
}

// number is v as a number, where it is one or text that says one.
func number(v any) (float64, bool) {
	s, ok := scalar(v)
	if _, isBool := v.(bool); !ok || isBool || !json.Valid([]byte(strings.TrimSpace(s))) {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return f, err == nil
}
