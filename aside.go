package mtlshttp

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// aside is a file that is being written and not in its place yet. Close takes it
// away under the hands of whoever writes it: to wait for them would be to wait
// for callbacks, and one of those may be what calls Close.
type aside struct {
	call *call

	mu   sync.Mutex // held around each step, of which none calls anybody
	file *os.File   // nil: there is none, or none any more
}

// writeFile writes what in yields aside and moves it into place.
func writeFile(ctx context.Context, path string, in io.Reader) error {
	a := &aside{call: callOf(ctx)}
	if err := a.create(filepath.Dir(path)); err != nil {
		return err
	}
	defer a.remove()
	if _, err := io.Copy(a, in); err != nil {
		return err
	}
	if err := a.place(path); err != nil {
		return err
	}
	syncFolder(filepath.Dir(path))
	return nil
}

func (a *aside) create(folder string) (err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.call.aside.Store(a)
	if a.call.closed.Load() { // Close may have looked already
		return wire.ErrClosed
	}
	a.file, err = os.CreateTemp(folder, ".mtlshttp-*") // mode 0600
	return err
}

func (a *aside) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file == nil {
		return 0, wire.ErrClosed
	}
	return a.file.Write(p)
}

// place moves the file to where it belongs, once it is on disk.
func (a *aside) place(path string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file == nil {
		return wire.ErrClosed
	}
	if info, err := os.Stat(path); err == nil {
		if err := a.file.Chmod(info.Mode().Perm()); err != nil {
			return err
		}
	}
	if err := errors.Join(a.file.Sync(), a.file.Close()); err != nil {
		return err
	}
	if err := os.Rename(a.file.Name(), path); err != nil {
		return err
	}
	a.file = nil
	return nil
}

// remove takes the file away, unless it is in its place.
func (a *aside) remove() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file != nil {
		_ = a.file.Close()
		_ = os.Remove(a.file.Name())
		a.file = nil
	}
}

// syncFolder makes a move last through a crash, on systems that can.
func syncFolder(path string) {
	if folder, err := os.Open(path); err == nil {
		_ = folder.Sync()
		_ = folder.Close()
	}
}
