package faults_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// FLT-07: a listener whose backlog is full lets a connection wait without a word.
func TestFullBacklog(t *testing.T) {
	nothingLeft(t)
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, syscall.Close(fd)) }()
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, syscall.Listen(fd, 0))
	name, err := syscall.Getsockname(fd)
	require.NoError(t, err)
	address := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for full := false; !full; {
		conn, err := net.DialTimeout("tcp", address, 100*time.Millisecond)
		if full = err != nil; !full {
			defer conn.Close()
		}
	}
	l := newFaultLab(t, serveFaults(t))
	l.watch(new(net.Dialer).DialContext)
	for _, method := range []string{"GET", "POST"} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		r := l.request("http://" + address + "/")
		r.Method = method
		resp, err := l.Do(ctx, r)
		cancel()
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindTimeout, f.Kind)
		assert.EqualValues(t, "connect", f.Phase)
		assert.True(t, f.Retryable, "nothing was sent")
		l.noSecrets(resp, err)
	}
	assert.Zero(t, l.dialed())
	l.nothingLeaked(nil, nil, "")
}

// descriptorsEnv makes the test a process of its own that runs out of descriptors.
const descriptorsEnv = "MTLSHTTP_TEST_DESCRIPTORS"

// FLT-09: without a descriptor left, a dial, a file to save in and a credential
// that is in a file fail for want of it, and work again once there is one.
func TestNoDescriptorLeft(t *testing.T) {
	if url := os.Getenv(descriptorsEnv); url != "" {
		runOutOfDescriptors(t, url)
		return
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("fine")) }))
	defer srv.Close()
	child := exec.Command(os.Args[0], "-test.run=^TestNoDescriptorLeft$", "-test.v")
	child.Env = append(os.Environ(), descriptorsEnv+"="+srv.URL)
	out, err := child.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "--- PASS: TestNoDescriptorLeft")
}

func runOutOfDescriptors(t *testing.T, url string) {
	folder := t.TempDir()
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	alice, err := ca.Issue(mtlstest.Client{Name: "alice"})
	require.NoError(t, err)
	certificate, key, err := alice.PEM()
	require.NoError(t, err)
	for name, data := range map[string][]byte{"tls.crt": certificate, "tls.key": key, "ca.crt": ca.PEM()} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), data, 0o600))
	}
	k := new(mtlshttp.Keychain)
	k.AddFiles("alice", mtlshttp.CredentialFiles{Dir: folder})
	e := newExecutor(t)
	e.Credentials = k
	do := func(r *mtlshttp.Request) error {
		_, err := e.Do(t.Context(), r)
		return err
	}
	require.NoError(t, do(&mtlshttp.Request{URL: url})) // its connection is kept

	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	limit.Cur = 64
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	var held []*os.File
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			require.ErrorIs(t, err, syscall.EMFILE)
			break
		}
		held = append(held, f)
	}
	other := &mtlshttp.Request{URL: url, Roots: mtlshttp.Roots{Only: true, Certificates: ca.Roots().Certificates}} // needs a connection of its own
	saved := &mtlshttp.Request{URL: url, Output: mtlshttp.Output{File: filepath.Join(t.TempDir(), "out")}}
	named := &mtlshttp.Request{URL: url, Credentials: "alice"}
	requests := []*mtlshttp.Request{other, named, saved} // the last one's failure closes the connection that is kept
	for i, r := range requests {
		err := do(r)
		if assert.Error(t, err, i) {
			assert.Equal(t, mtlshttp.KindResource, failureOf(t, err).Kind, "%d: %v", i, err)
			assert.ErrorIs(t, err, syscall.EMFILE, i)
		}
	}
	for _, f := range held {
		require.NoError(t, f.Close())
	}
	for i, r := range requests {
		assert.NoError(t, do(r), i)
	}
}
