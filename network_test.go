package mtlshttp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// network has a server on loopback for each of its origins, under names that
// only its executor knows. The https ones ask for a client certificate and take
// none.
type network struct {
	t       testing.TB
	ca      *mtlstest.CA
	servers map[string]*httptest.Server // by host:port
	clients map[string]*mtlshttp.Credential

	mu       sync.Mutex
	answer   func(w http.ResponseWriter, r *arrival)
	arrivals []*arrival
}

// arrival is a request as a server got it.
type arrival struct {
	*http.Request
	Origin string
	Sent   string // the body
	Client string // the common name of its certificate
}

// URL is origin and request target, as they were asked for.
func (a *arrival) String() string { return a.Method + " " + a.Origin + a.RequestURI }

func newNetwork(t testing.TB, origins ...string) *network {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	n := &network{t: t, ca: ca, servers: map[string]*httptest.Server{}, clients: map[string]*mtlshttp.Credential{}}
	for _, origin := range origins {
		n.serve(origin, "")
	}
	n.redirect(0, nil)
	return n
}

// serve adds an origin. Its certificate is for its host, or for another name.
func (n *network) serve(origin, certified string) {
	u, err := url.Parse(origin)
	require.NoError(n.t, err)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { n.handle(origin, w, r) }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	port := u.Port()
	if u.Scheme == "https" {
		if certified == "" {
			certified = u.Hostname()
		}
		config, err := n.ca.ServerConfig(certified)
		require.NoError(n.t, err)
		config.ClientAuth = tls.VerifyClientCertIfGiven
		srv.TLS, srv.EnableHTTP2 = config, true
		srv.StartTLS()
	} else {
		srv.Start()
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	n.t.Cleanup(srv.Close)
	n.servers[net.JoinHostPort(u.Hostname(), port)] = srv
}

func (n *network) handle(origin string, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	a := &arrival{Request: r.Clone(r.Context()), Origin: origin, Sent: string(body)}
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		a.Client = r.TLS.PeerCertificates[0].Subject.CommonName
	}
	n.mu.Lock()
	n.arrivals = append(n.arrivals, a)
	answer := n.answer
	n.mu.Unlock()
	answer(w, a)
}

// dial leads names to their servers, and nothing anywhere else.
func (n *network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	srv := n.servers[address]
	if srv == nil {
		return nil, errors.New("nobody is at " + address)
	}
	return new(net.Dialer).DialContext(ctx, network, srv.Listener.Addr().String())
}

func (n *network) executor() *mtlshttp.Executor {
	e := newExecutor(n.t)
	e.Dial = n.dial
	return e
}

// request is a GET that trusts the network's authority.
func (n *network) request(url string) *mtlshttp.Request {
	return &mtlshttp.Request{URL: url, Roots: n.ca.Roots()}
}

// identity is the credential of a client, the same for a name.
func (n *network) identity(name string) *mtlshttp.Credential {
	if n.clients[name] == nil {
		id, err := n.ca.Issue(mtlstest.Client{Name: name})
		require.NoError(n.t, err)
		n.clients[name] = id.Credential
	}
	return n.clients[name]
}

// redirect sends from each URL to the Location beside it, and answers 200 to
// all others. It forgets what has arrived.
func (n *network) redirect(status int, way map[string]string) {
	n.behave(func(w http.ResponseWriter, a *arrival) {
		if location, ok := way[a.Origin+a.RequestURI]; ok {
			w.Header()["Location"] = []string{location}
			w.WriteHeader(status)
			return
		}
		_, _ = io.WriteString(w, "here")
	})
}

// behave sets what is answered, and forgets what has arrived.
func (n *network) behave(answer func(http.ResponseWriter, *arrival)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answer, n.arrivals = answer, nil
}

// seen returns what has arrived since the last behave.
func (n *network) seen() []*arrival {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.arrivals
}

// way renders what has arrived.
func (n *network) way() []string {
	var way []string
	for _, a := range n.seen() {
		way = append(way, a.String())
	}
	return way
}

// last is what arrived last.
func (n *network) last() *arrival {
	seen := n.seen()
	require.NotEmpty(n.t, seen)
	return seen[len(seen)-1]
}

// answered is what either way of sending gives: the bundle of Do, or what a
// client's caller makes of its response.
type answered struct {
	status int
	header http.Header
	err    error
}

// senders are the ways to send a request: Do, the client that Client hands out,
// and that client with the request's headers set by its caller.
var senders = map[string]func(context.Context, *mtlshttp.Session, *mtlshttp.Request) answered{
	"Do": func(ctx context.Context, s *mtlshttp.Session, r *mtlshttp.Request) answered {
		resp, err := s.Do(ctx, r)
		got := answered{header: http.Header{}, err: err}
		if resp != nil {
			got.status = resp.StatusCode
			for _, h := range resp.Headers {
				got.header.Add(h.Name, h.Value)
			}
		}
		return got
	},
	"Client": func(ctx context.Context, s *mtlshttp.Session, r *mtlshttp.Request) answered {
		return sendByClient(ctx, s, r, nil)
	},
	"Client, its caller's headers": func(ctx context.Context, s *mtlshttp.Session, r *mtlshttp.Request) answered {
		bare := *r
		bare.Headers = nil
		return sendByClient(ctx, s, &bare, r.Headers)
	},
}

func sendByClient(ctx context.Context, s *mtlshttp.Session, r *mtlshttp.Request, headers []mtlshttp.Header) answered {
	client, err := s.Client(ctx, r)
	if err != nil {
		return answered{err: err}
	}
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, r.URL, nil)
	if err != nil {
		return answered{err: err}
	}
	for _, h := range headers {
		if req.Header.Add(h.Name, h.Value); http.CanonicalHeaderKey(h.Name) == "Host" {
			req.Host = h.Value
			req.Header.Del("Host")
		}
	}
	resp, err := client.Do(req)
	if err != nil {
		return answered{err: err}
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return answered{resp.StatusCode, resp.Header, errors.Join(err, resp.Body.Close())}
}

// eachSender runs a test by every way of sending.
func (n *network) eachSender(t *testing.T, run func(t *testing.T, send func(*mtlshttp.Request) answered)) {
	for name, send := range senders {
		t.Run(name, func(t *testing.T) {
			session := &mtlshttp.Session{Executor: n.executor()}
			run(t, func(r *mtlshttp.Request) answered { return send(t.Context(), session, r) })
		})
	}
}
