// Command faulttable shows, for each id of the project's matrix of faults, which
// tests bear it in their names, or at the head of their comments, and how they
// ended, or why there is none. It is run at the module's root:
//
//	go test -json ./... | go run ./internal/faulttable > docs/faults.md
//
// Its exit status is 1 where a test that bears an id has failed, 2 where the
// input is not what go test writes.
package main

import (
	"fmt"
	"os"
)

func main() {
	claims, err := claims(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "faulttable:", err)
		os.Exit(2)
	}
	results, err := read(os.Stdin, claims)
	if err != nil {
		fmt.Fprintln(os.Stderr, "faulttable:", err)
		os.Exit(2)
	}
	t := newTable(results)
	fmt.Print(t.markdown())
	if t.count(failed) > 0 {
		os.Exit(1)
	}
}
