// Run sends what a document describes: one request, a scenario with a keychain,
// or an exported Make or Fusion blueprint. It prints an array with an answer
// for each request.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"

	"github.com/mtlshttp/mtlshttp"
)

// maxDocument bounds what is read of a document.
const maxDocument = 64 << 20

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "run:", err)
		os.Exit(2)
	}
}

// answer is the element of one request.
type answer struct {
	Module   *module            `json:"module,omitempty"`
	Request  *mtlshttp.Request  `json:"request,omitempty"`
	Warnings *[]string          `json:"warnings,omitempty"` // of a dry run, may be empty
	Notes    []mtlshttp.Note    `json:"notes,omitempty"`
	Response *mtlshttp.Response `json:"response,omitempty"`
	Error    *mtlshttp.Error    `json:"error,omitempty"`
}

type module struct {
	ID      string `json:"id"`
	Module  string `json:"module"`
	Version int    `json:"version"`
}

// job is one request to run, or why it cannot be.
type job struct {
	module  *module
	missing *mtlshttp.Error // a credential that only an engine can apply
	notes   []mtlshttp.Note
	request *mtlshttp.Request
	err     *mtlshttp.Error
}

func run(ctx context.Context, args []string, in io.Reader, out, diagnostics io.Writer) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	dry := flags.Bool("dry-run", false, "send nothing; print the requests")
	egress := flags.String("egress", "any", "`public` addresses only, or any")
	flags.Usage = func() {
		fmt.Fprint(diagnostics, "usage: run [-dry-run] [-egress public|any] FILE | -\n\n"+
			"FILE is a request, a scenario of {\"keychain\", \"platform\", \"secrets\", \"requests\"}, or an exported blueprint.\n\n")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		flags.Usage()
		return errors.New("one document is expected")
	}
	if *egress != "any" && *egress != "public" {
		return fmt.Errorf("-egress is public or any, not %q", *egress)
	}
	document, dir, err := read(flags.Arg(0), in)
	if err != nil {
		return err
	}
	session, jobs, err := understand(ctx, document, dir)
	if err != nil {
		return err
	}
	defer session.Executor.Close()
	if *egress == "public" {
		session.Executor.Egress = mtlshttp.PublicOnly()
	}
	answers := make([]answer, 0, len(jobs))
	for _, j := range jobs {
		answers = append(answers, do(ctx, session, j, *dry))
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(answers)
}

func read(name string, in io.Reader) (document []byte, dir string, err error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, "", err
		}
		defer f.Close()
		in = f
	}
	document, err = io.ReadAll(io.LimitReader(in, maxDocument+1))
	document = bytes.TrimPrefix(document, []byte("\ufeff")) // which editors on Windows write
	if err == nil && len(document) > maxDocument {
		err = fmt.Errorf("the document is larger than %d bytes", maxDocument)
	}
	dir = "."
	if name != "-" {
		dir = filepath.Dir(name)
	}
	return document, dir, err
}

// understand finds out what kind of document it is.
func understand(ctx context.Context, document []byte, dir string) (*mtlshttp.Session, []job, error) {
	keys, twice, err := membersOf(document)
	if err != nil {
		return nil, nil, errors.New("the document is not a JSON object")
	}
	session := &mtlshttp.Session{Executor: &mtlshttp.Executor{Files: os.DirFS(dir)}, Jar: new(mtlshttp.Jar), Jars: jars{}}
	var jobs []job
	has := func(key string) bool { return keys[key] != nil && string(keys[key]) != "null" }
	switch {
	case has("requests") && twice != "":
		err = fmt.Errorf("the scenario has %s twice", twice)
	case has("requests"):
		jobs, err = scenario(session, keys, dir)
	case keys["url"] != nil:
		jobs = []job{request(document)}
	case slices.ContainsFunc(blueprintKeys, has):
		jobs, err = blueprint(ctx, document)
	default:
		err = errors.New("the document is neither a request (url), a scenario (requests) nor a blueprint (flow)")
	}
	return session, jobs, err
}

// blueprintKeys are those that an export has one of: as it was exported, as Make's
// API answers it, or one module by itself.
var blueprintKeys = []string{"flow", "subflows", "blueprint", "response", "module"}

// membersOf are the members of an object, and one that it has more than once.
// encoding/json alone would let the last of them win.
func membersOf(document []byte) (keys map[string]json.RawMessage, twice string, err error) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	if open, _ := decoder.Token(); open != json.Delim('{') || !json.Valid(document) {
		return nil, "", errors.New("not an object")
	}
	keys = map[string]json.RawMessage{}
	for decoder.More() {
		token, _ := decoder.Token()
		name, _ := token.(string)
		if keys[name] != nil {
			twice = name
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, "", err
		}
		keys[name] = value
	}
	return keys, twice, nil
}

// jars are those that the requests of a document name, each new at its first
// use. They run one after the other.
type jars map[string]*mtlshttp.Jar

func (j jars) Jar(_ context.Context, name string) (*mtlshttp.Jar, error) {
	if j[name] == nil {
		j[name] = new(mtlshttp.Jar)
	}
	return j[name], nil
}

func request(document json.RawMessage) job {
	r := new(mtlshttp.Request)
	if err := json.Unmarshal(document, r); err != nil {
		return job{err: errorOf(err)}
	}
	return job{request: r}
}

func scenario(session *mtlshttp.Session, keys map[string]json.RawMessage, dir string) ([]job, error) {
	for key := range keys {
		if key != "keychain" && key != "platform" && key != "secrets" && key != "requests" {
			return nil, fmt.Errorf("a scenario has no key %q; keychain, platform, secrets and requests are known", key)
		}
	}
	if document := keys["keychain"]; document != nil {
		keychain, err := mtlshttp.ReadKeychain(document, dir)
		if err != nil {
			return nil, err
		}
		session.Credentials = keychain
	}
	if document := keys["secrets"]; document != nil {
		secrets, err := readSecrets(document, dir)
		if err != nil {
			return nil, err
		}
		session.Secrets = secrets
	}
	if name := keys["platform"]; name != nil {
		if err := json.Unmarshal(name, &session.Platform); err != nil {
			return nil, errors.New("platform is the name of a credential")
		}
	}
	var documents []json.RawMessage
	if err := json.Unmarshal(keys["requests"], &documents); err != nil {
		return nil, errors.New("requests is an array")
	}
	var jobs []job
	for _, d := range documents {
		jobs = append(jobs, request(d))
	}
	return jobs, nil
}

func blueprint(ctx context.Context, document []byte) ([]job, error) {
	imported, err := mtlshttp.ImportScenario(ctx, document, nil)
	if err != nil {
		return nil, err
	}
	var jobs []job
	for _, m := range imported.Modules {
		jobs = append(jobs, job{module: &module{m.ID, m.Name, m.Version}, missing: missing(m), notes: m.Notes, request: m.Request, err: m.Err})
	}
	return jobs, nil
}

// missing says which credential of a module a run cannot apply: sent without it,
// the request would be another.
func missing(m mtlshttp.Module) *mtlshttp.Error {
	for _, k := range m.Keychains {
		if !k.Applied {
			return &mtlshttp.Error{Kind: mtlshttp.KindConfig, Reason: "no-credential", Field: "keychain", Phase: "resolve",
				Type: "InvalidConfigurationError", Err: fmt.Errorf("the module's keychain %s of type %s is not at hand", k.ID, k.Kind)}
		}
	}
	return nil
}

func do(ctx context.Context, session *mtlshttp.Session, j job, dry bool) answer {
	a := answer{Module: j.module, Notes: j.notes, Error: j.err}
	if j.err != nil {
		return a
	}
	if dry {
		if err := j.request.Validate(); err != nil {
			a.Error = errorOf(err)
			return a
		}
		a.Request, a.Warnings = j.request, &[]string{}
		return a
	}
	if j.missing != nil {
		a.Error = j.missing
		return a
	}
	response, err := session.Do(ctx, j.request)
	if err != nil {
		a.Error = errorOf(err) // with the bundle in it, where there is one
		return a
	}
	a.Response = response
	return a
}

func errorOf(err error) *mtlshttp.Error {
	var e *mtlshttp.Error
	if errors.As(err, &e) {
		return e
	}
	return &mtlshttp.Error{Kind: mtlshttp.KindConfig, Err: err}
}
