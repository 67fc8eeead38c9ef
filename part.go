package mtlshttp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"github.com/mtlshttp/mtlshttp/internal/document"
	"github.com/mtlshttp/mtlshttp/internal/multipart"
)

// Part is a field or a file of a multipart form (RFC 7578). It is a file where
// it has a FileName, Data, a Reader or a Path; one of the last three at most.
type Part struct {
	Name  string
	Value string // of a field

	FileName    string    // what the server is told: the last element of it; empty: Path's
	ContentType string    // empty: by the file's name; none for a field
	Data        []byte    // the file's content
	Reader      io.Reader // streamed; read twice only if it is an io.Seeker
	Size        int64     // of Reader, held to it; 0: found out where it is an io.Seeker, else unknown
	Path        string    // a file of FS, opened when its turn comes
	FS          fs.FS     // nil: Executor.Files
}

// Multipart sends parts as multipart/form-data, in their order. Files are
// streamed, never held whole, and the length is known beforehand where all
// sizes are.
func Multipart(parts ...Part) Body {
	return Body{kind: bodyMultipart, parts: parts}
}

func (p Part) isFile() bool {
	return p.FileName != "" || p.Data != nil || p.Reader != nil || p.Path != ""
}

// sources counts where the file's content may come from.
func (p Part) sources() (n int) {
	for _, given := range []bool{p.Data != nil, p.Reader != nil, p.Path != ""} {
		if given {
			n++
		}
	}
	return n
}

func partFault(parts []Part) *Error {
	for i, p := range parts {
		switch {
		case p.isFile() && p.Value != "":
			return fault(KindConfig, document.PartKey(i), "ambiguous", "a part has a value or is a file")
		case p.sources() > 1:
			return fault(KindConfig, document.PartKey(i), "ambiguous", "a file has data, a reader or a path")
		}
	}
	// What cannot be written shows before the files are looked for.
	form := make([]multipart.Part, len(parts))
	for i, p := range parts {
		form[i] = multipart.Part{Name: p.Name, ContentType: p.ContentType, IsFile: p.isFile(), FileName: p.FileName}
	}
	_, err := multipart.New(form)
	return multipartFault(err, len(parts))
}

// multipartFault says which part of n cannot be written; nil for a nil error.
func multipartFault(err error, n int) *Error {
	if err == nil {
		return nil
	}
	field, reason := "formDataFields", "multipart"
	var me *multipart.Error
	if errors.As(err, &me) {
		reason = string(me.Reason)
		if me.Index < n {
			field = document.PartKey(me.Index)
		}
	}
	return fault(KindConfig, field, reason, "%w", err)
}

// multipartPayload opens nothing yet: it finds out the sizes.
func multipartPayload(parts []Part, files fs.FS) (*payload, error) {
	form := make([]multipart.Part, 0, len(parts))
	for i, p := range parts {
		part, err := p.prepare(files)
		if err != nil {
			return nil, lacking(fault(KindConfig, document.PartKey(i), "file", "%w", err))
		}
		form = append(form, part)
	}
	body, err := multipart.New(form)
	if err != nil {
		return nil, multipartFault(err, len(parts))
	}
	return &payload{contentType: body.ContentType(), length: body.Length(), replayable: body.Replayable(), fixed: true, foreign: true,
		open: func() (io.ReadCloser, error) { return body.Reader(), nil }}, nil
}

func (p Part) prepare(files fs.FS) (multipart.Part, error) {
	out := multipart.Part{Name: p.Name, ContentType: p.ContentType, Text: p.Value, IsFile: p.isFile(), FileName: p.FileName}
	switch {
	case p.Reader != nil:
		source := readerPayload("", p.Reader, p.Size)
		out.Open, out.Size, out.Once = source.open, source.length, !source.replayable
	case p.Path != "":
		return p.fromPath(out, files)
	case p.isFile():
		data := p.Data
		out.Size = int64(len(data))
		out.Open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	}
	return out, nil
}

var errNoFiles = errors.New("a file is named, and the executor has no Files to find it in")

func (p Part) fromPath(out multipart.Part, files fs.FS) (multipart.Part, error) {
	if p.FS != nil {
		files = p.FS
	}
	if files == nil {
		return out, errNoFiles
	}
	name := path.Clean(p.Path) // people write ./name, which fs.FS does not know
	info, err := fs.Stat(files, name)
	if err != nil {
		return out, err
	}
	if !info.Mode().IsRegular() {
		return out, fmt.Errorf("%q is not a regular file", p.Path)
	}
	if out.FileName == "" {
		out.FileName = info.Name()
	}
	out.Size = info.Size()
	out.Open = func() (io.ReadCloser, error) { return files.Open(name) }
	return out, nil
}
