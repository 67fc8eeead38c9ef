package main

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/mtlshttp/mtlshttp"
)

//go:embed page
var pageFiles embed.FS

// maxDocument bounds what the page sends: a document, an export, a file.
const maxDocument = 16 << 20

// server is the page with what it calls.
type server struct {
	listener net.Listener
	token    string
	world    *world
	store    *store
	runs     *runs
	// open sends to everything that the egress policy lets through.
	open *mtlshttp.Session
}

func newServer(listener net.Listener, w *world, egress *mtlshttp.EgressPolicy) (*server, error) {
	s := &server{listener: listener, token: rand.Text(), world: w, store: newStore(), runs: new(runs)}
	if err := w.furnish(s.store); err != nil {
		return nil, err
	}
	s.open = &mtlshttp.Session{Executor: &mtlshttp.Executor{Credentials: s.store, Egress: egress}, Platform: platformName, Jar: new(mtlshttp.Jar), Jars: new(jars)}
	return s, nil
}

// Address is the page's, with its token.
func (s *server) Address() string {
	return "http://" + s.listener.Addr().String() + "/" + s.token + "/"
}

// Serve serves until the context ends.
func (s *server) Serve(ctx context.Context) error {
	srv := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // a browser's broken connections
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	defer s.open.Executor.Close()
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// handler has the page and its calls, all below the token.
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", servePage)
	mux.HandleFunc("GET /api/schema", s.schema)
	mux.HandleFunc("GET /api/cases", s.cases)
	mux.HandleFunc("GET /api/credentials", s.listCredentials)
	mux.HandleFunc("POST /api/credentials/extract", s.extract)
	mux.HandleFunc("POST /api/credentials/save", s.saveCredential)
	mux.HandleFunc("POST /api/credentials/rename", s.renameCredential)
	mux.HandleFunc("POST /api/credentials/delete", s.deleteCredential)
	mux.HandleFunc("POST /api/check", s.check)
	mux.HandleFunc("POST /api/run", s.run)
	mux.HandleFunc("POST /api/stop", s.stop)
	mux.HandleFunc("GET /api/runs/{id}/body", s.body)
	mux.HandleFunc("POST /api/import", s.importText)
	mux.HandleFunc("POST /api/export", s.export)
	return s.guard(http.StripPrefix("/"+s.token, mux))
}

var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

func servePage(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if name == "" {
		name = "index.html"
	}
	data, err := fs.ReadFile(pageFiles, "page/"+name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", contentTypes[path.Ext(name)])
	_, _ = w.Write(data)
}

func (s *server) schema(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/schema+json")
	_, _ = w.Write(mtlshttp.RequestSchema())
}

// read decodes the body of a call, or answers that it cannot.
func read(w http.ResponseWriter, r *http.Request, v any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxDocument))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		refuse(w, err)
		return false
	}
	return true
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v)
}

// refuse answers with an error in the library's form, which holds no secret.
func refuse(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": errorOf(err)})
}

func errorOf(err error) *mtlshttp.Error {
	var e *mtlshttp.Error
	if errors.As(err, &e) {
		return e
	}
	return &mtlshttp.Error{Kind: mtlshttp.KindConfig, Err: err}
}
