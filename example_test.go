package mtlshttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// must keeps the examples to what they show.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// bank is a service that demands a client certificate, and a client's P12.
func bank() (url string, file []byte, ca *mtlstest.CA, close func()) {
	ca = must(mtlstest.NewCA())
	srv := must(ca.Start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"hello": r.TLS.PeerCertificates[0].Subject.CommonName})
	})))
	file = must(must(ca.Issue(mtlstest.Client{Name: "alice"})).PKCS12("secret"))
	return srv.URL, file, ca, srv.Close
}

func ExampleDo() {
	url, file, ca, stop := bank()
	defer stop()
	ctx := context.Background()

	inventory := must(mtlshttp.Extract(ctx, file, &mtlshttp.ExtractOptions{Password: []byte("secret")}))
	response := must(mtlshttp.Do(ctx, &mtlshttp.Request{
		URL:      url,
		Identity: must(inventory.Credential()),
		Roots:    ca.Roots(),
		Parse:    true,
	}))
	fmt.Println(response.StatusCode, response.Data)
	fmt.Println("presented", response.Receipt.ClientCertificate.Presented.Subject)
	// Output:
	// 200 map[hello:alice]
	// presented CN=alice
}

func ExampleExtract() {
	_, file, _, stop := bank()
	defer stop()
	inventory := must(mtlshttp.Extract(context.Background(), file, &mtlshttp.ExtractOptions{Password: []byte("secret")}))
	fmt.Println(inventory.Format, inventory.Keys[0].Type, inventory.Keys[0].Curve, inventory.Certificates[0].Subject)

	_, err := mtlshttp.Extract(context.Background(), file, &mtlshttp.ExtractOptions{Password: []byte("wrong")})
	var e *mtlshttp.Error
	fmt.Println(errors.As(err, &e), e.Kind, e.Reason)
	// Output:
	// pkcs12 EC P-256 CN=alice
	// true config wrong-password
}

func ExampleExecutor_Do() {
	url, file, ca, stop := bank()
	defer stop()
	ctx := context.Background()
	keychain := new(mtlshttp.Keychain)
	keychain.Add("bank", must(must(mtlshttp.Extract(ctx, file, &mtlshttp.ExtractOptions{Password: []byte("secret")})).Credential()))
	keychain.AddRoots("bank-ca", ca.Roots().Certificates...)
	executor := &mtlshttp.Executor{Credentials: keychain}
	defer executor.Close()

	document := fmt.Sprintf(`{"url": %q, "credentials": "bank", "ca": "bank-ca", "parseResponse": true}`, url)
	var request mtlshttp.Request
	if err := json.Unmarshal([]byte(document), &request); err != nil {
		panic(err)
	}
	fmt.Println(must(executor.Do(ctx, &request)).Data)
	// Output:
	// map[hello:alice]
}

func ExampleError() {
	url, _, ca, stop := bank()
	defer stop()
	_, err := mtlshttp.Do(context.Background(), &mtlshttp.Request{URL: url, Roots: ca.Roots()})
	var e *mtlshttp.Error
	if errors.As(err, &e) {
		fmt.Println(e.Kind, e.Diagnosis.Cause, e.Retryable)
	}
	// Output:
	// tls-client-cert client-cert-missing false
}

func ExampleRequest_Validate() {
	r := &mtlshttp.Request{URL: "ftp://a.test", Timeout: 30000, Headers: []mtlshttp.Header{{Name: "X-A", Value: "1\r\nX-B: 2"}}}
	var e *mtlshttp.Error
	if errors.As(r.Validate(), &e) {
		for _, fault := range e.Faults {
			fmt.Println(fault.Field, fault.Kind)
		}
	}
	// Output:
	// url url
	// timeout config
	// headers[0] config
}

func ExampleExecutor_Client() {
	url, file, ca, stop := bank()
	defer stop()
	ctx := context.Background()
	credential := must(must(mtlshttp.Extract(ctx, file, &mtlshttp.ExtractOptions{Password: []byte("secret")})).Credential())
	executor := new(mtlshttp.Executor)
	defer executor.Close()

	client := must(executor.Client(ctx, &mtlshttp.Request{URL: url, Identity: credential, Roots: ca.Roots()}))
	response := must(client.Get(url))
	defer response.Body.Close()
	fmt.Println(response.StatusCode, mtlshttp.ReceiptOf(response).ClientCertificate.Presented.Subject)
	// Output:
	// 200 CN=alice
}
