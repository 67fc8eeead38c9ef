// Nethttp is the program that size_test.go measures the other by.
package main

import (
	"fmt"
	"io"
	"net/http"
)

func main() {
	r, err := http.Get("https://localhost/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	fmt.Println(len(b), err)
}
