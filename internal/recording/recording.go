// Package recording keeps HTTP exchanges in files that people read and check
// in: what was asked, without its secrets, and what was answered.
//
// Of a request the file has method, URL without the values of its query, the
// headers that are not secret, and of query and body a fingerprint each, by
// which another request can be told from this one and nothing be read. Of a
// response it has all, but for the values of headers, cookies, JSON members and
// form fields that are secret by their names. Such a value stands in no other
// text either: bodies are searched for it, and that of a redirect, which says
// where it leads, is left out.
package recording

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const (
	version = 1
	// MaxBody is how much of a body is recorded.
	MaxBody = 16 << 20
	maxFile = 256 << 20
)

// File is a list of exchanges, in the order of their requests.
type File struct {
	Version int `json:"version"`
	// Salt makes fingerprints of one file mean nothing beside another.
	Salt []byte `json:"salt"`
	// Secret are names of headers, parameters and members that are secret
	// beside those that always are.
	Secret    []string    `json:"secret,omitempty"`
	Exchanges []*Exchange `json:"exchanges"`

	seen secrets
}

// Exchange is a request with its response.
type Exchange struct {
	Request  Request  `json:"request"`
	Response Response `json:"response"`
}

// New returns a file without exchanges.
func New(secret []string) *File {
	f := &File{Version: version, Salt: make([]byte, 8), Secret: secret, Exchanges: []*Exchange{}}
	_, _ = rand.Read(f.Salt) // it never fails
	return f
}

// Read reads a file.
func Read(name string) (*File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, maxFile)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	f := new(File)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(f); err != nil {
		return nil, fmt.Errorf("%s is no recording: %w", name, err)
	}
	if f.Version != version {
		return nil, fmt.Errorf("%s is a recording of version %d, and %d is known", name, f.Version, version)
	}
	for i, e := range f.Exchanges {
		if e == nil {
			return nil, fmt.Errorf("%s: exchange %d is empty", name, i+1)
		}
		if _, err := e.Response.Body.bytes(); err != nil {
			return nil, fmt.Errorf("%s: the response of exchange %d: %w", name, i+1, err)
		}
	}
	return f, nil
}

// Write writes the file, and the folder that it stands in.
func (f *File) Write(name string) error {
	f.scrub()
	text, err := f.encode()
	if err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, text, 0o644))
}

func (f *File) encode() ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(f)
	return text.Bytes(), err
}
