package mtlstest

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/replica"
)

// Server is a started test server that demands client certificates. Its Client,
// httptest's, presents the valid one, for code that knows net/http alone.
type Server struct {
	*httptest.Server
	CA *CA
	// Credential is a valid client's.
	Credential *mtlshttp.Credential

	replica *replica.Replica
	network *Network
	allowed *allowlist

	once     sync.Once
	executor *mtlshttp.Executor
}

// NewServer starts a server that demands a client certificate, and closes it
// when the test ends. A handler that is nil answers with the client's common
// name. It fails the test where the server cannot be started.
func NewServer(t testing.TB, handler http.Handler, options ...Option) *Server {
	t.Helper()
	return started(t, nil, handler, options)
}

// Demand makes a server of yours demand client certificates and starts it, with
// its Config as you set it, and closes it when the test ends. srv is one of
// httptest.NewUnstartedServer; one that is started already goes on as it is, and
// another is started beside it with the same handler. It fails the test where
// the server cannot be started.
func Demand(t testing.TB, srv *httptest.Server, options ...Option) *Server {
	t.Helper()
	if srv.URL != "" {
		return started(t, nil, srv.Config.Handler, options)
	}
	return started(t, srv, srv.Config.Handler, options)
}

func started(t testing.TB, srv *httptest.Server, handler http.Handler, list []Option) *Server {
	t.Helper()
	o := newOptions(list)
	if o.ca == nil {
		ca, err := NewCA()
		if err != nil {
			t.Fatal("mtlstest: ", err)
		}
		o.ca = ca
	}
	s, err := o.serve(srv, handler)
	if err != nil {
		t.Fatal("mtlstest: ", err)
	}
	t.Cleanup(s.Close)
	return s
}

// Serve starts a server as NewServer does, outside of a test. The caller closes
// it.
func (ca *CA) Serve(handler http.Handler, options ...Option) (*Server, error) {
	o := newOptions(options)
	o.ca = ca
	return o.serve(nil, handler)
}

// serve starts srv, or a new one, with a handler.
func (o *options) serve(srv *httptest.Server, handler http.Handler) (*Server, error) {
	if handler == nil {
		handler = http.HandlerFunc(whoami)
	}
	r, err := o.build()
	if err != nil {
		return nil, err
	}
	id, err := o.ca.Issue(Client{})
	if err != nil {
		return nil, err
	}
	if srv == nil {
		srv = &httptest.Server{Config: new(http.Server)}
	}
	if err := o.listen(srv); err != nil {
		return nil, err
	}
	srv.Listener = r.Listener(srv.Listener)
	srv.TLS, srv.EnableHTTP2 = r.TLS(), r.HTTP2()
	srv.Config.Handler, srv.Config.TLSNextProto = r.Handler(handler), r.TLSNextProto()
	srv.Config.ConnContext = chained(srv.Config.ConnContext, r.ConnContext)
	if srv.Config.ErrorLog == nil {
		srv.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are what it is for
	}
	srv.StartTLS()
	if t, ok := srv.Client().Transport.(*http.Transport); ok {
		t.TLSClientConfig.Certificates = []tls.Certificate{id.pair.TLS()}
		if o.network != nil {
			t.DialContext = o.network.Dial
		}
	}
	return &Server{Server: srv, CA: o.ca, Credential: id.Credential, replica: r, network: o.network, allowed: o.allowed}, nil
}

// listen gives the server a listener, unless it has one that will do.
func (o *options) listen(srv *httptest.Server) error {
	if o.network == nil && srv.Listener != nil {
		return nil
	}
	var l net.Listener
	var err error
	if o.network != nil {
		l, err = o.network.inner.Listen(o.address)
	} else {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return err
	}
	if srv.Listener != nil {
		_ = srv.Listener.Close() // it was never used
	}
	srv.Listener = l
	return nil
}

type connContext = func(context.Context, net.Conn) context.Context

func chained(first, second connContext) connContext {
	if first == nil {
		return second
	}
	return func(ctx context.Context, c net.Conn) context.Context { return second(first(ctx, c), c) }
}

func whoami(w http.ResponseWriter, r *http.Request) {
	name := "nobody"
	if len(r.TLS.PeerCertificates) > 0 {
		name = r.TLS.PeerCertificates[0].Subject.CommonName
	}
	_, _ = fmt.Fprint(w, name)
}

// RedirectTo answers every request with status 307 and the same path on another
// server, such as another Server's URL.
func RedirectTo(url string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.TrimSuffix(url, "/")+r.URL.RequestURI(), http.StatusTemporaryRedirect)
	})
}

// Request is a GET of a path on the server, with the valid credential and the
// server's authority.
func (s *Server) Request(path string) *mtlshttp.Request {
	return &mtlshttp.Request{URL: s.URL + "/" + strings.TrimPrefix(path, "/"), Identity: s.Credential, Roots: s.CA.Roots()}
}

// Issue makes another client's credential.
func (s *Server) Issue(t testing.TB, c Client) *mtlshttp.Credential {
	t.Helper()
	id, err := s.CA.Issue(c)
	if err != nil {
		t.Fatal("mtlstest: ", err)
	}
	return id.Credential
}

// Allow adds certificates to the list of a server that was started with the
// option Allow, and does nothing to any other.
func (s *Server) Allow(credentials ...*mtlshttp.Credential) {
	if s.allowed != nil {
		s.allowed.add(credentials)
	}
}

// Executor is one that reaches the server, also on its Network. It is always the
// same, and is closed with the server.
func (s *Server) Executor() *mtlshttp.Executor {
	s.once.Do(func() {
		s.executor = new(mtlshttp.Executor)
		if s.network != nil {
			s.executor.Dial = s.network.Dial
		}
	})
	return s.executor
}

// Close closes the server with its executor, also where it stalls. It may be
// called more than once.
func (s *Server) Close() {
	_ = s.Executor().Close()
	s.replica.Close()
	s.Server.Close()
}
