// Extract opens credential files and says what is inside, one line of JSON for
// each. With -within it watches over them for cron: its status is 1 where a
// certificate ends within that time, or where a file does not open.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/mtlshttp/mtlshttp"
)

// question is a file with its passwords; nil: none was given.
type question struct {
	File        string  `json:"file"`
	Password    *string `json:"password"`
	KeyPassword *string `json:"keyPassword"`
}

// answer is what a file holds, or why it was not opened.
type answer struct {
	File         string                     `json:"file"`
	Format       string                     `json:"format,omitempty"`
	Keys         []mtlshttp.KeyInfo         `json:"keys,omitempty"`
	Certificates []mtlshttp.CertificateInfo `json:"certificates,omitempty"`
	Identities   []mtlshttp.IdentityInfo    `json:"identities,omitempty"`
	Warnings     []string                   `json:"warnings,omitempty"`
	Error        *failure                   `json:"error,omitempty"`
}

type failure struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errDue):
		stop()
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "extract:", err)
		os.Exit(2)
	}
}

// errDue ends a run of -within that found something to do.
var errDue = errors.New("certificates are due")

func run(ctx context.Context, args []string, in io.Reader, out, diagnostics io.Writer) error {
	flags := flag.NewFlagSet("extract", flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	password := flags.String("password", "", "the file's password")
	keyPassword := flags.String("key-password", "", "the key's password, where it is another")
	watch := watch{out: diagnostics, now: time.Now()}
	flags.Func("within", "a `time` as 30d or 12h: say which certificates end within it, and end with status 1", watch.set)
	flags.Usage = func() {
		fmt.Fprint(diagnostics, "usage: extract [-password P] [-key-password P] [-within TIME] FILE... | -\n\n"+
			"With -, reads lines {\"file\",\"password\",\"keyPassword\"} from standard input.\n\n")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return errors.New("no file is named")
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if flags.NArg() == 1 && flags.Arg(0) == "-" {
		if err := answerLines(ctx, in, encoder, &watch); err != nil {
			return err
		}
		return watch.verdict()
	}
	given := map[string]*string{"password": password, "key-password": keyPassword}
	q := question{}
	flags.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "password":
			q.Password = given[f.Name]
		case "key-password":
			q.KeyPassword = given[f.Name]
		}
	})
	for _, file := range flags.Args() {
		q.File = file
		if err := encoder.Encode(watch.over(open(ctx, q))); err != nil {
			return err
		}
	}
	return watch.verdict()
}

// watch is -within: it says what is due and remembers that something was.
type watch struct {
	on     bool
	within time.Duration
	now    time.Time
	out    io.Writer
	due    bool
}

// set reads a time in days, or as Go writes durations.
func (w *watch) set(text string) error {
	var err error
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 15) // to 89 years
		w.within = time.Duration(n) * 24 * time.Hour
	} else {
		w.within, err = time.ParseDuration(text)
	}
	if err != nil || w.within < 0 {
		return errors.New("not a time as 30d or 12h")
	}
	w.on = true
	return nil
}

func (w *watch) over(a answer) answer {
	if !w.on {
		return a
	}
	say := func(format string, args ...any) {
		w.due = true
		fmt.Fprintf(w.out, "%s: %s\n", a.File, fmt.Sprintf(format, args...))
	}
	if a.Error != nil {
		say("%s", a.Error.Message)
	}
	for _, c := range a.Certificates {
		if left := c.NotAfter.Sub(w.now); left <= w.within {
			say("%s ends on %s UTC, in %.1f days", c.Subject, c.NotAfter.UTC().Format(time.DateTime), left.Hours()/24)
		}
	}
	return a
}

func (w *watch) verdict() error {
	if w.due {
		return errDue
	}
	return nil
}

// answerLines answers each line in its order, several at once: a key derivation
// is what takes the time.
func answerLines(ctx context.Context, in io.Reader, encoder *json.Encoder, watch *watch) error {
	waiting := make(chan chan answer, runtime.GOMAXPROCS(0)) // answers, in the order of the lines
	faulty := make(chan error, 1)
	done := make(chan struct{})
	defer close(done)
	go func() {
		defer close(waiting)
		faulty <- eachQuestion(in, func(q question) bool {
			one := make(chan answer, 1)
			select {
			case waiting <- one:
			case <-done:
				return false
			}
			go func() { one <- open(ctx, q) }()
			return true
		})
	}()
	for one := range waiting {
		if err := encoder.Encode(watch.over(<-one)); err != nil {
			return err
		}
	}
	return <-faulty
}

// eachQuestion reads the lines until ask wants no more.
func eachQuestion(in io.Reader, ask func(question) bool) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil || q.File == "" {
			return fmt.Errorf("line %d is not an object with a file", n)
		}
		if !ask(q) {
			break
		}
	}
	return lines.Err()
}

func open(ctx context.Context, q question) answer {
	a := answer{File: q.File}
	data, err := read(q.File)
	if err == nil {
		var inventory *mtlshttp.Inventory
		inventory, err = mtlshttp.Extract(ctx, data, &mtlshttp.ExtractOptions{Password: bytesOf(q.Password), KeyPassword: bytesOf(q.KeyPassword)})
		if err == nil {
			a.Format, a.Keys, a.Certificates = inventory.Format, inventory.Keys, inventory.Certificates
			a.Identities, a.Warnings = inventory.Identities, inventory.Warnings
			return a
		}
	}
	a.Error = &failure{Kind: "file", Message: err.Error()}
	var e *mtlshttp.Error
	if errors.As(err, &e) {
		a.Error.Kind = e.Reason
		if e.Reason == "" {
			a.Error.Kind = string(e.Kind)
		}
	}
	return a
}

// read reads a little more than the library's limit, so that the library says
// that a file is too large.
func read(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 2<<20))
}

func bytesOf(s *string) []byte {
	if s == nil {
		return nil
	}
	return []byte(*s)
}
