package step

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// Folder is a Store in a folder, which all workers have to share. A body is
// named by its SHA-256, so that one which is stored again, by a step that is
// done again, is stored once. Files have mode 0600.
type Folder struct{ root *os.Root }

// OpenFolder opens a folder that is there.
func OpenFolder(dir string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Folder{root}, nil
}

// Close lets go of the folder.
func (f *Folder) Close() error { return f.root.Close() }

// Put implements mtlshttp.Store. The name means nothing to it.
func (f *Folder) Put(_ context.Context, _ string, body io.Reader) (ref string, err error) {
	aside, err := f.aside()
	if err != nil {
		return "", err
	}
	defer func() {
		_ = aside.Close()
		if err != nil {
			_ = f.root.Remove(aside.name)
		}
	}()
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(aside, sum), body); err != nil {
		return "", err
	}
	if err := errors.Join(aside.Sync(), aside.Close()); err != nil {
		return "", err
	}
	ref = reference(sum.Sum(nil))
	return ref, f.root.Rename(aside.name, ref)
}

type asideFile struct {
	*os.File
	name string
}

func (f *Folder) aside() (*asideFile, error) {
	name := ".aside-" + random()
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	return &asideFile{file, name}, err
}

// Open implements fs.FS for references.
func (f *Folder) Open(ref string) (fs.File, error) {
	if !isReference(ref) {
		return nil, &fs.PathError{Op: "open", Path: "a stored body", Err: fs.ErrInvalid}
	}
	file, err := f.root.Open(ref)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no body %s: %w", ref, fs.ErrNotExist)
	}
	return file, err
}

const referencePrefix = "sha256-"

func reference(sum []byte) string { return referencePrefix + hex.EncodeToString(sum) }

func isReference(s string) bool {
	digits, found := strings.CutPrefix(s, referencePrefix)
	sum, err := hex.DecodeString(digits)
	return found && err == nil && len(sum) == sha256.Size && digits == strings.ToLower(digits)
}
