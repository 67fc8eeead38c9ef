// Mtlshttp is a program that uses the library for what it is for; size_test.go
// weighs it.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/mtlshttp/mtlshttp"
)

func main() {
	b, err := os.ReadFile("client.p12")
	if err != nil {
		fmt.Println(err)
		return
	}
	i, err := mtlshttp.Extract(context.Background(), b, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := i.Credential()
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := mtlshttp.Do(context.Background(), &mtlshttp.Request{URL: "https://localhost/", Identity: c})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.StatusCode, r.Data)
}
