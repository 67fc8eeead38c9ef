package mtlshttp

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"
)

// maxCredentialFile bounds what is read of one credential file.
const maxCredentialFile = 1 << 20

// place is where names of files lead.
type place struct {
	fsys fs.FS // nil: this machine's
	dir  string
}

func (f *CredentialFiles) place() place {
	if f.FS != nil {
		return place{f.FS, f.Dir}
	}
	return place{nil, resolvePath(f.root, f.Dir)}
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
	return os.Stat(resolvePath(p.dir, name))
}

func (p place) open(name string) (fs.File, error) {
	if p.fsys != nil {
		return p.fsys.Open(path.Join(p.dir, name))
	}
	return os.Open(resolvePath(p.dir, name))
}

func resolvePath(dir, name string) string {
	if dir == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// read returns a part's content; nil where there is none, or none is there that
// may be missing.
func (p place) read(of part) ([]byte, error) {
	if of.name == "" {
		return nil, nil
	}
	if of.env {
		value, ok := os.LookupEnv(of.name)
		if !ok {
			return nil, fault(KindConfig, "keychain", "environment", "the environment variable %q is not set", of.name)
		}
		return []byte(value), nil
	}
	data, err := p.readFile(of.name)
	if of.optional && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// readFile reads a regular file of at most maxCredentialFile bytes; a pipe or
// device could block for ever.
func (p place) readFile(name string) ([]byte, error) {
	info, err := p.stat(name)
	if err != nil {
		return nil, fileFault(name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fault(KindConfig, "keychain", "file", "%q is not a regular file", name)
	}
	f, err := p.open(name)
	if err != nil {
		return nil, fileFault(name, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxCredentialFile+1))
	if err != nil {
		return nil, fileFault(name, err)
	}
	if len(data) > maxCredentialFile {
		return nil, fault(KindLimit, "keychain", "credential-file", "%q is larger than %d bytes", name, maxCredentialFile)
	}
	return data, nil
}

func fileFault(name string, err error) *Error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return lacking(fault(KindConfig, "keychain", "file", "%q: %w", name, err))
}

// stamp tells one state of a part from another without reading it.
type stamp struct {
	info fs.FileInfo // nil: a variable, or a file that cannot be looked at
	hash uint64      // of a variable's value, which is kept nowhere
}

var stampSeed = maphash.MakeSeed()

func (p place) stamps(parts []part) []stamp {
	stamps := make([]stamp, len(parts))
	for i, of := range parts {
		switch {
		case of.name == "":
		case of.env:
			value, set := os.LookupEnv(of.name)
			stamps[i].hash = maphash.String(stampSeed, fmt.Sprint(set, value))
		default:
			stamps[i].info, _ = p.stat(of.name)
		}
	}
	return stamps
}

func sameStamps(a, b []stamp) bool { return slices.EqualFunc(a, b, stamp.same) }

func (s stamp) same(o stamp) bool {
	if s.info == nil || o.info == nil {
		return s.info == o.info && s.hash == o.hash
	}
	// Only files of this machine have an identity to compare.
	identity := os.SameFile(s.info, o.info) || !os.SameFile(s.info, s.info)
	return identity && s.info.Size() == o.info.Size() && s.info.ModTime().Equal(o.info.ModTime())
}

// settled says whether a further change would show in the modification time.
func (s stamp) settled(now time.Time) bool {
	return s.info == nil || now.Sub(s.info.ModTime()).Abs() > timeGrain
}
