package mtlshttp

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// Output says where the body of a response goes, decoded, to Limits.Stream. The
// zero value: into Response.Data. One of Writer, File and Store may be set.
//
// It takes the bodies of statuses 200 to 299; any other is an error page and
// stays in Data. A body that went to an output is not parsed.
type Output struct {
	// Writer gets the body as it comes, so a part of one that fails. A write
	// that blocks holds Do up, past its deadline too.
	Writer io.Writer
	// File is a path. The body is written aside in the same folder and moved
	// into place when it is whole and on disk; until then, and where it
	// fails, what was there stays. A new file has mode 0600; one that is
	// replaced hands on its permissions. Data is then this path.
	File string
	// Store takes the body under a name and returns what to find it by, which
	// becomes Data.
	Store Store
	// Name is for the Store; empty: Response.FileName.
	Name string
}

// Store keeps bodies. Put reads r to its end; where r fails it keeps nothing and
// returns that error. The reference must be a value that JSON can hold in a
// string.
type Store interface {
	Put(ctx context.Context, name string, r io.Reader) (ref string, err error)
}

func (o Output) isZero() bool { return o.Writer == nil && o.File == "" && o.Store == nil }

func (o Output) fault() *Error {
	set := 0
	for _, is := range []bool{o.Writer != nil, o.File != "", o.Store != nil} {
		if is {
			set++
		}
	}
	switch {
	case set > 1:
		return fault(KindConfig, "output", "ambiguous", "more than one of a writer, a file and a store is set")
	case o.Name != "" && o.Store == nil:
		return fault(KindConfig, "output", "name", "a name without a store means nothing")
	}
	return nil
}

// refused says why the file cannot be written, as far as that can be seen
// before anything is sent.
func (o Output) refused() *Error {
	if o.File == "" {
		return nil
	}
	if info, err := os.Stat(o.File); err == nil && !info.Mode().IsRegular() {
		return fault(KindConfig, "output", "not-a-file", "there is something that is no file")
	}
	if info, err := os.Stat(filepath.Dir(o.File)); err != nil || !info.IsDir() || os.IsPathSeparator(o.File[len(o.File)-1]) {
		return fault(KindConfig, "output", "no-folder", "the file's folder is not there")
	}
	if _, err := os.Lstat(o.File); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		return fault(KindConfig, "output", "name", "no file can have this name")
	}
	return nil
}

// takes says whether a response's body goes to the output.
func (o Output) takes(resp *http.Response) bool {
	return !o.isZero() && resp.StatusCode >= 200 && resp.StatusCode < 300 && resp.StatusCode != http.StatusNoContent
}

// put moves a body to the output and returns what refers to it.
func (o Output) put(ctx context.Context, name string, body io.Reader) (ref any, err error) {
	in := &bodyEnd{r: body}
	switch {
	case o.Store != nil:
		if o.Name != "" {
			name = o.Name
		}
		ref, err = o.Store.Put(ctx, name, in)
		if err == nil && in.err == nil && !in.atEnd() {
			err = errNotRead
		}
	case o.File != "":
		ref, err = o.File, writeFile(ctx, o.File, in)
	default:
		_, err = io.Copy(o.Writer, in)
	}
	switch {
	case in.err != nil && in.err != io.EOF: // whatever the output made of it
		return nil, in.err
	case err != nil:
		return nil, &outputError{err}
	}
	return ref, nil
}

// bodyEnd remembers how a reader ended, so that its failures can be told from
// those of what reads it.
type bodyEnd struct {
	r   io.Reader
	err error
}

func (s *bodyEnd) Read(p []byte) (n int, err error) {
	if s.err != nil {
		return 0, s.err
	}
	n, s.err = s.r.Read(p)
	return n, s.err
}

func (s *bodyEnd) atEnd() bool {
	n, _ := io.ReadFull(s, make([]byte, 1))
	return n == 0
}

// errNotRead is the cause where a store returned before the end of the body.
var errNotRead = errors.New("the store did not read the body to its end")

// outputError marks an error of the output itself.
type outputError struct{ err error }

func (e *outputError) Error() string { return "the body could not be put away: " + e.err.Error() }
func (e *outputError) Unwrap() error { return e.err }

func (e *outputError) reason() string {
	switch {
	case errors.Is(e.err, syscall.ENOSPC), errors.Is(e.err, syscall.EDQUOT):
		return "disk-full"
	case errors.Is(e.err, syscall.EROFS):
		return "read-only"
	case errors.Is(e.err, fs.ErrPermission):
		return "permission"
	}
	return "output"
}

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
