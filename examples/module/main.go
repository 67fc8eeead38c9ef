// Module serves one page on this machine: the HTTP module as people know it, a
// form to fill in, run and look at. It brings ten ready-made cases with servers
// of their own, so mutual TLS can be learned by looking.
//
// The page is drawn from the library's JSON Schema; page/ has it as plain files,
// and e2e/ drives it in a browser. An engine that takes the page over answers
// its calls, below the page's own address:
//
//	GET  api/schema                    the JSON Schema that the form is drawn from
//	GET  api/cases                     ready-made requests, may be none
//	GET  api/credentials               the keychain: certificates by name, never a key
//	POST api/credentials/extract       what is inside of a file
//	POST api/credentials/save          the same, and keep it under a name
//	POST api/credentials/rename        a new name for an entry
//	POST api/credentials/delete        one entry less
//	POST api/check                     faults of a document by field, and warnings
//	POST api/run                       lines of JSON: run, progress, result
//	POST api/stop                      ends a run
//	GET  api/runs/{id}/body            the body of a run, to be saved
//	POST api/import                    a text into documents
//	POST api/export                    a document, or a run, into a text
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"time"

	"github.com/mtlshttp/mtlshttp"
)

const usage = `usage: module [flags]

Serves a page on this machine alone and prints its address, which has a token in
it. It goes on until it is interrupted, until -for is over, or until its
standard input ends, where that is no terminal: a program that started it takes
it along.

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "module:", err)
		os.Exit(2)
	}
}

type options struct {
	address, egress, samples string
	span                     time.Duration
}

func parse(args []string, diagnostics io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("module", flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	flags.StringVar(&o.address, "addr", "127.0.0.1:0", "the loopback `address` to serve on; port 0 takes a free one")
	flags.StringVar(&o.egress, "egress", "any", "what requests may reach: `public` addresses only, or any; the ready-made cases always work")
	flags.DurationVar(&o.span, "for", 0, "end after this `time`, such as 5s or 8h, whatever standard input does")
	flags.StringVar(&o.samples, "samples", "", "write sample credential files into a `folder`, to try the Extract dialog with")
	flags.Usage = func() {
		fmt.Fprint(diagnostics, usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("%q is no flag; -h lists them", flags.Arg(0))
	case o.egress != "any" && o.egress != "public":
		return o, fmt.Errorf("-egress is public or any, not %q", o.egress)
	case o.span < 0:
		return o, errors.New("-for is a time ahead")
	}
	return o, nil
}

func run(ctx context.Context, args []string, in *os.File, out, diagnostics io.Writer) error {
	o, err := parse(args, diagnostics)
	if err != nil {
		return err
	}
	world, err := newWorld()
	if err != nil {
		return err
	}
	defer world.Close()
	if o.samples != "" {
		if err := world.writeSamples(o.samples); err != nil {
			return err
		}
		fmt.Fprintf(out, "The samples are in %s; their password is %q.\n", o.samples, samplePassword)
	}
	listener, err := listen(ctx, o.address)
	if err != nil {
		return err
	}
	var egress *mtlshttp.EgressPolicy
	if o.egress == "public" {
		egress = mtlshttp.PublicOnly()
	}
	s, err := newServer(listener, world, egress)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	fmt.Fprintln(out, "The page is at", s.Address())
	ctx, cancel := endOf(ctx, o.span, in)
	defer cancel()
	return s.Serve(ctx)
}

// listen takes loopback addresses alone: the page is for whoever sits here.
func listen(ctx context.Context, address string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if !listener.Addr().(*net.TCPAddr).IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("-addr %s is not an address of this machine alone", address), listener.Close())
	}
	return listener, nil
}

// endOf ends a context after a time or, where none is given, with the input.
func endOf(ctx context.Context, span time.Duration, in *os.File) (context.Context, context.CancelFunc) {
	if span > 0 {
		return context.WithTimeout(ctx, span)
	}
	ctx, cancel := context.WithCancel(ctx)
	if in != nil && !isTerminal(in) {
		go func() {
			defer cancel()
			_, _ = io.Copy(io.Discard, in)
		}()
	}
	return ctx, cancel
}

// isTerminal takes every device but the null device for a terminal. One is not
// read: that would stop a program in the background.
func isTerminal(in *os.File) bool {
	info, err := in.Stat()
	if err != nil || info.Mode()&fs.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}
