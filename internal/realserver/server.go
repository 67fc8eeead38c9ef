package realserver

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	startTime = 30 * time.Second // a JVM on a busy machine needs some of it
	startRuns = 3                // tries, should another process take the port in between
	logTime   = 5 * time.Second
)

// Server is a running server. It stops when its test ends.
type Server struct {
	Kind Kind
	URL  string // https://host:port, without a path
	Addr string // 127.0.0.1:port

	log   *log
	seen  *backend // nil where the server answers by itself
	peer  *peerServer
	files []string
}

// Start starts a server and waits until it accepts connections. It skips the
// test where a program would be needed and MTLSHTTP_INTEGRATION is not set, and
// fails it where the program is missing or c asks for what it cannot do.
func Start(t testing.TB, kind Kind, c Config) *Server {
	t.Helper()
	if !kind.InProcess() && os.Getenv("MTLSHTTP_INTEGRATION") == "" {
		t.Skip("integration: set MTLSHTTP_INTEGRATION=1")
	}
	if err := kind.Check(c); err != nil {
		t.Fatal(err)
	}
	c = c.withDefaults()
	var err error
	if c.Key, err = pkcs8PEM(c.Key); err != nil {
		t.Fatalf("realserver: key of the server: %v", err)
	}
	s := &Server{Kind: kind, log: &log{}}
	if kind.InProcess() {
		err = s.startInside(t, c)
	} else {
		err = s.startProgram(t, c)
	}
	if err != nil {
		t.Fatalf("realserver: %s: %v", kind, err)
	}
	_, port, _ := net.SplitHostPort(s.Addr)
	s.URL = "https://" + net.JoinHostPort(c.Host, port)
	return s
}

// Log is what the server wrote: its output, then its log files; of each the
// last MiB. The access line of a request comes after its response, see WaitLog.
func (s *Server) Log() string {
	var b strings.Builder
	b.WriteString(s.log.String())
	for _, name := range s.files {
		b.WriteString(tailOfFile(name))
	}
	return b.String()
}

// WaitLog waits until the log holds text and fails the test where it never
// does.
func (s *Server) WaitLog(t testing.TB, text string) {
	t.Helper()
	for end := time.Now().Add(logTime); !strings.Contains(s.Log(), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s's log does not hold %q:\n%s", s.Kind, text, s.Log())
		}
	}
}

// Requests are those that reached the application behind the server, in order
// of arrival. Nil for OpenSSL, GnuTLS, Node, JDK and the peers, which answer by
// themselves.
func (s *Server) Requests() []Request {
	if s.seen == nil {
		return nil
	}
	return s.seen.list()
}

// ApplicationBytes counts what a peer that completes the handshake received
// after it, decrypted; zero for every other server.
func (s *Server) ApplicationBytes() int64 {
	if s.peer == nil {
		return 0
	}
	return s.peer.received.Load()
}

// place is where a program is about to run: what its configuration needs.
type place struct {
	Config
	dir     string
	port    int
	backend string // host:port of the plain HTTP application
}

func (p *place) path(name string) string { return filepath.Join(p.dir, name) }

// write puts a file into the place and returns its path. It panics where it
// cannot, so that a configuration reads in one piece.
func (p *place) write(name string, content []byte) string {
	path := p.path(name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		panic(err) // a temporary folder that cannot be written ends the test
	}
	return path
}

func (p *place) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)) }

func (s *Server) startProgram(t testing.TB, c Config) error {
	prog := programs[s.Kind]
	binary, err := exec.LookPath(prog.binary)
	if err != nil {
		return fmt.Errorf("%s is not installed (Debian: %s): %w", prog.binary, prog.debian, err)
	}
	p := &place{Config: c, dir: t.TempDir()}
	if prog.proxies {
		if s.seen, err = startBackend(t); err != nil {
			return err
		}
		p.backend = s.seen.addr
	}
	for _, name := range prog.logs {
		s.files = append(s.files, p.path(name))
	}
	for run := 1; ; run++ {
		if p.port, err = freePort(); err != nil {
			return err
		}
		err = s.launch(t, prog, binary, p)
		if err == nil || run == startRuns || !strings.Contains(strings.ToLower(s.Log()), "address already in use") {
			return err
		}
	}
}

func (s *Server) launch(t testing.TB, prog program, binary string, p *place) error {
	args, env, err := prog.command(p)
	if err != nil {
		return err
	}
	proc, err := startProcess(p.dir, s.log, binary, args, env)
	if err != nil {
		return err
	}
	if err := proc.waitForPort(p.addr(), startTime); err != nil {
		proc.stop()
		return fmt.Errorf("%w\n%s", err, s.Log())
	}
	s.Addr = p.addr()
	t.Cleanup(proc.stop)
	return nil
}

func (s *Server) startInside(t testing.TB, c Config) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.Addr = listener.Addr().String()
	if p, ok := peers[s.Kind]; ok {
		s.peer, err = startPeer(t, listener, p, c, s.log)
	} else {
		s.seen, err = startGo(t, listener, c, s.log)
	}
	if err != nil {
		listener.Close()
	}
	return err
}

// taken are the ports that were given to servers of this process. HAProxy
// shares a port with whoever asks, so that two would not notice.
var taken sync.Map

// freePort finds a port by listening on it for a moment.
func freePort() (int, error) {
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		port := l.Addr().(*net.TCPAddr).Port
		l.Close()
		if _, again := taken.LoadOrStore(port, true); !again {
			return port, nil
		}
	}
}

const logLimit = 1 << 20

// log keeps the last MiB written to it.
type log struct {
	mu   sync.Mutex
	text []byte
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b...)
	if over := len(l.text) - logLimit; over > 0 {
		l.text = append([]byte(nil), l.text[over:]...)
	}
	return len(b), nil
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

func tailOfFile(name string) string {
	f, err := os.Open(name)
	if err != nil {
		return "" // not written yet
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	tail := make([]byte, min(info.Size(), logLimit))
	n, _ := f.ReadAt(tail, info.Size()-int64(len(tail)))
	return string(tail[:n])
}
