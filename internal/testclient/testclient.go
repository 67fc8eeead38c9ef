// Package testclient is the client's side of our suites: an executor that ends
// with its test, and what an error of the library says. Tests alone import it,
// which is why it may import the root.
package testclient

import (
	"errors"
	"os"
	"testing"

	"github.com/mtlshttp/mtlshttp"
)

// NewExecutor makes an executor that is closed with the test.
func NewExecutor(t testing.TB) *mtlshttp.Executor {
	e := new(mtlshttp.Executor)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// WithProxy is NewExecutor with a proxy.
func WithProxy(t testing.TB, p *mtlshttp.Proxy) *mtlshttp.Executor {
	e := NewExecutor(t)
	e.Proxy = p
	return e
}

// FailureOf is the library's error in err; without one the test ends.
func FailureOf(t testing.TB, err error) *mtlshttp.Error {
	t.Helper()
	e, ok := errors.AsType[*mtlshttp.Error](err)
	if !ok {
		t.Fatalf("no error of the library: %v", err)
	}
	return e
}

// HasWarning says whether a receipt warns of something.
func HasWarning(r *mtlshttp.Receipt, code string) bool {
	for _, w := range r.Warnings {
		if w.Code == code {
			return true
		}
	}
	return false
}

// Scale is how much a long suite does: all of it where MTLSHTTP_INTEGRATION is
// set.
func Scale(all, ordinary int) int {
	if os.Getenv("MTLSHTTP_INTEGRATION") != "" {
		return all
	}
	return ordinary
}
