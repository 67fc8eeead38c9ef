package mtlstest_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/slack"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

const day = 24 * time.Hour

// Thirteen months of two credentials, one renewed every 45 days and one that is
// forgotten after half a year: a request by each on every day, reminders and
// warnings before the end, an error after it, and a client that was handed out
// once and goes on with every new certificate.
//
// It takes less than a second; a busy machine has three tries to show it.
func TestLifecycleOfThirteenMonths(t *testing.T) {
	var took time.Duration
	for range 3 {
		begun := time.Now()
		synctest.Test(t, lifecycle)
		if took = time.Since(begun); took < slack.For(time.Second) {
			t.Logf("thirteen months took %v", took)
			return
		}
	}
	t.Errorf("thirteen months took %v", took)
}

func lifecycle(t *testing.T) {
	var network mtlstest.Network
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.TLS.PeerCertificates[0].SerialNumber)
	}), network.At("bank.test:443"))

	keychain := new(mtlshttp.Keychain)
	ninety := mtlstest.Client{Lifetime: 90 * day}
	srv.CA.Renew(t, keychain, "renewed", ninety, 45*day)
	forget := srv.CA.Renew(t, keychain, "forgotten", ninety, 45*day)
	var reminded []string
	t.Cleanup(keychain.OnExpiring(func(e mtlshttp.Expiry) {
		reminded = append(reminded, fmt.Sprintf("%s %d", e.Name, e.Left/day))
	}))

	executor := srv.Executor()
	executor.Credentials = keychain
	request := func(name string) *mtlshttp.Request {
		r := srv.Request("/")
		r.Identity, r.Credentials = nil, name
		return r
	}
	client, err := executor.Client(t.Context(), request("renewed"))
	require.NoError(t, err)

	seen, handedOut := map[any]bool{}, map[any]bool{} // certificates, by the server
	warned, refused, lastGood := 0, 0, 0
	for today := 0; today < 396; today += 14 {
		if today == 168 {
			forget()
		}
		resp, err := executor.Do(t.Context(), request("renewed"))
		require.NoError(t, err, "day %d", today)
		assert.Empty(t, resp.Receipt.Warnings, "day %d", today)
		seen[resp.Data] = true
		handedOut[get(t, client, srv.URL)] = true

		resp, err = executor.Do(t.Context(), request("forgotten"))
		if err == nil {
			lastGood = today
			warned += len(resp.Receipt.Warnings)
		} else {
			var e *mtlshttp.Error
			require.True(t, errors.As(err, &e), "%v", err)
			assert.Equal(t, "config expired credentials", fmt.Sprintf("%s %s %s", e.Kind, e.Reason, e.Field), "nothing is sent")
			refused++
		}
		time.Sleep(14 * day)
	}
	synctest.Wait()
	assert.Len(t, seen, 9, "396 days of certificates of 45 days")
	assert.Equal(t, seen, handedOut, "a client that was handed out picks up each")
	// The last certificate was issued on day 135 and ends on day 225.
	assert.Equal(t, 224, lastGood)
	assert.Equal(t, 3, warned, "from 30 days before the end: on days 196, 210, 224")
	assert.Equal(t, 12, refused)
	assert.Equal(t, []string{"forgotten 30", "forgotten 14", "forgotten 7", "forgotten 1"}, reminded)
}

func get(t *testing.T, client *http.Client, url string) any {
	t.Helper()
	resp, err := client.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}
