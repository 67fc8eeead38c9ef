package mtlshttp_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// benchServerEnv makes the test binary the server that benchmarks and budgets
// measure against: in a process of its own, so that what is counted is the
// client's alone.
const benchServerEnv = "MTLSHTTP_BENCH_SERVER"

// benchPlace is what the server's process says of itself on its output.
type benchPlace struct {
	URL, Roots string
	AnyURL     string // of a server that takes every client's certificate
	Clients    []benchClient
}

type benchClient struct{ Certificate, Key string }

// benchServer is that process, seen from the client's.
type benchServer struct {
	benchPlace
	credentials []*mtlshttp.Credential
	in          io.Closer // whose end, with our process, is the server's
}

var benchProcess struct {
	sync.Mutex
	running *benchServer
}

// startBenchServer starts the server's process, or finds the one that runs.
func startBenchServer(t testing.TB) *benchServer {
	t.Helper()
	p := &benchProcess
	p.Lock()
	defer p.Unlock()
	if p.running != nil {
		return p.running
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), benchServerEnv+"=1")
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	require.NoError(t, err)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	s := &benchServer{in: in}
	require.NoError(t, json.NewDecoder(out).Decode(&s.benchPlace))
	for _, c := range s.Clients {
		inv, err := mtlshttp.Extract(t.Context(), []byte(c.Certificate+c.Key), nil)
		require.NoError(t, err)
		credential, err := inv.Credential()
		require.NoError(t, err)
		s.credentials = append(s.credentials, credential)
	}
	p.running = s
	return s
}

// roots are the server's authority, and nothing else.
func (s *benchServer) roots() mtlshttp.Roots {
	block, _ := pem.Decode([]byte(s.Roots))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		panic(err)
	}
	return mtlshttp.Roots{Certificates: []*x509.Certificate{cert}, Only: true}
}

// request is a GET of a path by the first client.
func (s *benchServer) request(path string) *mtlshttp.Request {
	return &mtlshttp.Request{URL: s.URL + path, Identity: s.credentials[0], Roots: s.roots(), Parse: true,
		Protocol: mtlshttp.Protocol{HTTP: 1, MinTLS: tls.VersionTLS13}}
}

// tuned is the peer: net/http as a careful engineer sets it up, with one
// transport for all requests.
func (s *benchServer) tuned(t testing.TB, change func(*http.Transport)) *http.Client {
	t.Helper()
	config, err := new(mtlshttp.Executor).TLSConfig(t.Context(), s.request("/"))
	require.NoError(t, err)
	transport := &http.Transport{TLSClientConfig: config, MaxIdleConnsPerHost: 64}
	if change != nil {
		change(transport)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// smallJSON answers as a REST service does.
var smallJSON = []byte(`{"id":9007199254740993,"name":"alice","email":"alice@example.com","active":true,"score":12.5,` +
	`"roles":["admin","user"],"created":"2024-05-01T12:00:00Z","address":{"city":"Berlin","zip":"10115","country":"DE"},` +
	`"tags":["one","two","three"],"manager":null}`)

// serveBench is the server's process. It ends when its input does.
func serveBench() {
	if err := listenBench(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func listenBench() error {
	ca, err := mtlstest.NewCA()
	if err != nil {
		return err
	}
	config, err := ca.ServerConfig("localhost", "127.0.0.1")
	if err != nil {
		return err
	}
	config.MinVersion = tls.VersionTLS13
	place := benchPlace{Roots: string(ca.PEM())}
	for i := range 64 {
		id, err := ca.Issue(mtlstest.Client{Name: fmt.Sprint("client ", i)})
		if err != nil {
			return err
		}
		certificate, key, err := id.PEM()
		if err != nil {
			return err
		}
		place.Clients = append(place.Clients, benchClient{string(certificate), string(key)})
	}
	srv := httptest.NewUnstartedServer(benchHandler())
	srv.TLS, srv.EnableHTTP2 = config, true
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	stranger := httptest.NewUnstartedServer(benchHandler())
	stranger.TLS, stranger.EnableHTTP2 = config.Clone(), true
	stranger.TLS.ClientAuth, stranger.TLS.ClientCAs = tls.RequireAnyClientCert, nil
	stranger.Config.ErrorLog = srv.Config.ErrorLog
	stranger.StartTLS()
	defer stranger.Close()
	place.URL, place.AnyURL = srv.URL, stranger.URL
	if err := json.NewEncoder(os.Stdout).Encode(place); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	srv.CloseClientConnections()
	stranger.CloseClientConnections()
	return err
}

func benchHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/small", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(smallJSON)
	})
	mux.HandleFunc("/json", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		body := jsonOf(n)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
	})
	mux.HandleFunc("/bytes", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.ParseInt(r.URL.Query().Get("n"), 10, 64)
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
		_, _ = io.CopyN(w, nothing{}, n)
	})
	mux.HandleFunc("/handshakes", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		_, _ = w.Write([]byte("resumed " + strconv.FormatBool(r.TLS.DidResume)))
	})
	return mux
}

// jsonOf is JSON of about n bytes: the small answer, many times.
func jsonOf(n int) []byte {
	var b bytes.Buffer
	b.WriteByte('[')
	b.Write(smallJSON)
	for b.Len() < n {
		b.WriteByte(',')
		b.Write(smallJSON)
	}
	b.WriteByte(']')
	return b.Bytes()
}
