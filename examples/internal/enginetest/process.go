package enginetest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Build builds a program of the module that the test is in.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), filepath.Base(pkg))
	if out, err := exec.Command("go", "build", "-o", program, pkg).CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return program
}

// Process is a worker in a process of its own.
type Process struct {
	PID   int
	cmd   *exec.Cmd
	said  output
	ended chan struct{}
}

// Start starts a worker of the world. It is killed when the test ends, and must
// have said nothing of what only workers know.
func (w *World) Start(t testing.TB, program string, flags ...string) *Process {
	t.Helper()
	p := &Process{cmd: exec.Command(program, append(w.Flags(), flags...)...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.PID = p.cmd.Process.Pid
	go func() {
		_ = p.cmd.Wait() // killed, mostly
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.Kill()
		said := p.said.String()
		if t.Failed() {
			t.Logf("worker %d said:\n%s", p.PID, said)
		}
		for what, secret := range w.Known {
			if contains([]byte(said), secret) {
				t.Errorf("a worker said %s", what)
			}
		}
	})
	return p
}

// Kill ends the process at once, as a machine ends that is lost, and waits.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// Stop asks the process to end, as a deployment does, and waits.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("a worker that was stopped ended with status %d", code)
	}
}

// output may be written and read at once.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
