// Oauth2 calls an API with a token that golang.org/x/oauth2 asks for. The call
// for the token and the call with it present the same client certificate, as
// authorization servers want it that bind tokens to certificates (RFC 8705).
//
// All that it takes is the client of Executor.Client in the context of
// golang.org/x/oauth2: it is asked for the certificate by name for each call, so
// a renewed one is presented from the next call on. The token then goes with the
// request, not with golang.org/x/oauth2's own transport: that one would send it
// to wherever a redirect leads.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/mtlshttp/mtlshttp"
)

// credentialName is the name that the client certificate has in requests.
const credentialName = "client"

// tokenSource returns golang.org/x/oauth2's source of tokens for a client that
// authenticates at the endpoint with the request's certificate, and with a
// secret where it has one. Tokens are kept until they expire.
func tokenSource(ctx context.Context, e *mtlshttp.Executor, endpoint *mtlshttp.Request, config clientcredentials.Config) (oauth2.TokenSource, error) {
	client, err := e.Client(ctx, endpoint)
	if err != nil {
		return nil, err
	}
	config.TokenURL = endpoint.URL
	if config.ClientSecret == "" {
		config.AuthStyle = oauth2.AuthStyleInParams // the ID among the fields, RFC 8705 section 2
	}
	return config.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, client)), nil
}

// thumbprint returns the x5t#S256 of the certificate that a token is bound to,
// where that can be seen: in a JWT (RFC 8705, section 3.1). Its signature is for
// the API to verify.
func thumbprint(accessToken string) string {
	parts := strings.Split(accessToken, ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		Confirmation struct {
			Thumbprint string `json:"x5t#S256"`
		} `json:"cnf"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	return claims.Confirmation.Thumbprint
}

// errOtherCertificate is the cause where the API would refuse the token.
var errOtherCertificate = errors.New("the token is bound to another certificate than the one that asked for it")

// call asks for a token and calls an API with it.
func call(ctx context.Context, e *mtlshttp.Executor, tokens oauth2.TokenSource, api *mtlshttp.Request) (*answer, error) {
	token, err := tokens.Token()
	if err != nil {
		return nil, err
	}
	a := &answer{Type: token.Type(), Expires: token.Expiry, BoundTo: thumbprint(token.AccessToken)}
	if a.BoundTo != "" {
		credential, err := e.Credentials.Credential(ctx, credentialName)
		if err != nil {
			return nil, err
		}
		if a.BoundTo != credential.Report().X5TS256 {
			return nil, errOtherCertificate
		}
	}
	a.Response, err = e.Do(ctx, api.WithBearer(token.AccessToken))
	return a, err
}

// answer is what is printed: of the token only what is no secret.
type answer struct {
	Type     string             `json:"tokenType"`
	Expires  time.Time          `json:"expires,omitzero"`
	BoundTo  string             `json:"boundTo,omitempty"` // x5t#S256; empty: it is not, or nobody can tell
	Response *mtlshttp.Response `json:"response"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "oauth2:", err)
		os.Exit(2)
	}
}

func run(ctx context.Context, args []string, out, diagnostics io.Writer) (err error) {
	flags := flag.NewFlagSet("oauth2", flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	var (
		tokenURL = flags.String("token-url", "", "the token endpoint's `URL`")
		id       = flags.String("client-id", "", "the client's `ID`")
		secret   = flags.String("client-secret-env", "", "the environment `variable` with the client's secret; none: its certificate is enough")
		scope    = flags.String("scope", "", "the `scopes` to ask for, separated by spaces")
		file     = flags.String("credential", "", "the `file` with the client's key and certificate")
		password = flags.String("password-env", "", "the environment `variable` with the file's password")
		ca       = flags.String("ca", "", "a `file` with roots to trust beside the system's")
	)
	flags.Usage = func() {
		fmt.Fprint(diagnostics, "usage: oauth2 -token-url URL -client-id ID -credential FILE [flags] URL\n\n")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || *tokenURL == "" || *id == "" || *file == "" {
		flags.Usage()
		return errors.New("a token endpoint, a client's ID, its credential and a URL are needed")
	}

	keychain := new(mtlshttp.Keychain)
	keychain.AddFiles(credentialName, mtlshttp.CredentialFiles{File: *file, PasswordEnv: *password})
	endpoint := &mtlshttp.Request{URL: *tokenURL, Credentials: credentialName}
	api := &mtlshttp.Request{URL: flags.Arg(0), Credentials: credentialName, Parse: true, Compressed: true}
	if *ca != "" {
		keychain.AddFiles("roots", mtlshttp.CredentialFiles{CA: *ca})
		endpoint.Roots.Name, api.Roots.Name = "roots", "roots"
	}
	executor := &mtlshttp.Executor{Credentials: keychain}
	defer func() { err = errors.Join(err, executor.Close()) }()

	config := clientcredentials.Config{ClientID: *id, ClientSecret: os.Getenv(*secret), Scopes: strings.Fields(*scope)}
	tokens, err := tokenSource(ctx, executor, endpoint, config)
	if err != nil {
		return err
	}
	a, err := call(ctx, executor, tokens, api)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(a)
}
