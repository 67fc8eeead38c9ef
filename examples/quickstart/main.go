// Quickstart does the main job with nothing to set up: a service that demands a
// client certificate, a client certificate in a password-protected PKCS #12
// file, and a request that is described by a JSON document. Then it sends the
// same without the credential, and prints why that fails.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: quickstart\n\nNo options: it brings its own CA, server and client.")
	}
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const password = "correct horse"

func run(ctx context.Context, out io.Writer) error {
	// A CA, a server that demands its certificates, and a client's P12 file.
	ca, err := mtlstest.NewCA()
	if err != nil {
		return err
	}
	server, err := ca.Start(http.HandlerFunc(account))
	if err != nil {
		return err
	}
	defer server.Close()
	client, err := ca.Issue(mtlstest.Client{Name: "quickstart client"})
	if err != nil {
		return err
	}
	file, err := client.PKCS12(password)
	if err != nil {
		return err
	}

	// Extract the credential and keep it under a name.
	inventory, err := mtlshttp.Extract(ctx, file, &mtlshttp.ExtractOptions{Password: []byte(password)})
	if err != nil {
		return err
	}
	credential, err := inventory.Credential()
	if err != nil {
		return err
	}
	keychain := new(mtlshttp.Keychain)
	keychain.Add("bank", credential)
	keychain.AddRoots("bank-ca", ca.Roots().Certificates...)
	executor := &mtlshttp.Executor{Credentials: keychain}
	defer executor.Close()

	// The request, as a workflow engine would store it.
	document := fmt.Sprintf(`{
  "url": "%s/accounts",
  "method": "post",
  "credentials": "bank",
  "ca": "bank-ca",
  "bodyType": "raw",
  "contentType": "application/json",
  "data": "{\"amount\": 9007199254740993}",
  "parseResponse": true
}`, server.URL)
	var request mtlshttp.Request
	if err := json.Unmarshal([]byte(document), &request); err != nil {
		return err
	}
	response, err := executor.Do(ctx, &request)
	if err != nil {
		return err
	}
	if err := show(out, "With the credential:", response); err != nil {
		return err
	}

	// The same without the credential.
	request.Credentials = ""
	_, err = executor.Do(ctx, &request)
	failure, ok := err.(*mtlshttp.Error)
	if !ok {
		return fmt.Errorf("the server let us in without a certificate: %v", err)
	}
	return show(out, "\nWithout it:", failure.Diagnosis)
}

// account is the service: it says who called and sends the amount back.
func account(w http.ResponseWriter, r *http.Request) {
	var order struct {
		Amount json.Number `json:"amount"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&order); err != nil {
		http.Error(w, "not an order", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"client": r.TLS.PeerCertificates[0].Subject.CommonName, "amount": order.Amount,
	})
}

func show(out io.Writer, title string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n%s\n", title, text)
	return err
}
