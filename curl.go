package mtlshttp

import (
	"encoding/json"
	"errors"
	"net/url"

	"github.com/mtlshttp/mtlshttp/internal/curlcmd"
)

// CurlCommand is what a curl command line asks for.
type CurlCommand struct {
	Request *Request
	// Credential and CA are the files of --cert, --key and --cacert, to be
	// added to a keychain under the names in Request; nil: none.
	Credential, CA *CredentialFiles
	// Proxy is that of -x; nil: none.
	Proxy *Proxy
	// FormFiles are the files of -F name=@file, which Executor.Files must
	// have.
	FormFiles []string
	Notes     []Note
}

// ImportCurl reads a curl command line, as people type it and as browsers copy
// it, for sh and for Windows' cmd. An option without which the request would be
// another is a fault; one that has no place in a request is in the notes.
// readFile gives the files that are part of the data (-d @file); nil refuses
// them. Files of keys and certificates are named, never read.
func ImportCurl(line string, readFile func(name string) ([]byte, error)) (*CurlCommand, error) {
	c, err := curlcmd.Parse(line, curlcmd.Options{ReadFile: readFile})
	if err != nil {
		return nil, curlFault(err)
	}
	out := &CurlCommand{Request: new(Request), FormFiles: c.FormFiles}
	if err := json.Unmarshal(c.Document, out.Request); err != nil {
		return nil, asError(err)
	}
	if k := c.Credential; k != nil {
		out.Credential = &CredentialFiles{File: k.File, Certificate: k.Certificate, PrivateKey: k.PrivateKey}
		if k.Password != nil {
			// Where key and certificate are two files it is the key's.
			out.Credential.Password = []byte(string(*k.Password))
		}
	}
	if c.CA != nil {
		out.CA = &CredentialFiles{CA: c.CA.File}
	}
	if x := c.Proxy; x != nil {
		out.Proxy = &Proxy{URL: x.URL}
		if u, err := url.Parse(x.URL); err == nil && x.User != "" {
			u.User = url.UserPassword(x.User, string(x.Password))
			out.Proxy.URL = u.String()
		}
	}
	out.Notes = curlNotes(c.Notes)
	return out, nil
}

// FormatCurl writes a request as a curl command line for sh: what Redacted has
// of it, or with reveal all of it, secrets too. The notes say what curl cannot
// be told.
func FormatCurl(r *Request, reveal bool) (string, []Note, error) {
	if !reveal {
		r = r.Redacted()
	}
	document, err := json.Marshal(r)
	if err != nil {
		return "", nil, asError(err)
	}
	line, notes, err := curlcmd.Format(document, curlcmd.FormatOptions{Secrets: reveal})
	if err != nil {
		return "", nil, curlFault(err)
	}
	return line, curlNotes(notes), nil
}

func curlFault(err error) *Error {
	var ce *curlcmd.Error
	if errors.As(err, &ce) {
		return fault(KindConfig, ce.Option, string(ce.Reason), "%w", err)
	}
	return fault(KindConfig, "", "curl", "%w", err)
}

func curlNotes(notes []curlcmd.Note) []Note {
	var out []Note
	for _, n := range notes {
		out = append(out, Note{Code: "curl", Path: n.Option, Text: n.Text})
	}
	return out
}
