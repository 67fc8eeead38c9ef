//go:build unix

package mtlshttp_test

import (
	"syscall"
	"time"
)

// processTime is what our process has taken of the processor so far.
func processTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
