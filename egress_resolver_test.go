package mtlshttp_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

// childVariable marks a process that a test has started to run itself in.
const childVariable = "MTLSHTTP_TEST_CHILD"

// inChild runs the calling test in a process of its own with further variables
// and returns what it printed. In the child it returns false.
func inChild(t *testing.T, env ...string) (output string, isParent bool) {
	t.Helper()
	if os.Getenv(childVariable) != "" {
		return "", false
	}
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self, "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=60s")
	cmd.Env = append(append(os.Environ(), childVariable+"=1"), env...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "--- PASS: "+t.Name())
	return string(out), true
}

// spellings are ways to say this machine. Resolvers differ in which they take.
var spellings = []string{
	"127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0X7F.0.0.1", "017700000001", "0177.0.0.1", "0177.1",
	"127.0.0.1.", "127.9.9.9", "0", "0.0.0.0", "localhost", "LOCALHOST", "①②⑦.⓪.⓪.①", "127。0。0。1", "１２７.0.0.1", "ⓛocalhost",
	"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]",
}

// SSRF-01: no spelling gets through, with Go's resolver or with that of C.
func TestSSRF01Spellings(t *testing.T) {
	if output, is := inChild(t, "GODEBUG=netdns=go+1"); is {
		assert.Contains(t, output, "GODEBUG setting forcing use of the Go resolver")
		output, _ = inChild(t, "GODEBUG=netdns=cgo+1")
		assert.Contains(t, output, "GODEBUG setting forcing use of the cgo resolver")
		return
	}
	inside := startPlace(t, "127.0.0.1:0", hello)
	e := newExecutor(t)
	e.Egress = mtlshttp.PublicOnly()
	client, err := e.Client(t.Context(), &mtlshttp.Request{URL: "http://public.test"})
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(spellings), 24)
	for _, host := range spellings {
		target := "http://" + host + ":" + inside.port() + "/"
		_, err := e.Do(t.Context(), &mtlshttp.Request{URL: target})
		refusedBy(t, err, "address")
		_, err = client.Get(target)
		assert.Equal(t, mtlshttp.KindEgress, failureOf(t, err).Kind, host)
	}
	assert.Zero(t, inside.conns.Load())

	resp, err := newExecutor(t).Do(t.Context(), &mtlshttp.Request{URL: "http://127.1:" + inside.port()})
	require.NoError(t, err, "without a policy there is something to reach")
	assert.Equal(t, "hello", resp.Data)
}

// SSRF-04: a name that changes its mind does not get through, whatever it says
// when, or at once.
func TestSSRF04Rebinding(t *testing.T) {
	if _, is := inChild(t); is { // for it replaces the process's resolver
		return
	}
	const tries = 1000
	out, in := net.IPv4(127, 0, 0, 2), net.IPv4(127, 0, 0, 1)
	answers := [][]net.IP{{out}, {in}, {in, out}, {out, in}, {in}}
	var lookups atomic.Int64
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go answerName(there, func() []net.IP { return answers[int(lookups.Add(1))%len(answers)] })
		return here, nil
	}}
	there := startPlace(t, outside+":0", nil)
	again := "http://rebind.test:" + there.port() + "/again"
	there.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close") // so that every request dials
		if r.URL.Path == "/" {
			http.Redirect(w, r, again, http.StatusTemporaryRedirect)
		}
	})
	inside := startPlace(t, "127.0.0.1:"+there.port(), hello)
	e := guarded(t)
	arrived, refused := 0, 0
	for range tries {
		resp, err := e.Do(t.Context(), &mtlshttp.Request{URL: "http://rebind.test:" + there.port() + "/"})
		if err == nil {
			assert.Equal(t, http.StatusOK, resp.StatusCode)
			arrived++
			continue
		}
		refusedBy(t, err, "address")
		refused++
	}
	t.Logf("%d tries, %d lookups: %d led outside, %d were refused, %d connections inside",
		tries, lookups.Load(), arrived, refused, inside.conns.Load())
	assert.Zero(t, inside.conns.Load())
	assert.Positive(t, arrived)
	assert.Positive(t, refused)
	assert.GreaterOrEqual(t, lookups.Load(), int64(tries))
}

// answerName is a name server for one question over TCP (RFC 1035, section
// 4.2.2), for A records that live for no time.
func answerName(conn net.Conn, addresses func() []net.IP) {
	defer conn.Close()
	length := make([]byte, 2)
	if _, err := io.ReadFull(conn, length); err != nil {
		return
	}
	message := make([]byte, binary.BigEndian.Uint16(length))
	if _, err := io.ReadFull(conn, message); err != nil {
		return
	}
	const header = 12
	end := header + strings.IndexByte(string(message[header:]), 0) + 5 // of the question
	if end < header+5 || end > len(message) {
		return
	}
	var list []net.IP
	if binary.BigEndian.Uint16(message[end-4:]) == 1 { // A
		list = addresses()
	}
	answer := append([]byte(nil), message[:end]...)
	binary.BigEndian.PutUint16(answer[2:], 0x8180) // an answer, with recursion
	binary.BigEndian.PutUint16(answer[6:], uint16(len(list)))
	binary.BigEndian.PutUint32(answer[8:], 0)
	for _, ip := range list {
		answer = append(answer, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		answer = append(answer, ip.To4()...)
	}
	_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
}
