// Pkcs11 sends a GET with a client certificate whose key never leaves a PKCS #11
// token: a smart card, a hardware security module, a cloud's key store.
//
// Any crypto.Signer does as well: only the function token.signer knows where
// the key is. The certificate is a file beside it, and is picked up anew when it
// is replaced; the key of the new certificate is then looked for in the token.
package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/ThalesGroup/crypto11"

	"github.com/mtlshttp/mtlshttp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "pkcs11:", err)
		os.Exit(2)
	}
}

func run(ctx context.Context, args []string, out, diagnostics io.Writer) (err error) {
	flags := flag.NewFlagSet("pkcs11", flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	var (
		module      = flags.String("module", "/usr/lib/softhsm/libsofthsm2.so", "the token's PKCS #11 `library`")
		label       = flags.String("token", "", "the token's `label`")
		pinEnv      = flags.String("pin-env", "PKCS11_PIN", "the environment `variable` that holds the PIN")
		certificate = flags.String("certificate", "", "a `file` with the certificate and its chain")
		ca          = flags.String("ca", "", "a `file` with authorities to trust beside the system's")
	)
	flags.Usage = func() {
		fmt.Fprint(diagnostics, "usage: pkcs11 -token LABEL -certificate FILE [flags] URL\n\n")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || *label == "" || *certificate == "" {
		flags.Usage()
		return errors.New("a token, a certificate and a URL are needed")
	}
	opened, err := openToken(*module, *label, os.Getenv(*pinEnv))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()

	keychain := &mtlshttp.Keychain{OnError: func(name string, err error) { fmt.Fprintln(diagnostics, name+":", err) }}
	keychain.AddFiles("token", mtlshttp.CredentialFiles{Certificate: *certificate, Signer: opened.signer})
	request := &mtlshttp.Request{URL: flags.Arg(0), Credentials: "token"}
	if *ca != "" {
		keychain.AddFiles("ca", mtlshttp.CredentialFiles{CA: *ca})
		request.Roots.Name = "ca"
	}
	executor := &mtlshttp.Executor{Credentials: keychain}
	defer func() { err = errors.Join(err, executor.Close()) }()

	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	response, err := executor.Do(ctx, request)
	if err != nil {
		return err
	}
	return encoder.Encode(response)
}

// token is a PKCS #11 token, logged in to.
type token struct{ *crypto11.Context }

// openToken waits no longer than ten seconds for a session when it signs: a
// token has few of them.
func openToken(module, label, pin string) (*token, error) {
	c, err := crypto11.Configure(&crypto11.Config{Path: module, TokenLabel: label, Pin: pin, PoolWaitTimeout: 10 * time.Second})
	if err != nil {
		return nil, fmt.Errorf("the token %q of %s: %w", label, module, err)
	}
	return &token{c}, nil
}

// signer finds the key of a certificate by its public half.
func (t *token) signer(_ context.Context, leaf *x509.Certificate) (crypto.Signer, error) {
	keys, err := t.FindAllKeyPairs()
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); ok && public.Equal(leaf.PublicKey) {
			return key, nil
		}
	}
	return nil, fmt.Errorf("none of the token's %d keys is that of %q", len(keys), leaf.Subject.String())
}
