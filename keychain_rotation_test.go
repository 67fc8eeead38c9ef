package mtlshttp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// TLS-22: a mounted secret is swapped many times under load, between two authorities
// that the server trusts: no request is lost, and none mixes the two.
func TestRotationUnderLoadLosesNoRequest(t *testing.T) {
	first, second := newCA(t), newCA(t)
	alice, bob := issue(t, first, mtlstest.Client{Name: "alice"}), issue(t, second, mtlstest.Client{Name: "bob"})
	config, err := first.ServerConfig()
	require.NoError(t, err)
	for _, c := range second.Roots().Certificates {
		config.ClientCAs.AddCert(c)
	}
	url := startServer(t, config, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	mount := secretMount{dir: t.TempDir()}
	mount.swap(t, alice.secret())
	var said complaints
	k := &mtlshttp.Keychain{OnError: said.add}
	k.AddFiles("a", mtlshttp.CredentialFiles{Dir: mount.dir})
	e := &mtlshttp.Executor{Credentials: k}
	defer func() { require.NoError(t, e.Close()) }()
	request := &mtlshttp.Request{URL: url, Credentials: "a", Roots: first.Roots()}
	client, err := e.Client(t.Context(), request)
	require.NoError(t, err)

	const duration, enough = 1500 * time.Millisecond, 51 // swaps, which a slow machine has not made by then
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var sent, lost atomic.Int64
	var mu sync.Mutex
	seen := map[string]int{}
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Go(func() {
			for ctx.Err() == nil {
				sent.Add(1)
				who, err := send(t.Context(), e, client, request, worker%2 == 0)
				if err != nil {
					lost.Add(1)
					t.Errorf("lost: %v", err)
					return
				}
				mu.Lock()
				seen[who]++
				mu.Unlock()
			}
		})
	}
	swaps := 0
	for begun := time.Now(); time.Since(begun) < duration || swaps < enough; swaps++ {
		next := alice
		if swaps%2 == 0 {
			next = bob
		}
		mount.swap(t, next.secret())
		time.Sleep(2 * time.Millisecond)
	}
	cancel()
	workers.Wait()
	t.Logf("%d requests, %d lost, %d swaps, seen %v", sent.Load(), lost.Load(), swaps, seen)
	assert.Zero(t, lost.Load())
	assert.Len(t, seen, 2)
	for _, name := range []string{"alice", "bob"} {
		assert.Greater(t, seen[name], 10, name)
	}
	assert.Empty(t, said.take())
}

// send sends a request, by Do or by a client that was handed out long ago, and
// checks that what the receipt says is what the server saw.
func send(ctx context.Context, e *mtlshttp.Executor, client *http.Client, r *mtlshttp.Request, do bool) (string, error) {
	if do {
		resp, err := e.Do(ctx, r)
		if err != nil {
			return "", err
		}
		who, presented := resp.Data.(string), resp.Receipt.ClientCertificate.Presented
		if presented == nil || "CN="+who != presented.Subject {
			return "", fmt.Errorf("the server saw %q and the receipt says %v", who, presented)
		}
		return who, nil
	}
	resp, err := client.Get(r.URL)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}
