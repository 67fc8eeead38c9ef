package wire

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSSRF01RawSpellings hands spellings of this machine to the resolver as
// they are. Without a guard some lead here, more of them with C's resolver;
// with it none does.
func TestSSRF01RawSpellings(t *testing.T) {
	const child = "MTLSHTTP_TEST_CHILD"
	if os.Getenv(child) == "" {
		reached := map[string]int{}
		for _, resolver := range []string{"go", "cgo"} {
			self, err := os.Executable()
			require.NoError(t, err)
			cmd := exec.Command(self, "-test.run=^TestSSRF01RawSpellings$", "-test.v", "-test.timeout=60s")
			cmd.Env = append(os.Environ(), child+"=1", "GODEBUG=netdns="+resolver)
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			_, after, _ := strings.Cut(string(out), "reached without a guard: ")
			count, _, _ := strings.Cut(after, "\n")
			reached[resolver], err = strconv.Atoi(count)
			require.NoError(t, err, "%s", out)
		}
		t.Logf("reached without a guard: %v", reached)
		assert.GreaterOrEqual(t, reached["go"], 8)
		assert.Greater(t, reached["cgo"], reached["go"])
		return
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	accepted := func(d Dialer, host string) bool {
		_, port, _ := net.SplitHostPort(l.Addr().String())
		conn, err := d.dial(t.Context(), "tcp", net.JoinHostPort(host, port), true)
		if err != nil {
			return false
		}
		_ = conn.Close()
		require.NoError(t, l.(*net.TCPListener).SetDeadline(time.Now().Add(time.Second)))
		there, err := l.Accept()
		if err == nil {
			_ = there.Close()
		}
		return err == nil
	}
	refused := errors.New("refused")
	guard := Dialer{Guard: func(a netip.AddrPort) error {
		if a.Addr().IsLoopback() || a.Addr().IsUnspecified() {
			return refused
		}
		return nil
	}}
	reached := 0
	for _, host := range []string{
		"127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0X7F.0.0.1", "017700000001", "0177.0.0.1", "0177.1",
		"127.9.9.9", "0", "0.0.0.0", "localhost", "LOCALHOST", "①②⑦.⓪.⓪.①", "127。0。0。1", "１２７.0.0.1", "ⓛocalhost",
		"::1", "::", "::ffff:127.0.0.1", "::ffff:7f00:1", "0:0:0:0:0:ffff:7f00:1", "",
	} {
		if accepted(Dialer{}, host) {
			reached++
		}
		assert.False(t, accepted(guard, host), host)
	}
	t.Logf("reached without a guard: %d", reached)
}
