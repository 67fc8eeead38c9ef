package mtlshttp

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

// publishedFor is how long an answer with certificates may be kept.
const publishedFor = "public, max-age=300"

// PublicCertificates serves the public certificates of the named entries at
// addresses that stay the same when the certificates change: never a key, and
// nothing of other entries. Below the address that it is mounted at (with
// http.StripPrefix) are
//
//	/                 all of them, for people
//	/index.json       all of them, an array of name, generation and report
//	/NAME.pem         a certificate with its chain; of a platform the current one
//	/NAME.json        its CertificateReport
//	/NAME.html        the same for people
//	/NAME/next.pem    a platform's next and previous generations, likewise
func (k *Keychain) PublicCertificates(names ...string) http.Handler {
	return &publisher{k, names}
}

type publisher struct {
	keychain *Keychain
	names    []string
}

// publication is a certificate with its address.
type publication struct {
	Name       string             `json:"name"`
	Generation string             `json:"generation,omitempty"` // of a platform
	Report     *CertificateReport `json:"certificate"`          // nil: cannot be read now

	entry string // that has it
	path  string // its address without the ending
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	requested := strings.TrimPrefix(r.URL.Path, "/")
	if requested == "" || requested == "index.html" || requested == "index.json" {
		p.serveIndex(w, r, strings.HasSuffix(requested, ".json"))
		return
	}
	ending := path.Ext(requested)
	for _, found := range p.publications() {
		if found.path+ending != requested {
			continue
		}
		if found.read(r, p.keychain); found.Report == nil {
			http.Error(w, "the certificate cannot be read now", http.StatusServiceUnavailable)
			return
		}
		switch ending {
		case ".pem":
			publish(w, r, "application/pem-certificate-chain", []byte(found.Report.PEM))
			return
		case ".json":
			publishJSON(w, r, found.Report)
			return
		case ".html":
			publish(w, r, "text/html; charset=utf-8", page(found.title(), found.table()))
			return
		}
	}
	http.NotFound(w, r)
}

func (p *publisher) serveIndex(w http.ResponseWriter, r *http.Request, document bool) {
	all := p.publications()
	for _, found := range all {
		found.read(r, p.keychain)
	}
	if document {
		publishJSON(w, r, all)
		return
	}
	var body strings.Builder
	for _, found := range all {
		body.WriteString("<h2>" + html.EscapeString(found.title()) + "</h2>\n" + found.links() + found.table())
	}
	publish(w, r, "text/html; charset=utf-8", page("Client certificates", body.String()))
}

// publications are the addresses that there are, in the order of the names.
func (p *publisher) publications() []*publication {
	all := []*publication{}
	for _, name := range p.names {
		e, ok := p.keychain.entry(name)
		switch {
		case !ok:
		case e.platform == nil:
			all = append(all, &publication{Name: name, entry: name, path: name})
		default:
			all = append(all, &publication{Name: name, Generation: "current", entry: e.platform.Current, path: name})
			if e.platform.Next != "" {
				all = append(all, &publication{Name: name, Generation: "next", entry: e.platform.Next, path: name + "/next"})
			}
			if e.platform.Previous != "" {
				all = append(all, &publication{Name: name, Generation: "previous", entry: e.platform.Previous, path: name + "/previous"})
			}
		}
	}
	return all
}

// read leaves the report nil where there is none; why is not for the public.
func (p *publication) read(r *http.Request, k *Keychain) {
	if e, ok := k.entry(p.entry); ok && e.platform == nil {
		p.Report, _ = k.Report(r.Context(), p.entry)
	}
}

func (p *publication) title() string {
	if p.Generation == "" {
		return p.Name
	}
	return p.Name + ", " + p.Generation
}

func (p *publication) links() string {
	address := html.EscapeString((&url.URL{Path: "./" + p.path}).String())
	var b strings.Builder
	b.WriteString("<p>")
	for _, ending := range []string{"pem", "json", "html"} {
		b.WriteString(`<a href="` + address + "." + ending + `">` + strings.ToUpper(ending) + "</a> ")
	}
	return b.String() + "</p>\n"
}

func (p *publication) table() string {
	if p.Report == nil {
		return "<p>The certificate cannot be read now.</p>\n"
	}
	var b strings.Builder
	b.WriteString("<table>\n")
	for _, row := range p.Report.rows() {
		b.WriteString("<tr><th>" + html.EscapeString(row[0]) + "</th><td>" + html.EscapeString(row[1]) + "</td></tr>\n")
	}
	return b.String() + "</table>\n<pre>" + html.EscapeString(p.Report.PEM) + "</pre>\n"
}

func page(title, body string) []byte {
	title = html.EscapeString(title)
	return []byte("<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>" + title + "</title></head>\n<body>\n<h1>" +
		title + "</h1>\n" + body + "</body>\n</html>\n")
}

func publishJSON(w http.ResponseWriter, r *http.Request, v any) {
	document, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, "the certificate cannot be written", http.StatusInternalServerError)
		return
	}
	publish(w, r, "application/json", append(document, '\n'))
}

// publish answers with what changes only with the certificates, so that its
// hash can be its entity tag.
func publish(w http.ResponseWriter, r *http.Request, contentType string, body []byte) {
	sum := sha256.Sum256(body)
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:16])+`"`)
	h.Set("Cache-Control", publishedFor)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
