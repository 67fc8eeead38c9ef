// Spiffe sends a GET as a workload: the client certificate is the X.509 SVID that
// the SPIFFE Workload API hands out and renews every hour or so.
//
// All that it takes is source, which has the one method of a
// mtlshttp.CredentialSource and, to trust the workload's own domain, that of a
// mtlshttp.RootSource. It is asked for each request, so a renewed SVID is
// presented from the next request on. The server is verified by its host name,
// as everywhere.
package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"

	"github.com/mtlshttp/mtlshttp"
)

// svidName is the name that the SVID has in requests.
const svidName = "workload"

// source finds the workload's credential and the authorities of trust domains.
// *workloadapi.X509Source implements both of its parts.
type source struct {
	svids   x509svid.Source
	bundles x509bundle.Source
}

// Credential implements mtlshttp.CredentialSource.
func (s source) Credential(_ context.Context, name string) (*mtlshttp.Credential, error) {
	if name != svidName {
		return nil, fmt.Errorf("there is no %q; the SVID is %q", name, svidName)
	}
	svid, err := s.svids.GetX509SVID()
	if err != nil {
		return nil, err
	}
	return mtlshttp.NewCredential(svid.PrivateKey, svid.Certificates...)
}

// Roots implements mtlshttp.RootSource; the name is that of a trust domain.
func (s source) Roots(_ context.Context, name string) ([]*x509.Certificate, error) {
	domain, err := spiffeid.TrustDomainFromString(name)
	if err != nil {
		return nil, err
	}
	bundle, err := s.bundles.GetX509BundleForTrustDomain(domain)
	if err != nil {
		return nil, err
	}
	return bundle.X509Authorities(), nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "spiffe:", err)
		os.Exit(2)
	}
}

func run(ctx context.Context, args []string, out, diagnostics io.Writer) (err error) {
	flags := flag.NewFlagSet("spiffe", flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	socket := flags.String("socket", os.Getenv(workloadapi.SocketEnv), "the `address` of the Workload API, unix:///path")
	domain := flags.String("trust-domain", "", "trust the authorities of this SPIFFE `domain` beside the system's")
	wait := flags.Duration("wait", 10*time.Second, "how `long` to wait for the first SVID")
	flags.Usage = func() {
		fmt.Fprint(diagnostics, "usage: spiffe [flags] URL\n\n")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || *socket == "" {
		flags.Usage()
		return errors.New("a Workload API and a URL are needed")
	}
	waiting, cancel := context.WithTimeout(ctx, *wait)
	defer cancel()
	x509Source, err := workloadapi.NewX509Source(waiting, workloadapi.WithClientOptions(workloadapi.WithAddr(*socket)))
	if err != nil {
		return fmt.Errorf("no SVID from %s: %w", *socket, err)
	}
	defer func() { err = errors.Join(err, x509Source.Close()) }()
	executor := &mtlshttp.Executor{Credentials: source{x509Source, x509Source}}
	defer func() { err = errors.Join(err, executor.Close()) }()

	request := &mtlshttp.Request{URL: flags.Arg(0), Credentials: svidName, Roots: mtlshttp.Roots{Name: *domain}}
	response, err := executor.Do(ctx, request)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(response)
}
