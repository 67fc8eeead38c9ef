package mtlstest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// The README shows this test as it is.
func TestCallsTheBankAsItself(t *testing.T) {
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	resp, err := mtlshttp.Do(t.Context(), srv.Request("/whoami"))
	if err != nil {
		t.Fatal(err)
	}
	if resp.Data != "client" {
		t.Errorf("the server saw %v", resp.Data)
	}
}

// A server and a client outside of a test.
func Example() {
	ca, err := mtlstest.NewCA()
	if err != nil {
		panic(err)
	}
	srv, err := ca.Serve(nil)
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	resp, err := srv.Executor().Do(context.Background(), srv.Request("/"))
	if err != nil {
		panic(err)
	}
	fmt.Println(resp.Data, "was let in over TLS", resp.Receipt.TLSVersion)
	// Output: client was let in over TLS 1.3
}

// The same mistake, as three servers answer it.
func ExampleLike() {
	ca, err := mtlstest.NewCA()
	if err != nil {
		panic(err)
	}
	for _, server := range []string{"nginx", "haproxy", "java"} {
		srv, err := ca.Serve(nil, mtlstest.Like(server))
		if err != nil {
			panic(err)
		}
		r := srv.Request("/")
		r.Identity = nil
		resp, err := srv.Executor().Do(context.Background(), r)
		var e *mtlshttp.Error
		if errors.As(err, &e) {
			fmt.Println(server, "ends the handshake:", e.Diagnosis.Cause)
		} else {
			fmt.Println(server, "answers", resp.StatusCode, "and means", resp.Diagnosis.Cause)
		}
		srv.Close()
	}
	// Output:
	// nginx answers 400 and means client-cert-missing
	// haproxy ends the handshake: client-cert-missing
	// java ends the handshake: client-cert-missing
}

func ExampleAllow() {
	ca, err := mtlstest.NewCA()
	if err != nil {
		panic(err)
	}
	alice, err := ca.Issue(mtlstest.Client{Name: "alice"})
	if err != nil {
		panic(err)
	}
	srv, err := ca.Serve(nil, mtlstest.Like("nginx"), mtlstest.Allow(alice.Credential))
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	for _, credential := range []*mtlshttp.Credential{alice.Credential, srv.Credential} {
		r := srv.Request("/")
		r.Identity = credential
		resp, err := srv.Executor().Do(context.Background(), r)
		if err != nil {
			panic(err)
		}
		fmt.Println(resp.StatusCode)
	}
	// Output:
	// 200
	// 403
}

func ExampleStall() {
	ca, err := mtlstest.NewCA()
	if err != nil {
		panic(err)
	}
	srv, err := ca.Serve(nil, mtlstest.Stall(mtlstest.AtBody))
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	r := srv.Request("/")
	r.Timeout = 2 * time.Second
	_, err = srv.Executor().Do(context.Background(), r)
	var e *mtlshttp.Error
	if errors.As(err, &e) {
		fmt.Println(e.Kind, "in phase", e.Phase)
	}
	// Output: timeout in phase body
}

func ExampleNetwork() {
	ca, err := mtlstest.NewCA()
	if err != nil {
		panic(err)
	}
	var network mtlstest.Network
	srv, err := ca.Serve(http.NotFoundHandler(), network.At("bank.test:443"))
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	executor := &mtlshttp.Executor{Dial: network.Dial}
	defer executor.Close()
	resp, err := executor.Do(context.Background(), srv.Request("/accounts"))
	if err != nil {
		panic(err)
	}
	fmt.Println(resp.URL, resp.StatusCode)
	// Output: https://bank.test/accounts 404
}

func ExampleIdentity_PKCS12() {
	ca, err := mtlstest.NewCA()
	if err != nil {
		panic(err)
	}
	alice, err := ca.Issue(mtlstest.Client{Name: "alice"})
	if err != nil {
		panic(err)
	}
	file, err := alice.PKCS12("correct horse")
	if err != nil {
		panic(err)
	}
	inventory, err := mtlshttp.Extract(context.Background(), file, &mtlshttp.ExtractOptions{Password: []byte("correct horse")})
	if err != nil {
		panic(err)
	}
	credential, err := inventory.Credential()
	if err != nil {
		panic(err)
	}
	fmt.Println(credential.Leaf().Subject)
	// Output: CN=alice
}
