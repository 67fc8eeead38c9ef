package mtlshttp_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

const day = 24 * time.Hour

func TestExpiring(t *testing.T) {
	ca, now := newCA(t), time.Now()
	file := issue(t, ca, mtlstest.Client{Name: "in a file", NotAfter: now.Add(20 * day)})
	dir := t.TempDir()
	write(t, dir, file.secret())
	k := &mtlshttp.Keychain{Clock: func() time.Time { return now }}
	k.Add("later", issue(t, ca, mtlstest.Client{Name: "later", NotAfter: now.Add(40 * day)}).credential)
	k.Add("soon", issue(t, ca, mtlstest.Client{Name: "soon", NotAfter: now.Add(10 * day)}).credential)
	k.Add("ended", issue(t, ca, mtlstest.Client{Name: "ended", Expired: true}).credential)
	k.AddFiles("files", mtlshttp.CredentialFiles{Dir: dir})
	k.AddFiles("broken", mtlshttp.CredentialFiles{Dir: dir, File: "is-not-there.p12"})
	require.NoError(t, k.AddPlatform("platform", mtlshttp.Platform{Current: "soon"}))

	within := func(d time.Duration) (subjects []string) {
		list, err := k.Expiring(t.Context(), d)
		require.ErrorContains(t, err, `"broken"`)
		for _, e := range list {
			subjects = append(subjects, e.Name+" "+e.Certificate.Subject)
			assert.Equal(t, e.Certificate.NotAfter.Sub(now), e.Left)
		}
		return subjects
	}
	assert.Equal(t, []string{"ended CN=ended"}, within(0))
	assert.Equal(t, []string{"ended CN=ended", "soon CN=soon", "files CN=in a file"}, within(30*day))
	assert.Equal(t, []string{"ended CN=ended", "soon CN=soon", "files CN=in a file", "later CN=later", "files CN=mtlstest CA"}, within(100*365*day))
}

// Reminders come at 30, 14, 7 and 1 days, each once; a renewed certificate
// begins anew; stop ends it.
func TestOnExpiring(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := newCA(t)
		begun := time.Now()
		k := new(mtlshttp.Keychain)
		k.Add("bank", issue(t, ca, mtlstest.Client{Name: "bank", NotAfter: begun.Add(40 * day)}).credential)
		var told []string
		stop := k.OnExpiring(func(e mtlshttp.Expiry) {
			told = append(told, fmt.Sprintf("%s on day %.1f, %.0f days left", e.Name, time.Since(begun).Hours()/24, e.Left.Hours()/24))
		})
		time.Sleep(20*day + time.Minute)
		synctest.Wait()
		assert.Equal(t, []string{"bank on day 10.0, 30 days left"}, told)
		k.Add("late", issue(t, ca, mtlstest.Client{Name: "late", NotAfter: begun.Add(25 * day)}).credential)
		time.Sleep(30 * day)
		synctest.Wait()
		assert.Equal(t, []string{
			"bank on day 10.0, 30 days left", "late on day 20.0, 5 days left", "late on day 24.0, 1 days left",
			"bank on day 26.0, 14 days left", "bank on day 33.0, 7 days left", "bank on day 39.0, 1 days left",
		}, told)

		told = nil
		k.Add("bank", issue(t, ca, mtlstest.Client{Name: "bank", NotAfter: time.Now().Add(13 * day)}).credential)
		time.Sleep(day)
		synctest.Wait()
		assert.Equal(t, []string{"bank on day 50.0, 13 days left"}, told)
		stop()
		stop()
		time.Sleep(100 * day)
		assert.Len(t, told, 1)
	})
}

// The times may be others, and what cannot be read is told of once.
func TestOnExpiringTellsOfFaults(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var said complaints
		k := &mtlshttp.Keychain{OnError: said.add}
		k.AddFiles("a", mtlshttp.CredentialFiles{Dir: dir, File: "a.p12", Password: []byte("secret")})
		var left []time.Duration
		stop := k.OnExpiring(func(e mtlshttp.Expiry) { left = append(left, e.Left) }, 2*day, 60*day)
		defer stop()
		time.Sleep(day)
		synctest.Wait()
		assert.Len(t, said.take(), 1)
		assert.Empty(t, left)

		alice := issue(t, newCA(t), mtlstest.Client{NotAfter: time.Now().Add(50 * day)})
		require.NoError(t, os.WriteFile(filepath.Join(dir, "a.p12"), alice.p12, 0o600))
		time.Sleep(49 * day)
		synctest.Wait()
		assert.Empty(t, said.take())
		require.Len(t, left, 2)
		assert.InDelta(t, 50, left[0].Hours()/24, 0.1)
		assert.Equal(t, 2*day, left[1].Round(time.Minute))
	})
}

func ExampleKeychain_Expiring() {
	_, file, _, stop := bank()
	defer stop()
	keychain := &mtlshttp.Keychain{Clock: func() time.Time { return time.Now().Add(80 * 24 * time.Hour) }}
	keychain.Add("bank", must(must(mtlshttp.Extract(context.Background(), file, &mtlshttp.ExtractOptions{Password: []byte("secret")})).Credential()))
	for _, e := range must(keychain.Expiring(context.Background(), 30*24*time.Hour)) {
		fmt.Println(e.Name, e.Certificate.Subject, "has", e.Left.Round(time.Hour).Hours()/24, "days")
	}
	// Output:
	// bank CN=alice has 10 days
}

func ExampleKeychain_OnExpiring() {
	_, file, _, stop := bank()
	defer stop()
	keychain := &mtlshttp.Keychain{Clock: func() time.Time { return time.Now().Add(80 * 24 * time.Hour) }}
	keychain.Add("bank", must(must(mtlshttp.Extract(context.Background(), file, &mtlshttp.ExtractOptions{Password: []byte("secret")})).Credential()))

	reminders := make(chan mtlshttp.Expiry, 1)
	end := keychain.OnExpiring(func(e mtlshttp.Expiry) { reminders <- e })
	defer end()
	e := <-reminders
	fmt.Println("renew", e.Certificate.Subject, "of", e.Name)
	// Output:
	// renew CN=alice of bank
}
