//go:build !unix

package mtlshttp_test

import "time"

// processTime is what our process has taken of the processor so far: not known
// here.
func processTime() time.Duration { return 0 }
