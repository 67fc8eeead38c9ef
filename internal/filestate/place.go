package filestate

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// place is where names of files lead.
type place struct {
	fsys fs.FS // nil: this machine's
	dir  string
}

// version is the place of the version of a mounted secret that is in force:
// Kubernetes swaps the symbolic link ..data, through which all names lead.
func (p place) version() place {
	if p.fsys == nil && p.dir != "" {
		if target, err := filepath.EvalSymlinks(filepath.Join(p.dir, "..data")); err == nil {
			return place{nil, target}
		}
	}
	return p
}

func (p place) stat(name string) (fs.FileInfo, error) {
	if p.fsys != nil {
		return fs.Stat(p.fsys, path.Join(p.dir, name))
	}
	return os.Stat(Resolve(p.dir, name))
}

func (p place) open(name string) (fs.File, error) {
	if p.fsys != nil {
		return p.fsys.Open(path.Join(p.dir, name))
	}
	return os.Open(Resolve(p.dir, name))
}

// Resolve is a name relative to a folder of this machine.
func Resolve(dir, name string) string {
	if dir == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// read returns a part's content; nil where there is none, or none is there that
// may be missing.
func (p place) read(of Part) ([]byte, error) {
	if of.Name == "" {
		return nil, nil
	}
	if of.Env {
		value, ok := os.LookupEnv(of.Name)
		if !ok {
			return nil, faulty(Environment, "the environment variable %q is not set", of.Name)
		}
		return []byte(value), nil
	}
	data, err := p.readFile(of.Name)
	if of.Optional && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// readFile reads a regular file of at most MaxFile bytes; a pipe or
// device could block for ever.
func (p place) readFile(name string) ([]byte, error) {
	info, err := p.stat(name)
	if err != nil {
		return nil, fileFault(name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, faulty(File, "%q is not a regular file", name)
	}
	f, err := p.open(name)
	if err != nil {
		return nil, fileFault(name, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, fileFault(name, err)
	}
	if len(data) > MaxFile {
		return nil, faulty(TooLarge, "%q is larger than %d bytes", name, MaxFile)
	}
	return data, nil
}

func fileFault(name string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return faulty(File, "%q: %w", name, err)
}
