package mtlstest

import (
	"sync"
	"testing"
	"time"

	"github.com/mtlshttp/mtlshttp"
)

// Renew keeps a credential of a keychain fresh, as the agent does that renews
// it in production: the first is issued now, another after each interval, until
// stop is called or the test ends. After that nobody renews it, and it ends.
// Stop waits and may be called more than once. It fails the test where a
// certificate cannot be made; an interval that is not positive is a fault.
func (ca *CA) Renew(t testing.TB, k *mtlshttp.Keychain, name string, c Client, every time.Duration) (stop func()) {
	t.Helper()
	if every <= 0 {
		t.Fatal("mtlstest: a credential must be renewed after a positive time")
	}
	issue := func() bool {
		id, err := ca.Issue(c)
		if err != nil {
			t.Error("mtlstest: ", err)
			return false
		}
		k.Add(name, id.Credential)
		return true
	}
	if !issue() {
		t.FailNow()
	}
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ended:
				return
			case <-ticker.C:
				if !issue() {
					return
				}
			}
		}
	}()
	var once sync.Once
	stop = func() {
		once.Do(func() { close(ended) })
		<-done
	}
	t.Cleanup(stop)
	return stop
}
