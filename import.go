package mtlshttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mtlshttp/mtlshttp/internal/blueprint"
)

// Resolver gives the value of a mapping expression such as {{1.data}}: nil,
// bool, text, []byte, a number, an array or an object as encoding/json decodes
// them. ErrUnresolved leaves the expression where it is.
type Resolver func(ctx context.Context, expression, field string) (any, error)

// ErrUnresolved is what a Resolver returns for an expression that it has no
// value for.
var ErrUnresolved = errors.New("the expression is not resolved")

// Scenario is what an exported scenario of Make or Workfront Fusion holds.
type Scenario struct {
	Name    string
	Modules []Module // those of HTTP, in their order
	Notes   []Note   // on everything outside of them
}

// Module is one HTTP module of a scenario.
type Module struct {
	ID      string // its number in the scenario
	Name    string // http:ActionSendData, http:MakeRequest, …
	Version int
	Title   string // the name that people gave it
	Route   string // its path in the export: flow[1].routes[0].flow[2]
	Handler bool   // it stands in another module's error handler
	// Request is what it sends; nil where Err is set. Its Credentials are the
	// id of the module's keychain.
	Request *Request
	// Keychains are the credentials that it refers to by id. That of a client
	// certificate is in Request; the others (basic authentication, an API
	// key, OAuth, a proxy) have no place there and are for the engine to
	// apply, or the request goes out without them.
	Keychains []ModuleKeychain
	// OnError names its error handlers' directives: Break, Resume, Ignore,
	// Rollback, Commit.
	OnError []string
	// Unresolved are the mapping expressions that are left in Request.
	Unresolved []Unresolved
	Notes      []Note
	// Err says what is wrong with it: faults of the export, or expressions
	// that nothing resolves. Nil: Request validates.
	Err *Error
}

// ModuleKeychain is a credential that a module refers to.
type ModuleKeychain struct {
	// Kind is clientcertauth, cacert, basicauth, apikeyauth, oauth or proxy,
	// or the type as the export says it.
	Kind, ID, Label string
	// Applied says that Request names it.
	Applied bool
}

// Note says what of an import is not in the request, and why. It never holds a
// value of the import.
type Note struct {
	Code string `json:"code"`
	Path string `json:"path"`
	Text string `json:"text"`
}

// Unresolved is a mapping expression that has no value yet.
type Unresolved struct {
	Field      string `json:"field"` // in the request document
	Expression string `json:"expression"`
}

// ImportScenario reads an exported scenario (a blueprint): every HTTP module of
// versions 3 and 4, in nested routes and error handlers too. A nil resolver
// resolves nothing. The error is for documents that are no scenario; what is
// wrong with one module is in its Err.
func ImportScenario(ctx context.Context, export []byte, resolve Resolver) (*Scenario, error) {
	parsed, err := blueprint.Parse(export)
	if err != nil {
		return nil, fault(KindConfig, "", "blueprint", "%w", err)
	}
	s := &Scenario{Name: parsed.Name, Notes: notesOf(parsed.Notes)}
	for i := range parsed.Modules {
		s.Modules = append(s.Modules, importModule(ctx, &parsed.Modules[i], resolve))
	}
	return s, nil
}

func importModule(ctx context.Context, m *blueprint.Module, resolve Resolver) Module {
	out := Module{ID: m.ID, Name: m.Name, Version: m.Version, Title: m.Title, Route: m.Route, Handler: m.Handler}
	if resolve != nil {
		resolved, err := m.Resolve(ctx, func(ctx context.Context, e blueprint.Expression) (any, error) {
			v, err := resolve(ctx, e.Code(), e.Field)
			if errors.Is(err, ErrUnresolved) {
				err = blueprint.ErrUnresolved
			}
			return v, err
		})
		if err != nil {
			out.Err = resolveFault(err)
			return out
		}
		m = resolved
	}
	out.Notes = notesOf(m.Notes)
	for _, k := range m.Keychains {
		out.Keychains = append(out.Keychains, ModuleKeychain{k.Kind, k.ID, k.Label, k.Kind == "clientcertauth" || k.Kind == "cacert"})
	}
	for _, d := range m.OnError {
		out.OnError = append(out.OnError, d.Name)
	}
	for _, e := range m.Expressions {
		out.Unresolved = append(out.Unresolved, Unresolved{e.Field, e.Text})
	}
	var faults []*Error
	for _, f := range m.Faults {
		field := f.Field
		if field == "" {
			field = f.Path
		}
		faults = append(faults, fault(KindConfig, field, string(f.Code), "%s", f.Text))
	}
	for _, u := range out.Unresolved {
		faults = append(faults, fault(KindConfig, u.Field, "unresolved", "the mapping expression %s is not resolved", u.Expression))
	}
	if len(faults) == 0 {
		faults = readModule(&out, m.Document)
	}
	if len(faults) > 0 {
		out.Err = joinFaults(faults)
		out.Request = nil
	}
	return out
}

// readModule reads the module's document as any request's.
func readModule(out *Module, document []byte) []*Error {
	r := new(Request)
	if err := json.Unmarshal(document, r); err != nil {
		return []*Error{asError(err)}
	}
	if _, faults := r.check(Limits{}.withDefaults()); len(faults) > 0 {
		return faults
	}
	out.Request = r
	return nil
}

func resolveFault(err error) *Error {
	var re *blueprint.ResolveError
	if errors.As(err, &re) {
		return fault(KindConfig, re.Expression.Field, "unresolved", "%w", re.Err)
	}
	return fault(KindConfig, "", "unresolved", "%w", err)
}

func notesOf(notes []blueprint.Note) []Note {
	var out []Note
	for _, n := range notes {
		out = append(out, Note{string(n.Code), n.Path, n.Text})
	}
	return out
}

// String names the module and nothing of its content.
func (m Module) String() string { return printable(fmt.Sprintf("module %s (%s)", m.ID, m.Name)) }
