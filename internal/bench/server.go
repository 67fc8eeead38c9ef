package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// serverEnv makes the program the server's process.
const serverEnv = "MTLSHTTP_BENCH_SERVER"

// orders are what the server's process reads from its input, which it outlives
// by nothing.
type orders struct{ Certificate, Key, Authority []byte }

// place is what it answers.
type place struct {
	URL     string // resumes sessions
	FullURL string // handshakes in full each time
}

func serve(in io.Reader, out io.Writer) error {
	var o orders
	decoder := json.NewDecoder(in)
	if err := decoder.Decode(&o); err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(o.Certificate, o.Key)
	if err != nil {
		return err
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(o.Authority) {
		return errors.New("no authority")
	}
	s := &site{bodies: map[string][]byte{}}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: authorities, ClientAuth: tls.RequireAndVerifyClientCert,
		MinVersion: tls.VersionTLS13, NextProtos: []string{"h2", "http/1.1"},
		VerifyConnection: func(state tls.ConnectionState) error {
			if !state.DidResume {
				s.handshakes.Add(1)
			}
			return nil
		}}
	full := config.Clone()
	full.SessionTicketsDisabled = true
	var p place
	var servers []*http.Server
	for url, config := range map[*string]*tls.Config{&p.URL: config, &p.FullURL: full} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		*url = "https://" + listener.Addr().String()
		srv := &http.Server{Handler: s.handler(), TLSConfig: config, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute}
		servers = append(servers, srv)
		go func() { _ = srv.ServeTLS(listener, "", "") }()
	}
	if err := json.NewEncoder(out).Encode(p); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, io.MultiReader(decoder.Buffered(), in))
	for _, srv := range servers {
		_ = srv.Close()
	}
	return err
}

// site is what the server serves.
type site struct {
	handshakes atomic.Int64 // in full
	mu         sync.Mutex
	bodies     map[string][]byte
}

func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /json/{size}", func(w http.ResponseWriter, r *http.Request) {
		size, err := strconv.Atoi(r.PathValue("size"))
		if err != nil || size > 1<<26 {
			http.NotFound(w, r)
			return
		}
		coding := r.URL.Query().Get("coding")
		body, err := s.body("json", size, coding)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if coding != "" {
			w.Header().Set("Content-Encoding", coding)
		}
		write(w, "application/json", body)
	})
	mux.HandleFunc("GET /xml/{size}", func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.Atoi(r.PathValue("size"))
		body, err := s.body("xml", min(size, 1<<24), "")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		write(w, "application/xml", body)
	})
	mux.HandleFunc("GET /bytes/{size}", func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.ParseInt(r.PathValue("size"), 10, 64)
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
		_, _ = io.CopyN(w, zeros{}, size)
	})
	mux.HandleFunc("POST /take", func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		write(w, "application/json", small)
	})
	mux.HandleFunc("GET /cookies/{count}", func(w http.ResponseWriter, r *http.Request) {
		count, _ := strconv.Atoi(r.PathValue("count"))
		for i := range min(count, 100) {
			http.SetCookie(w, &http.Cookie{Name: fmt.Sprintf("cookie%02d", i), Value: fmt.Sprintf("value-%032d", i), Path: "/"})
		}
		write(w, "application/json", small)
	})
	mux.HandleFunc("GET /close", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		write(w, "application/json", small)
	})
	mux.HandleFunc("GET /handshakes", func(w http.ResponseWriter, _ *http.Request) {
		write(w, "application/json", fmt.Appendf(nil, "%d", s.handshakes.Load()))
	})
	return mux
}

func write(w http.ResponseWriter, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// small is what a REST service answers.
var small = []byte(`{"id":9007199254740993,"name":"alice","email":"alice@example.com","active":true,"score":12.5,` +
	`"roles":["admin","user"],"created":"2024-05-01T12:00:00Z","address":{"city":"Berlin","zip":"10115","country":"DE"},` +
	`"tags":["one","two","three"],"manager":null}`)

// body is a document of about a size, made once for each coding.
func (s *site) body(kind string, size int, coding string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := fmt.Sprint(kind, size, coding)
	if body, ok := s.bodies[key]; ok {
		return body, nil
	}
	body := document(kind, size)
	var packed bytes.Buffer
	var packer io.WriteCloser
	switch coding {
	case "":
		s.bodies[key] = body
		return body, nil
	case "gzip":
		packer = gzip.NewWriter(&packed)
	case "br":
		packer = brotli.NewWriter(&packed)
	case "zstd":
		var err error
		if packer, err = zstd.NewWriter(&packed); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("unknown coding %q", coding)
	}
	_, err := packer.Write(body)
	if err := errors.Join(err, packer.Close()); err != nil {
		return nil, err
	}
	s.bodies[key] = packed.Bytes()
	return packed.Bytes(), nil
}

// document has records of what records have: names, numbers, texts, lists.
func document(kind string, size int) []byte {
	if kind == "json" && size <= len(small) {
		return small
	}
	var b strings.Builder
	record := `{"id":%d,"name":"customer %d","balance":%d.25,"active":%t,"tags":["red","green","blue"],"note":"a text with \"quotes\" and \u00e9","address":{"city":"Berlin","zip":"10115"}}`
	first, between, last := "[", ",", "]"
	if kind == "xml" {
		record = `<customer id="%d"><name>customer %d</name><balance currency="EUR">%d.25</balance><active>%t</active><tag>red</tag><tag>green</tag><note>a text &amp; more</note></customer>`
		first, between, last = "<customers>", "\n", "</customers>"
	}
	b.WriteString(first)
	for i := 0; b.Len() < size; i++ {
		if i > 0 {
			b.WriteString(between)
		}
		fmt.Fprintf(&b, record, 9007199254740993+i, i, i*37, i%3 == 0)
	}
	b.WriteString(last)
	return []byte(b.String())
}

// zeros is a reader without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// handshakes asks the server how often it shook hands in full, over a
// connection of the asker's, which is one of them.
func handshakes(ctx context.Context, w *world) (int, error) {
	client, done := w.tuned(w.clients[0], exchange{})
	defer done()
	body, err := fetch(ctx, client, w.URL+"/handshakes")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(body))
}
