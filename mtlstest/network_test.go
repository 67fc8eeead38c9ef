package mtlstest_test

import (
	"net/http"
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
