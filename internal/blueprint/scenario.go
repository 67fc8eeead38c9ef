package blueprint

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

const (
	// maxSize bounds an export. Real ones reach a megabyte.
	maxSize = 16 << 20
	// maxPaths bounds the paths of all values together, since every value may
	// come to stand in a note: names a megabyte long, or thousands of values
	// far down, would become gigabytes of text.
	maxPaths = 128 << 20
)

// The errors of Parse, beside *jsonvalue.SyntaxError and *jsonvalue.LimitError.
var (
	// ErrNoFlow: the document is no scenario and no module.
	ErrNoFlow = errors.New("blueprint: no flow, which is an array of modules: not an exported scenario")
	// ErrTooLarge: the document has more than 16 MiB, or its names repeated in
	// the paths of its values have more than 128 MiB.
	ErrTooLarge = errors.New("blueprint: the document is too large")
)

// Scenario is what an export holds.
type Scenario struct {
	Name    string
	Modules []Module // those of HTTP, in the order in which they stand
	Notes   []Note   // on everything outside of these modules
}

// Parse reads an export: an object with flow, with subflows (modules that were
// copied in the editor), with blueprint (the answer of Make's API), or one
// module alone. A scenario without HTTP modules has no Modules and is no error.
// What is wrong with a module is in its Faults.
func Parse(data []byte) (*Scenario, error) {
	if len(data) > maxSize {
		return nil, ErrTooLarge
	}
	value, err := jsonvalue.ParseOrdered(data, jsonvalue.Limits{})
	if err != nil {
		return nil, err
	}
	if budget := maxPaths; !pathsWithin(value, 0, &budget) {
		return nil, ErrTooLarge
	}
	top, prefix := object(value), ""
	for _, wrapper := range []string{"response", "blueprint"} {
		if inner, ok := lookup(top, wrapper).(jsonvalue.Object); ok && lookup(top, "flow") == nil {
			top, prefix = inner, join(prefix, wrapper)
		}
	}
	w := walker{scenario: &Scenario{}}
	w.scenario.Name, _ = lookup(top, "name").(string)
	_, hasFlow := lookup(top, "flow").([]any)
	_, hasSubflows := lookup(top, "subflows").([]any)
	_, isModule := lookup(top, "module").(string)
	switch {
	case hasFlow || hasSubflows:
		w.top(top, prefix)
	case isModule:
		w.module(top, prefix, false)
	default:
		return nil, ErrNoFlow
	}
	for i := range w.scenario.Modules {
		w.scenario.Modules[i].convert()
	}
	return w.scenario, nil
}

// pathsWithin subtracts the lengths of all paths from the budget, as long as
// there is some.
func pathsWithin(v any, length int, budget *int) bool {
	if *budget -= length; *budget < 0 {
		return false
	}
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if !pathsWithin(item, length+len("[000]"), budget) {
				return false
			}
		}
	case jsonvalue.Object:
		for _, m := range v {
			if !pathsWithin(m.Value, length+len(m.Name)+1, budget) {
				return false
			}
		}
	}
	return true
}

type walker struct {
	scenario *Scenario
}

func (w *walker) note(code NoteCode, path, format string, args ...any) {
	w.scenario.Notes = append(w.scenario.Notes, Note{code, path, fmt.Sprintf(format, args...)})
}

func (w *walker) top(top jsonvalue.Object, prefix string) {
	for _, m := range top {
		path := join(prefix, m.Name)
		switch m.Name {
		case "flow":
			w.flow(m.Value, path, false)
		case "subflows":
			w.routes(m.Value, path, false)
		case "name":
		case "metadata":
			w.note(NoteEngine, path, "settings of the scenario and its editor")
			w.orphans(lookup(m.Value, "designer", "orphans"), join(path, "designer.orphans"))
		default:
			w.note(NoteEngine, path, "not of a module")
		}
	}
}

// flow walks over modules in a row, and returns the directives among them.
func (w *walker) flow(v any, path string, handler bool) (directives []Directive) {
	list, ok := v.([]any)
	if !ok {
		w.note(NoteModule, path, "modules are an array, not %s", typeName(v))
		return nil
	}
	for i, item := range list {
		m, ok := item.(jsonvalue.Object)
		if !ok {
			w.note(NoteModule, index(path, i), "a module is an object, not %s", typeName(item))
			continue
		}
		directives = append(directives, w.module(m, index(path, i), handler)...)
	}
	return directives
}

// module takes in one module and those below it, in the order of the text
// but with its own place before theirs.
func (w *walker) module(o jsonvalue.Object, path string, handler bool) (directives []Directive) {
	name, _ := lookup(o, "module").(string)
	at := -1
	switch app, kind, _ := strings.Cut(name, ":"); {
	case app == "http" && sendsRequest(kind):
		at = len(w.scenario.Modules)
		w.scenario.Modules = append(w.scenario.Modules, newModule(o, name, path, handler))
	case app == "builtin" && isDirective(kind):
		directives = append(directives, Directive{ID: identifier(lookup(o, "id")), Name: kind, Path: path, Settings: settings(o)})
		w.note(NoteModule, path, "the directive %s", kind)
	case name == "":
		w.note(NoteModule, path, "no module: it has no name")
	default:
		w.note(NoteModule, path, "the module %s sends no request of HTTP modules", name)
	}
	var onError []Directive
	for _, m := range o {
		inner := join(path, m.Name)
		switch m.Name {
		case "onerror":
			onError = append(onError, w.flow(m.Value, inner, true)...)
		case "routes":
			directives = append(directives, w.routes(m.Value, inner, handler)...)
		case "mapper", "metadata", "id", "module", "version", "filter":
		default:
			w.misplaced(m.Value, inner, handler)
		}
	}
	if at >= 0 {
		w.scenario.Modules[at].OnError = onError
	}
	return directives
}

func newModule(o jsonvalue.Object, name, path string, handler bool) Module {
	return Module{
		ID: identifier(lookup(o, "id")), Name: name, Route: path, Handler: handler,
		object: o, parameters: object(lookup(o, "parameters")), mapper: object(lookup(o, "mapper")),
	}
}

// routes walks over the branches of a router.
func (w *walker) routes(v any, path string, handler bool) (directives []Directive) {
	list, ok := v.([]any)
	if !ok {
		w.note(NoteModule, path, "routes are an array, not %s", typeName(v))
		return nil
	}
	for i, route := range list {
		for _, m := range object(route) {
			inner := join(index(path, i), m.Name)
			if m.Name == "flow" {
				directives = append(directives, w.flow(m.Value, inner, handler)...)
				continue
			}
			w.note(NoteEngine, inner, "of the route, which the engine follows")
		}
	}
	return directives
}

// misplaced looks for HTTP modules where no scenario has them, such as routes
// within parameters: they are taken in, and say so.
func (w *walker) misplaced(v any, path string, handler bool) {
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			w.misplaced(item, index(path, i), handler)
		}
	case jsonvalue.Object:
		if name, _ := lookup(v, "module").(string); strings.HasPrefix(name, "http:") {
			first := len(w.scenario.Modules)
			w.module(v, path, handler)
			if first < len(w.scenario.Modules) {
				w.scenario.Modules[first].misplaced = true
			}
			return
		}
		for _, m := range v {
			w.misplaced(m.Value, join(path, m.Name), handler)
		}
	}
}

// orphans are modules that lie on the canvas and are connected to nothing.
func (w *walker) orphans(v any, path string) {
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			w.orphans(item, index(path, i))
		}
	case jsonvalue.Object:
		if name, _ := lookup(v, "module").(string); strings.HasPrefix(name, "http:") {
			w.note(NoteOrphan, path, "%s is not connected: it never runs, and is left out", name)
		}
	}
}

// isDirective says whether a module is the end of an error handler.
func isDirective(kind string) bool {
	switch kind {
	case "Break", "Resume", "Ignore", "Rollback", "Commit":
		return true
	}
	return false
}

// sendsRequest: the app has helpers that only read the bundle of another.
func sendsRequest(kind string) bool {
	return !strings.Contains(kind, "RetrieveHeaders") && !strings.Contains(kind, "GetHeaders")
}

func settings(o jsonvalue.Object) []byte {
	if mapper, ok := lookup(o, "mapper").(jsonvalue.Object); ok {
		return []byte(encode(mapper))
	}
	return nil
}
