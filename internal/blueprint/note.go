package blueprint

import "fmt"

// NoteCode says why something of an export is not in the request document.
type NoteCode string

// The codes of notes.
const (
	NoteEditor     NoteCode = "editor"      // of the scenario editor, without effect on a request
	NoteEngine     NoteCode = "engine"      // for the workflow engine: filters, error handlers, scheduling
	NoteHidden     NoteCode = "hidden"      // a switch of the module that the library does not need
	NoteKeychain   NoteCode = "keychain"    // a credential that the document has no key for: see Module.Keychains
	NoteProxy      NoteCode = "proxy"       // the proxy is the executor's
	NotePaging     NoteCode = "paging"      // one page is requested
	NoteNoEffect   NoteCode = "no-effect"   // given, but another setting turns it off
	NoteCoerced    NoteCode = "coerced"     // written in another type or place, taken as meant
	NoteUnknownKey NoteCode = "unknown-key" // not known in any version
	NoteModule     NoteCode = "module"      // a module that sends no HTTP request
	NoteOrphan     NoteCode = "orphan"      // an HTTP module that is not connected, so it never runs
	NoteOutput     NoteCode = "output"      // the module answers something else than the bundle
	NotePending    NoteCode = "pending"     // waits for a mapping expression to be resolved
)

// Note says what of an export is not in the request document, and why. Its
// text never holds a value of the export.
type Note struct {
	Code NoteCode `json:"code"`
	Path string   `json:"path"`
	Text string   `json:"text"`
}

func (n Note) String() string { return n.Path + ": " + n.Text }

// FaultCode names what is wrong in an export.
type FaultCode string

// The codes of faults.
const (
	FaultMissing      FaultCode = "missing"       // something that the module cannot do without
	FaultType         FaultCode = "type"          // a value of the wrong type
	FaultValue        FaultCode = "value"         // a value that the module does not know
	FaultTimeout      FaultCode = "timeout"       // not within 1 to 300 seconds
	FaultVersion      FaultCode = "version"       // the version does not go with the module's name
	FaultModule       FaultCode = "module"        // no HTTP module of that name
	FaultUnknownKey   FaultCode = "unknown-key"   // near to a key that exists, or a usual mistake for it
	FaultOtherVersion FaultCode = "other-version" // a key or value of the module's other version
	FaultMisplaced    FaultCode = "misplaced"     // at a place where the module does not look
	FaultConflict     FaultCode = "conflict"      // two settings that contradict each other
	FaultNoCredential FaultCode = "no-credential" // a module for a credential, without one
	FaultExpression   FaultCode = "expression"    // {{ that is never closed
)

// Fault says what is wrong in an export, as a hand-written one may be. It is an
// error. Its text never holds a secret.
type Fault struct {
	Code  FaultCode `json:"code"`
	Path  string    `json:"path"`            // in the export
	Field string    `json:"field,omitempty"` // in the document, where it has one
	Text  string    `json:"text"`
}

func (f *Fault) Error() string { return fmt.Sprintf("%s: %s", f.Path, f.Text) }

// FieldSource says which key of the export became which field of the document.
type FieldSource struct {
	Field string `json:"field"`
	Path  string `json:"path"`
}

// ledger keeps the account of a module: what became of each of its keys.
type ledger struct {
	notes   []Note
	faults  []*Fault
	sources []FieldSource
	known   map[Fault]bool // said already
}

func (l *ledger) note(code NoteCode, path, format string, args ...any) {
	l.notes = append(l.notes, Note{code, path, fmt.Sprintf(format, args...)})
}

func (l *ledger) fault(code FaultCode, path, field, format string, args ...any) {
	f := Fault{code, path, field, fmt.Sprintf(format, args...)}
	if l.known[f] {
		return
	}
	if l.known == nil {
		l.known = map[Fault]bool{}
	}
	l.known[f] = true
	l.faults = append(l.faults, &f)
}
