//go:build !linux

package realserver

import (
	"os"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

func terminate(cmd *exec.Cmd) {
	if cmd.Process.Signal(os.Interrupt) != nil {
		kill(cmd) // Windows knows no signals
	}
}

func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
