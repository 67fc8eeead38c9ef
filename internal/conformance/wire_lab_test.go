package conformance_test

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// maxWireRequest bounds what the lab reads of one request.
const maxWireRequest = 64 << 20

// wireOrigin is an origin of the corpus, as its origin table has it.
type wireOrigin struct {
	Scheme, Listen, Host, Cert, ClientCert, MaxTLS string
	DNS, Dead, Unix                                bool

	port string
}

// wireLab is a server on loopback for each origin. It records what is sent to
// them, byte by byte, and answers by the script of the case that has its turn.
type wireLab struct {
	origins map[string]wireOrigin
	expand  *strings.Replacer // {{origin.host}} and the like
	clients *x509.CertPool    // who may be a client

	mu   sync.Mutex
	turn *wireTurn
	open sync.WaitGroup // connections
}

// wireTurn is one case's use of the lab.
type wireTurn struct {
	ctx  context.Context // ends with the case
	mu   sync.Mutex
	left []*wireRule
	hops []wireHop
}

func newWireLab(t *testing.T, folder string, origins map[string]wireOrigin) *wireLab {
	fixtures := filepath.Join(folder, "fixtures")
	lab := &wireLab{origins: map[string]wireOrigin{}, clients: x509.NewCertPool()}
	authority, err := os.ReadFile(filepath.Join(fixtures, "ca.pem"))
	require.NoError(t, err)
	require.True(t, lab.clients.AppendCertsFromPEM(authority))
	socket := filepath.Join(t.TempDir(), "lab.sock")
	var words []string
	for name, o := range origins {
		network, address := "tcp", net.JoinHostPort(o.Listen, "0")
		if o.Unix {
			network, address = "unix", socket
		}
		listener, err := net.Listen(network, address)
		require.NoError(t, err, name)
		hostPort := "unix:" + socket
		if !o.Unix {
			_, o.port, _ = net.SplitHostPort(listener.Addr().String())
			hostPort = o.Host + ":" + o.port
		}
		lab.origins[name] = o
		words = append(words, "{{"+name+"}}", o.Scheme+"://"+hostPort, "{{"+name+".host}}", hostPort,
			"{{"+name+".hostname}}", o.Host, "{{"+name+".port}}", o.port, "{{"+name+".path}}", socket)
		t.Cleanup(func() { _ = listener.Close() })
		if o.Dead {
			require.NoError(t, listener.Close())
			continue
		}
		var config *tls.Config
		if o.Scheme == "https" {
			config = lab.tlsConfig(t, o, fixtures)
		}
		go lab.accept(listener, name, config)
	}
	lab.expand = strings.NewReplacer(words...)
	return lab
}

func (lab *wireLab) tlsConfig(t *testing.T, o wireOrigin, fixtures string) *tls.Config {
	certificate, err := tls.LoadX509KeyPair(filepath.Join(fixtures, o.Cert+".pem"), filepath.Join(fixtures, o.Cert+".key"))
	require.NoError(t, err)
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}}
	switch o.ClientCert {
	case "require":
		config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, lab.clients
	case "request":
		config.ClientAuth, config.ClientCAs = tls.RequestClientCert, lab.clients
	}
	if o.MaxTLS == "1.2" {
		config.MaxVersion = tls.VersionTLS12
	}
	return config
}

// begin gives a case its turn, which end ends.
func (lab *wireLab) begin(ctx context.Context, script []*wireRule) (turn *wireTurn, end func()) {
	ctx, cancel := context.WithCancel(ctx)
	turn = &wireTurn{ctx: ctx, left: script}
	set := func(t *wireTurn) {
		lab.mu.Lock()
		defer lab.mu.Unlock()
		lab.turn = t
	}
	set(turn)
	return turn, func() {
		set(nil)
		cancel()
		lab.open.Wait()
	}
}

// take hands over the hops since it was called last.
func (t *wireTurn) take() []wireHop {
	t.mu.Lock()
	defer t.mu.Unlock()
	hops := t.hops
	t.hops = nil
	return hops
}

func (lab *wireLab) accept(listener net.Listener, origin string, config *tls.Config) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		lab.mu.Lock()
		turn := lab.turn
		if turn != nil {
			lab.open.Add(1)
		}
		lab.mu.Unlock()
		if turn == nil {
			_ = conn.Close()
			continue
		}
		go func() {
			defer lab.open.Done()
			stop := context.AfterFunc(turn.ctx, func() { _ = conn.Close() })
			defer stop()
			lab.serve(turn, conn, origin, config)
			_ = conn.Close()
		}()
	}
}

// serve reads one request, records it and answers it.
func (lab *wireLab) serve(turn *wireTurn, conn net.Conn, origin string, config *tls.Config) {
	hop := wireHop{Origin: origin}
	if config != nil {
		server := tls.Server(conn, config)
		if server.HandshakeContext(turn.ctx) != nil {
			return
		}
		hop.clientCN, hop.clientVerified = lab.client(server.ConnectionState().PeerCertificates)
		conn = server
	}
	if hop.read(bufio.NewReader(io.LimitReader(conn, maxWireRequest))) != nil {
		return
	}
	lab.answer(turn, conn, hop.Method, turn.record(hop))
	if server, ok := conn.(*tls.Conn); ok {
		_ = server.CloseWrite()
	}
}

func (lab *wireLab) client(chain []*x509.Certificate) (name *string, verified bool) {
	if len(chain) == 0 {
		return nil, false
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: lab.clients, Intermediates: between,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return &chain[0].Subject.CommonName, err == nil
}

// record keeps a hop and finds its response; nil: there is no rule for it.
func (t *wireTurn) record(h wireHop) *wireResponse {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hops = append(t.hops, h)
	path, _, _ := strings.Cut(h.Target, "?")
	find := func(path string) *wireResponse {
		i := slices.IndexFunc(t.left, func(r *wireRule) bool {
			return cmp.Or(r.Origin, "origin") == h.Origin && r.Path == path && (r.Method == "" || r.Method == h.Method)
		})
		if i < 0 {
			return nil
		}
		rule := t.left[i]
		response := rule.Responses[min(rule.hits, len(rule.Responses)-1)]
		rule.hits++
		return &response
	}
	if response := find(path); response != nil {
		return response
	}
	return find("*")
}

// answer writes a response as the script says.
func (lab *wireLab) answer(turn *wireTurn, w io.Writer, method string, r *wireResponse) {
	if r == nil {
		r = &wireResponse{Status: http.StatusNotFound}
	}
	turn.wait(r.DelayMs)
	if r.Abort == "before-response" {
		return
	}
	var body []byte
	if r.Body != nil {
		body = r.Body.bytes(lab.expand)
	}
	bodyless := r.Status == http.StatusNoContent || r.Status == http.StatusNotModified
	_, _ = io.WriteString(w, lab.head(r, len(body), bodyless))
	if method == http.MethodHead || bodyless {
		return
	}
	for _, piece := range r.pieces(body) {
		if r.BodyPieces != nil {
			turn.wait(r.BodyPieces.DelayMs)
		}
		if r.Framing == "chunked" {
			piece = fmt.Appendf(nil, "%x\r\n%s\r\n", len(piece), piece)
		}
		_, _ = w.Write(piece)
	}
	if r.Framing == "chunked" && r.Abort == "" {
		_, _ = io.WriteString(w, "0\r\n\r\n")
	}
}

// head is the response's header section.
func (lab *wireLab) head(r *wireResponse, length int, bodyless bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", r.Status, cmp.Or(r.Reason, http.StatusText(r.Status)))
	for _, h := range r.Headers {
		value := lab.expand.Replace(h[1])
		if r.HeaderEncoding == "latin1" {
			value = fromLatin1(value)
		}
		b.WriteString(h[0] + ": " + value + "\r\n")
	}
	switch {
	case r.Framing == "chunked":
		b.WriteString("Transfer-Encoding: chunked\r\n")
	case r.Framing != "close" && !bodyless:
		fmt.Fprintf(&b, "Content-Length: %d\r\n", length)
	}
	b.WriteString("Connection: close\r\n\r\n")
	return b.String()
}

func (r *wireResponse) pieces(body []byte) [][]byte {
	switch {
	case len(body) == 0:
		return nil
	case r.Abort == "mid-body":
		return [][]byte{body[:len(body)/2]}
	case r.BodyPieces != nil && r.BodyPieces.Count > 0:
		return slices.Collect(slices.Chunk(body, (len(body)+r.BodyPieces.Count-1)/r.BodyPieces.Count))
	}
	return [][]byte{body}
}

// wait sleeps, but not beyond the case's end.
func (t *wireTurn) wait(milliseconds int) {
	select {
	case <-time.After(time.Duration(milliseconds) * time.Millisecond):
	case <-t.ctx.Done():
	}
}

// errDialDenied is what a case's dial guard answers.
var errDialDenied = errors.New("the case denies this origin")

// dialer knows the lab's names, never leaves the machine, and refuses the
// origins that are denied.
func (lab *wireLab) dialer(denied []string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		name := strings.ToLower(strings.TrimSuffix(host, "."))
		for _, o := range lab.origins {
			if o.DNS && o.Host == name || name == "localhost" && o.Listen == "127.0.0.1" {
				host = o.Listen
			}
		}
		ip, err := netip.ParseAddr(host)
		if err != nil || !ip.Unmap().IsLoopback() {
			return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
		}
		for _, d := range denied {
			if o := lab.origins[d]; o.port == port && o.Listen == ip.Unmap().String() {
				return nil, errDialDenied
			}
		}
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(ip.Unmap().String(), port))
	}
}
