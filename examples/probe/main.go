// Probe handshakes with servers and says what they ask for, what was presented,
// and why it failed, one line of JSON for each URL.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/mtlshttp/mtlshttp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(2)
	}
}

// result is a line of output.
type result struct {
	URL       string              `json:"url"`
	Receipt   *mtlshttp.Receipt   `json:"receipt"`
	Diagnosis *mtlshttp.Diagnosis `json:"diagnosis"`
	Accepted  string              `json:"accepted"`
	Status    int                 `json:"status,omitempty"`
	Error     *mtlshttp.Error     `json:"error,omitempty"`
}

func run(ctx context.Context, args []string, out, diagnostics io.Writer) error {
	flags := flag.NewFlagSet("probe", flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	var (
		keychain    = flags.String("keychain", "", "a `file` with credentials by name")
		credentials = flags.String("credentials", "", "the `name` of the credential to present")
		ca          = flags.String("ca", "", "a `file` with authorities to trust")
		insecure    = flags.Bool("insecure", false, "do not verify the server's certificate")
		proxy       = flags.String("proxy", "", "the `URL` of a proxy")
		tlsVersion  = flags.String("tls", "", "1.2 or 1.3 alone")
		httpVersion = flags.Int("http", 0, "1 or 2 alone")
		get         = flags.Bool("get", false, "send a GET")
	)
	flags.Usage = func() {
		fmt.Fprint(diagnostics, "usage: probe [flags] URL...\n\n")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return errors.New("no URL is named")
	}
	request := mtlshttp.Request{Credentials: *credentials, Verify: mtlshttp.Verify{Off: *insecure}}
	request.Protocol.HTTP = *httpVersion
	switch *tlsVersion {
	case "":
	case "1.2":
		request.Protocol.MinTLS, request.Protocol.MaxTLS = tls.VersionTLS12, tls.VersionTLS12
	case "1.3":
		request.Protocol.MinTLS, request.Protocol.MaxTLS = tls.VersionTLS13, tls.VersionTLS13
	default:
		return fmt.Errorf("-tls %s: 1.2 or 1.3", *tlsVersion)
	}
	if *httpVersion < 0 || *httpVersion > 2 {
		return fmt.Errorf("-http %d: 1 or 2", *httpVersion)
	}
	executor := new(mtlshttp.Executor)
	defer executor.Close()
	if *proxy != "" {
		executor.Proxy = &mtlshttp.Proxy{URL: *proxy}
	}
	if *keychain != "" {
		document, err := readKeychain(*keychain)
		if err != nil {
			return err
		}
		chain, err := mtlshttp.ReadKeychain(document, filepath.Dir(*keychain))
		if err != nil {
			return err
		}
		executor.Credentials = chain
	}
	if *ca != "" {
		roots, err := readRoots(ctx, *ca)
		if err != nil {
			return err
		}
		request.Roots = *roots
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, url := range flags.Args() {
		request.URL = url
		send := probe
		if *get {
			send = sendGet
		}
		if err := encoder.Encode(send(ctx, executor, &request)); err != nil {
			return err
		}
	}
	return nil
}

// readKeychain reads a keychain, alone or as a scenario has it.
func readKeychain(name string) ([]byte, error) {
	document, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	document = bytes.TrimPrefix(document, []byte("\ufeff"))
	var scenario struct {
		Keychain json.RawMessage
		Requests json.RawMessage
	}
	if json.Unmarshal(document, &scenario) == nil && scenario.Keychain != nil && scenario.Requests != nil {
		return scenario.Keychain, nil
	}
	return document, nil
}

func readRoots(ctx context.Context, name string) (*mtlshttp.Roots, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	inventory, err := mtlshttp.Extract(ctx, data, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	certificates, err := inventory.Roots()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &mtlshttp.Roots{Certificates: certificates}, nil
}

func probe(ctx context.Context, e *mtlshttp.Executor, r *mtlshttp.Request) result {
	p, err := e.Probe(ctx, r)
	if err != nil {
		return failed(r.URL, err)
	}
	return result{URL: p.URL, Receipt: p.Receipt, Diagnosis: p.Diagnosis, Accepted: p.Accepted, Error: p.Error}
}

func sendGet(ctx context.Context, e *mtlshttp.Executor, r *mtlshttp.Request) result {
	response, err := e.Do(ctx, r)
	if response == nil {
		return failed(r.URL, err)
	}
	out := result{URL: response.URL, Receipt: response.Receipt, Diagnosis: response.Diagnosis, Accepted: "yes", Status: response.StatusCode}
	if d := response.Diagnosis; d != nil && strings.HasPrefix(d.Cause, "client-") {
		out.Accepted = "no"
	} else if r.Credentials != "" && (out.Receipt == nil || out.Receipt.ClientCertificate.Presented == nil) {
		out.Accepted = "unknown" // it has not been asked for
	}
	return out
}

func failed(url string, err error) result {
	out := result{Accepted: "unknown"}
	if errors.As(err, &out.Error) {
		out.URL, out.Receipt, out.Diagnosis = out.Error.URL, out.Error.Receipt(), out.Error.Diagnosis
		if out.Error.Kind == mtlshttp.KindTLSClientCert {
			out.Accepted = "no"
		}
	}
	if out.URL == "" {
		out.URL = url
	}
	return out
}
