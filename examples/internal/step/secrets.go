package step

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"strings"
)

// SecretFiles are secrets in files of their names, as Kubernetes mounts them. A
// last line break is no part of a secret. They are read each time, so that a new
// one counts at once.
type SecretFiles struct{ FS fs.FS }

const maxSecret = 64 << 10

// Secret implements mtlshttp.SecretSource.
func (s SecretFiles) Secret(_ context.Context, name string) (string, error) {
	if !fs.ValidPath(name) || strings.Contains(name, "/") {
		return "", fs.ErrInvalid
	}
	file, err := s.FS.Open(name)
	if err != nil {
		return "", withoutPath(err)
	}
	defer file.Close()
	value, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	switch {
	case err != nil:
		return "", withoutPath(err)
	case len(value) > maxSecret:
		return "", errors.New("the file is too large for a secret")
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(value), "\n"), "\r"), nil
}

// withoutPath leaves out where the worker keeps its files.
func withoutPath(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

func random() string { return rand.Text() }
