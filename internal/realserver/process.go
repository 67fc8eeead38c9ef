package realserver

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"time"
)

const stopTime = 3 * time.Second // from the request to end to the end by force

// process is a server's program while it runs.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended and was waited for
}

func startProcess(dir string, out *log, binary string, args, env []string) (*process, error) {
	cmd := exec.Command(binary, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout = out
	cmd.Stderr = out
	cmd.WaitDelay = stopTime // should a grandchild keep the output open
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // how a server ends when told to is its own affair
	}()
	return p, nil
}

// waitForPort returns when the server accepts a connection, or why it never
// will.
func (p *process) waitForPort(addr string, limit time.Duration) error {
	end := time.NewTimer(limit)
	defer end.Stop()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		if conn, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
			return conn.Close()
		}
		select {
		case <-p.done:
			return fmt.Errorf("ended before it listened: %v", p.cmd.ProcessState)
		case <-end.C:
			return fmt.Errorf("does not listen on %s after %v", addr, limit)
		case <-again.C:
		}
	}
}

// stop asks the process to end, ends it and its children by force if it does
// not, and waits.
func (p *process) stop() {
	select {
	case <-p.done:
		return
	default:
	}
	terminate(p.cmd)
	select {
	case <-p.done:
	case <-time.After(stopTime):
		kill(p.cmd)
		<-p.done
	}
}
