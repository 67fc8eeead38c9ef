// Command canaries looks in files, or in what comes in, for the secrets that the
// tests use: nothing that tests and examples print may have one.
//
//	go run .ci/canaries.go FILE...
//
// Its exit status is 1 where one is found.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/mtlshttp/mtlshttp/internal/canaries"
)

func main() {
	found, size := 0, 0
	for _, name := range append(os.Args[1:], make([]string, max(0, 2-len(os.Args)))...) {
		printed, err := read(name)
		if err != nil {
			fmt.Fprintln(os.Stderr, "canaries:", err)
			os.Exit(2)
		}
		size += len(printed)
		if name == "" {
			name = "standard input"
		}
		for _, hit := range canaries.Scan(printed) {
			fmt.Printf("%s, line %d: the %s\n", name, hit.Line, hit.Secret)
			found++
		}
	}
	fmt.Printf("canaries: %d of %d seen, in %d KiB\n", found, len(canaries.Secrets()), size>>10)
	if found > 0 {
		os.Exit(1)
	}
}

// read reads a file, or what comes in where there is none.
func read(name string) ([]byte, error) {
	if name == "" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(name)
}
