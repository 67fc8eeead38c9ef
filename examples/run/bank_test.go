package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/mtlstest"
)

const (
	p12Password = "correct horse"
	session     = "s3ss10n"
	cookieLine  = "session=" + session + "; Path=/; HttpOnly; Secure; SameSite=Lax"
)

// addresses are where the bank's two hosts are: one demands a client
// certificate, one does not.
type addresses struct{ Bank, Lobby string }

func (a addresses) expand(text string) string {
	return strings.NewReplacer("https://bank.test", a.Bank, "https://lobby.test", a.Lobby).Replace(text)
}

func (a addresses) collapse(text string) string {
	return strings.NewReplacer(a.Bank, "https://bank.test", a.Lobby, "https://lobby.test").Replace(text)
}

// serveBank writes the credentials of its clients into dir, says where it
// listens, and serves until stdin ends.
func serveBank(dir string, stdin io.Reader, stdout io.Writer) error {
	ca, err := mtlstest.NewCA()
	if err != nil {
		return err
	}
	if err := issue(ca, dir); err != nil {
		return err
	}
	lobby, err := start(ca, tls.NoClientCert, lobbyPages())
	if err != nil {
		return err
	}
	defer lobby.Close()
	bank, err := start(ca, tls.RequireAndVerifyClientCert, bankPages(lobby.URL))
	if err != nil {
		return err
	}
	defer bank.Close()
	if err := json.NewEncoder(stdout).Encode(addresses{bank.URL, lobby.URL}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, stdin)
	return err
}

func start(ca *mtlstest.CA, auth tls.ClientAuthType, handler http.Handler) (*httptest.Server, error) {
	config, err := ca.ServerConfig()
	if err != nil {
		return nil, err
	}
	config.ClientAuth = auth
	srv := httptest.NewUnstartedServer(handler)
	srv.TLS, srv.EnableHTTP2 = config, true
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	return srv, nil
}

// issue writes alice.p12, robot.pem with robot.key, platform.p12 and roots.pem.
func issue(ca *mtlstest.CA, dir string) error {
	files := map[string][]byte{"roots.pem": ca.PEM()}
	for _, name := range []string{"alice", "platform"} {
		id, err := ca.Issue(mtlstest.Client{Name: name})
		if err != nil {
			return err
		}
		if files[name+".p12"], err = id.PKCS12(p12Password); err != nil {
			return err
		}
	}
	robot, err := ca.Issue(mtlstest.Client{Name: "robot", Intermediate: true})
	if err != nil {
		return err
	}
	if files["robot.pem"], files["robot.key"], err = robot.PEM(); err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func lobbyPages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hours", func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		reply(w, 200, map[string]any{"open": user == "visitor" && password == "hunter2", "client": client(r)})
	})
	mux.HandleFunc("GET /leaflet", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=iso-8859-1")
		_, _ = w.Write([]byte("caf\xe9 " + r.Header.Get("Cookie") + r.Header.Get("X-Api-Key")))
	})
	return mux
}

func bankPages(lobby string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("user") != "alice" || r.PostFormValue("pin") != "hunter2" {
			reply(w, 403, map[string]any{"client": client(r)})
			return
		}
		w.Header().Set("Set-Cookie", cookieLine)
		http.Redirect(w, r, "/account", http.StatusSeeOther)
	})
	mux.Handle("GET /old-account", http.RedirectHandler("/account", http.StatusMovedPermanently))
	mux.HandleFunc("GET /account", members(func(w http.ResponseWriter, r *http.Request) {
		reply(w, 200, map[string]any{"client": client(r), "balance": json.Number("9007199254740993.10")})
	}))
	mux.HandleFunc("POST /transfer", members(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		reply(w, 201, map[string]any{"client": client(r), "query": r.URL.RawQuery, "form": string(body), "type": r.Header.Get("Content-Type")})
	}))
	mux.HandleFunc("POST /upload", members(func(w http.ResponseWriter, r *http.Request) {
		form, err := r.MultipartReader()
		if err != nil {
			http.Error(w, "no form", http.StatusBadRequest)
			return
		}
		parts := []any{}
		for p, err := form.NextPart(); err == nil; p, err = form.NextPart() {
			content, _ := io.ReadAll(p)
			parts = append(parts, map[string]any{"name": p.FormName(), "fileName": p.FileName(), "type": p.Header.Get("Content-Type"),
				"size": len(content), "sum": fmt.Sprintf("%x", sha256.Sum256(content))[:16]})
		}
		reply(w, 200, map[string]any{"client": client(r), "lengthKnown": r.ContentLength > 0, "parts": parts})
	}))
	mux.HandleFunc("GET /statement", members(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/xml; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="../statement 7.xml"`)
		fmt.Fprint(w, `<?xml version="1.0"?><statement no="7"><entry currency="EUR">12.50</entry><entry>-3</entry><note>R&amp;D</note><empty/></statement>`)
	}))
	mux.HandleFunc("GET /whoami", func(w http.ResponseWriter, r *http.Request) { reply(w, 200, map[string]any{"client": client(r)}) })
	mux.Handle("GET /brochure", http.RedirectHandler(lobby+"/leaflet", http.StatusFound))
	mux.HandleFunc("GET /closed", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "120")
		reply(w, 503, map[string]any{"closed": true})
	})
	return mux
}

// members lets in who has logged in.
func members(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("session"); err != nil || c.Value != session {
			reply(w, 401, map[string]any{"client": client(r), "problem": "log in first"})
			return
		}
		next(w, r)
	}
}

func client(r *http.Request) string {
	if len(r.TLS.PeerCertificates) == 0 {
		return ""
	}
	return r.TLS.PeerCertificates[0].Subject.CommonName
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// steady puts into words what no two runs have in common: addresses, times,
// fingerprints, and the cipher suite, which follows from the processor.
func steady(t *testing.T, a addresses, output string) string {
	t.Helper()
	output = validity.ReplaceAllString(a.collapse(output), "valid (date) to (date)")
	decoder := json.NewDecoder(strings.NewReader(output))
	decoder.UseNumber()
	var v any
	require.NoError(t, decoder.Decode(&v))
	steadyValue(v)
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	require.NoError(t, encoder.Encode(v))
	return out.String()
}

var words = map[string]*regexp.Regexp{
	"sha256":      regexp.MustCompile(`^[0-9a-f]{64}$`),
	"notAfter":    regexp.MustCompile(`^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$`),
	"start":       regexp.MustCompile(`^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`),
	"cipherSuite": regexp.MustCompile(`^TLS_[A-Z0-9_]+$`),
}

var validity = regexp.MustCompile(`valid \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d`)

var httpDate = regexp.MustCompile(`^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$`)

func steadyValue(v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			steadyValue(item)
		}
	case map[string]any:
		if v["name"] == "date" && httpDate.MatchString(fmt.Sprint(v["value"])) {
			v["value"] = "(date)"
		}
		for key, item := range v {
			if form := words[key]; form != nil && form.MatchString(fmt.Sprint(item)) {
				v[key] = "(" + key + ")"
			} else if timings, ok := item.(map[string]any); ok && key == "timings" {
				v[key] = steadyTimings(timings)
			} else {
				steadyValue(item)
			}
		}
	}
}

// steadyTimings keeps the names, and that they are numbers.
func steadyTimings(timings map[string]any) map[string]any {
	for name, value := range timings {
		if _, is := value.(json.Number); is {
			timings[name] = "(ms)"
		}
	}
	return timings
}
