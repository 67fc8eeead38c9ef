// Package publication serves public certificates, as text, JSON and pages, at
// addresses that stay the same when the certificates change.
package publication

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"path"
	"strings"
	"time"
)

// keptFor is how long an answer may be kept.
const keptFor = "public, max-age=300"

// Entry is a certificate with its address.
type Entry struct {
	Name       string
	Generation string // of several under one name; empty: there is one
	Path       string // the address without its ending
	// Read looks at the certificate as it is now; nil: that cannot be done,
	// and why is not for the public.
	Read func(context.Context) *Certificate
}

// Certificate is what is served of one.
type Certificate struct {
	Report any         // as JSON
	Rows   [][2]string // of its page: names and values
	PEM    string      // with its chain
}

// Handler serves, below the address that it is mounted at, an index of all
// entries, / for people and /index.json, and each entry as .pem, .json and .html.
func Handler(entries func() []Entry) http.Handler { return handler(entries) }

type handler func() []Entry

func (entries handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	requested := strings.TrimPrefix(r.URL.Path, "/")
	switch requested {
	case "", "index.html":
		answer(w, r, htmlType, index(r.Context(), entries()))
		return
	case "index.json":
		answerJSON(w, r, documents(r.Context(), entries()))
		return
	}
	ending := path.Ext(requested)
	for _, e := range entries() {
		if e.Path+ending != requested {
			continue
		}
		c := e.Read(r.Context())
		if c == nil {
			http.Error(w, "the certificate cannot be read now", http.StatusServiceUnavailable)
			return
		}
		switch ending {
		case ".pem":
			answer(w, r, "application/pem-certificate-chain", []byte(c.PEM))
			return
		case ".json":
			answerJSON(w, r, c.Report)
			return
		case ".html":
			answer(w, r, htmlType, page(e.title(), table(c)))
			return
		}
	}
	http.NotFound(w, r)
}

// document is an entry of index.json.
type document struct {
	Name        string `json:"name"`
	Generation  string `json:"generation,omitempty"`
	Certificate any    `json:"certificate"` // null: it cannot be read now
}

func documents(ctx context.Context, entries []Entry) []document {
	all := make([]document, len(entries))
	for i, e := range entries {
		all[i] = document{Name: e.Name, Generation: e.Generation}
		if c := e.Read(ctx); c != nil {
			all[i].Certificate = c.Report
		}
	}
	return all
}

func answerJSON(w http.ResponseWriter, r *http.Request, v any) {
	document, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, "the certificate cannot be written", http.StatusInternalServerError)
		return
	}
	answer(w, r, "application/json", append(document, '\n'))
}

// answer sends what changes only with the certificates, so that its hash can be
// its entity tag.
func answer(w http.ResponseWriter, r *http.Request, contentType string, body []byte) {
	sum := sha256.Sum256(body)
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:16])+`"`)
	h.Set("Cache-Control", keptFor)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
