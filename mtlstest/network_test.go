package mtlstest_test

import (
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

func TestNetworkOfTwoServers(t *testing.T) {
	var network mtlstest.Network
	bank := mtlstest.NewServer(t, nil, network.At("bank.test:443"))
	assert.Equal(t, "https://bank.test:443", bank.URL)
	shop := mtlstest.NewServer(t, mtlstest.RedirectTo(bank.URL), network.At("shop.test:8443"), mtlstest.By(bank.CA))
	r := shop.Request("/pay")
	r.Identity.Origins = []string{"https://bank.test"}
	assert.Equal(t, "client", outcome(t, shop.Executor(), r))

	_, err := network.Dial(t.Context(), "tcp", "nowhere.test:443")
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	_, err = bank.CA.Serve(nil, network.At("bank.test:443"))
	assert.Error(t, err, "the address is taken")
}

// An executor holds a bubble up nowhere: what stalls ends by its own deadline,
// which the bubble's clock reaches at once.
func TestBubbleOfStalls(t *testing.T) {
	for _, stage := range []mtlstest.Stage{mtlstest.AtHello, mtlstest.AtCertificate, mtlstest.AtHeaders, mtlstest.AtBody} {
		for _, http1 := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				var network mtlstest.Network
				options := []mtlstest.Option{network.At("bank.test:443"), mtlstest.Stall(stage)}
				if http1 {
					options = append(options, mtlstest.HTTP1())
				}
				srv := mtlstest.NewServer(t, nil, options...)
				srv.Executor().Limits.Dial = 5 * time.Minute
				r := srv.Request("/")
				r.Timeout = 5 * time.Minute
				begun := time.Now()
				got := outcome(t, srv.Executor(), r)
				if stage == mtlstest.AtCertificate && !http1 {
					// TLS 1.3 is done by then, and HTTP/2 notices that nobody answers its ping.
					assert.Less(t, time.Since(begun), time.Minute)
					return
				}
				assert.InDelta(t, 300, time.Since(begun).Seconds(), 0.1, "%s", stage)
				assert.Contains(t, got, string(mtlshttp.KindTimeout), "%s", stage)
			})
		}
	}
}

// Waits between attempts pass at once, and are as long as the server asked for.
func TestBubbleOfRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network mtlstest.Network
		calls := 0
		srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if calls++; calls < 3 {
				w.Header().Set("Retry-After", "60")
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}), network.At("bank.test:443"))
		executor := srv.Executor()
		executor.Retry = new(mtlshttp.RetryPolicy)
		r := srv.Request("/")
		r.StatusErrors, r.Timeout = true, 5*time.Minute
		begun := time.Now()
		resp, err := executor.Do(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, 200, resp.StatusCode)
		assert.Equal(t, 3, calls)
		assert.GreaterOrEqual(t, time.Since(begun), 2*time.Minute)
	})
}

// Nor does an upload that nobody takes, whose writes wait.
func TestBubbleOfAnUpload(t *testing.T) {
	for _, options := range [][]mtlstest.Option{{}, {mtlstest.HTTP1()}} {
		synctest.Test(t, func(t *testing.T) {
			var network mtlstest.Network
			gone := make(chan struct{})
			srv := mtlstest.NewServer(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-gone }),
				append(options, network.At("bank.test:443"))...)
			r := srv.Request("/")
			r.Method, r.Body, r.Timeout = "POST", mtlshttp.Raw("text/plain", make([]byte, 4<<20)), time.Minute
			begun := time.Now()
			assert.Equal(t, string(mtlshttp.KindTimeout), outcome(t, srv.Executor(), r))
			assert.InDelta(t, 60, time.Since(begun).Seconds(), 0.1)
			close(gone)
		})
	}
}

// Files of a keychain are looked at inside a bubble as outside of it.
func TestBubbleOfFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network mtlstest.Network
		srv := mtlstest.NewServer(t, nil, network.At("bank.test:443"))
		name := filepath.Join(t.TempDir(), "bank.pem")
		write := func(client string) {
			id, err := srv.CA.Issue(mtlstest.Client{Name: client})
			require.NoError(t, err)
			certificate, key, err := id.PEM()
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(name, append(certificate, key...), 0o600))
		}
		keychain := new(mtlshttp.Keychain)
		keychain.AddFiles("bank", mtlshttp.CredentialFiles{File: name})
		srv.Executor().Credentials = keychain
		r := srv.Request("/")
		r.Identity, r.Credentials = nil, "bank"
		for _, client := range []string{"alice", "bob"} {
			write(client)
			assert.Equal(t, client, outcome(t, srv.Executor(), r))
			time.Sleep(24 * time.Hour)
		}
	})
}

// Closing ends what is under way, though the server never answers.
func TestBubbleOfAClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network mtlstest.Network
		srv := mtlstest.NewServer(t, nil, network.At("bank.test:443"), mtlstest.Stall(mtlstest.AtHeaders))
		done := make(chan string)
		go func() { done <- outcome(t, srv.Executor(), srv.Request("/")) }()
		synctest.Wait()
		require.NoError(t, srv.Executor().Close())
		assert.Equal(t, "closed", <-done)
	})
}
