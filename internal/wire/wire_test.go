package wire

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/mtlshttp/mtlshttp/internal/testca"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a CA with a server certificate and an identity.
type world struct {
	ca     *testca.CA
	server *testca.Pair
}

func newWorld(t *testing.T) world {
	return newWorldNamed(t, "root")
}

func newWorldNamed(t *testing.T, name string) world {
	ca, err := testca.New(testca.Options{CommonName: name})
	require.NoError(t, err)
	server, err := ca.Issue(testca.Leaf{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, Usages: testca.ServerAuth})
	require.NoError(t, err)
	return world{ca, server}
}

func (w world) identity(t *testing.T, name string) *Identity {
	p, err := w.ca.Issue(testca.Leaf{CommonName: name, Usages: testca.ClientAuth})
	require.NoError(t, err)
	return &Identity{Certificate: p.TLS(), Fingerprint: sha256.Sum256(p.Certificate.Raw)}
}

func (w world) setting(ids ...*Identity) *Setting {
	h := sha256.New()
	for _, id := range ids {
		h.Write(id.Fingerprint[:])
	}
	return &Setting{Key: Key(h.Sum(nil)), Identities: ids,
		TLS: func() (*tls.Config, func(string, tls.ConnectionState) error, error) {
			return &tls.Config{RootCAs: w.ca.Pool(), MinVersion: tls.VersionTLS12}, nil, nil
		}}
}

func (w world) start(t *testing.T, change func(*tls.Config)) *httptest.Server {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) > 0 {
			_, _ = io.WriteString(rw, r.TLS.PeerCertificates[0].Subject.CommonName)
		}
	}))
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{w.server.TLS()}, ClientAuth: tls.RequestClientCert, ClientCAs: w.ca.Pool()}
	if change != nil {
		change(srv.TLS)
	}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv
}

func newPool(t *testing.T, d Dialer) *Pool {
	p := NewPool(d, nil)
	t.Cleanup(p.Close)
	return p
}

// get sends a GET and returns the body and how far it came.
func get(t *testing.T, p *Pool, s *Setting, url string) (string, Progress, error) {
	transport, err := p.Transport(s)
	require.NoError(t, err)
	ctx, x := NewExchange(t.Context(), transport)
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	require.NoError(t, err)
	resp, err := Dispatch.RoundTrip(req)
	if err != nil {
		return "", x.Progress(), err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), x.Progress(), err
}

func TestRecordOfAHandshake(t *testing.T) {
	w := newWorld(t)
	srv := w.start(t, nil)
	p := newPool(t, Dialer{})
	alice := w.identity(t, "alice")
	body, progress, err := get(t, p, w.setting(alice), srv.URL)
	require.NoError(t, err)
	assert.Equal(t, "alice", body)
	f := progress.Record.Facts()
	assert.Equal(t, StageReady, f.Stage)
	assert.True(t, f.Requested)
	assert.Same(t, alice, f.Presented)
	assert.Len(t, f.AcceptableCAs, 1)
	assert.Equal(t, "127.0.0.1", f.Host)
	assert.Empty(t, f.ServerName)
	assert.Positive(t, f.BytesIn)
	assert.Equal(t, byte(22), f.First[0])
	assert.Equal(t, 1, p.Connections())
}

func TestPoolClosesWhatItDials(t *testing.T) {
	w := newWorld(t)
	srv := w.start(t, nil)
	p := NewPool(Dialer{}, nil)
	_, _, err := get(t, p, w.setting(), srv.URL)
	require.NoError(t, err)
	p.Close()
	assert.Zero(t, p.Connections())
	_, err = p.Transport(w.setting())
	assert.ErrorIs(t, err, ErrClosed)
	p.Close()
}

func TestCloseEndsADialThatHangs(t *testing.T) {
	w := newWorld(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close() // it never accepts: the handshake waits
	p := NewPool(Dialer{}, nil)
	errs := make(chan error, 1)
	go func() { _, _, err := get(t, p, w.setting(), "https://"+l.Addr().String()); errs <- err }()
	time.Sleep(50 * time.Millisecond)
	p.Close()
	select {
	case err := <-errs:
		assert.Error(t, err)
	case <-time.After(20 * time.Second):
		t.Fatal("the dial went on")
	}
}

func TestDialTimeoutBoundsTheHandshake(t *testing.T) {
	w := newWorld(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	p := newPool(t, Dialer{Timeout: time.Second})
	_, progress, err := get(t, p, w.setting(), "https://"+l.Addr().String())
	var stage *StageError
	require.ErrorAs(t, err, &stage)
	assert.Equal(t, StageHandshake, stage.Stage)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Equal(t, StageHandshake, progress.Record.Facts().Stage)
}

func TestChoosingAnIdentity(t *testing.T) {
	w := newWorld(t)
	elsewhere := newWorldNamed(t, "elsewhere")
	listed, stranger := w.identity(t, "listed"), elsewhere.identity(t, "stranger")
	optional := elsewhere.identity(t, "optional")
	optional.OnlyIfAcceptable = true
	anonymous := elsewhere.identity(t, "anonymous")
	anonymous.OnlyIfAcceptable, anonymous.AllowAnonymous = true, true
	info := &tls.CertificateRequestInfo{Version: tls.VersionTLS13, AcceptableCAs: [][]byte{w.ca.Certificate.RawSubject},
		SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}}
	rsaOnly := &tls.CertificateRequestInfo{Version: tls.VersionTLS13, SignatureSchemes: []tls.SignatureScheme{tls.PSSWithSHA256}}
	cases := []struct {
		name       string
		candidates []*Identity
		info       *tls.CertificateRequestInfo
		chosen     *Identity
		withheld   []WithheldReason
		fails      bool
	}{
		{"none", nil, info, nil, nil, false},
		{"one that is listed", []*Identity{listed}, info, listed, nil, false},
		{"the only one goes whatever is listed", []*Identity{stranger}, info, stranger, nil, false},
		{"the list chooses between two", []*Identity{stranger, listed}, info, listed, []WithheldReason{WithheldAuthority}, false},
		{"the first of two that fit", []*Identity{listed, w.identity(t, "second")}, info, listed, []WithheldReason{WithheldOther}, false},
		{"only if acceptable", []*Identity{optional}, info, nil, []WithheldReason{WithheldAuthority}, true},
		{"or else anonymous", []*Identity{anonymous}, info, nil, []WithheldReason{WithheldAuthority}, false},
		{"no signature fits", []*Identity{listed}, rsaOnly, nil, []WithheldReason{WithheldScheme}, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			chosen, withheld, err := choose(c.candidates, c.info)
			assert.Same(t, c.chosen, chosen)
			var reasons []WithheldReason
			for _, w := range withheld {
				reasons = append(reasons, w.Reason)
			}
			assert.Equal(t, c.withheld, reasons)
			var noMatch *NoMatchError
			assert.Equal(t, c.fails, errors.As(err, &noMatch))
		})
	}
}

func TestGuardSeesTheAddress(t *testing.T) {
	w := newWorld(t)
	srv := w.start(t, nil)
	refused := errors.New("refused")
	for name, dial := range map[string]func(context.Context, string, string) (net.Conn, error){
		"own dialer": nil, "hook": new(net.Dialer).DialContext,
	} {
		t.Run(name, func(t *testing.T) {
			p := newPool(t, Dialer{Dial: dial, Guard: guard(refused)})
			_, _, err := get(t, p, w.setting(), srv.URL)
			assert.ErrorIs(t, err, refused)
			assert.Zero(t, p.Connections())
		})
	}
}

func TestTracesOfTheCaller(t *testing.T) {
	w := newWorld(t)
	srv := w.start(t, nil)
	p := newPool(t, Dialer{})
	var starts, dones, got, connects atomic.Int32
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		TLSHandshakeStart: func() { starts.Add(1) },
		TLSHandshakeDone: func(s tls.ConnectionState, err error) {
			assert.True(t, s.HandshakeComplete)
			dones.Add(1)
		},
		GotConn:      func(httptrace.GotConnInfo) { got.Add(1) },
		ConnectStart: func(string, string) { connects.Add(1) },
	})
	transport, err := p.Transport(w.setting())
	require.NoError(t, err)
	ctx, x := NewExchange(ctx, transport)
	req, err := http.NewRequestWithContext(ctx, "GET", srv.URL, nil)
	require.NoError(t, err)
	resp, err := transport.RoundTrip(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.EqualValues(t, 1, starts.Load())
	assert.EqualValues(t, 1, dones.Load())
	assert.EqualValues(t, 1, got.Load())
	assert.EqualValues(t, 1, connects.Load())
	assert.Equal(t, StepHeaders, x.Progress().Step)
}

func TestAlertOf(t *testing.T) {
	w := newWorld(t)
	srv := w.start(t, func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert; c.MaxVersion = tls.VersionTLS12 })
	p := newPool(t, Dialer{})
	_, _, err := get(t, p, w.setting(), srv.URL)
	alert, remote, ok := AlertOf(err)
	assert.True(t, ok)
	assert.True(t, remote)
	assert.EqualValues(t, 40, alert)
	_, _, ok = AlertOf(io.EOF)
	assert.False(t, ok)
	_, _, ok = AlertOf(&net.OpError{Op: "remote error", Err: io.EOF})
	assert.False(t, ok)
}

// The last words of a TLS 1.3 server that refuses are there after the end,
// however the request failed.
func TestLastWords(t *testing.T) {
	w := newWorld(t)
	srv := w.start(t, func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert })
	p := newPool(t, Dialer{})
	for range 20 {
		_, progress, err := get(t, p, w.setting(), srv.URL)
		require.Error(t, err)
		require.True(t, progress.Record.Ended(10*time.Second))
		alert, remote, ok := AlertOf(progress.Record.LastWords())
		require.True(t, ok && remote)
		require.EqualValues(t, 116, alert)
	}
}

func TestSessionsAreBounded(t *testing.T) {
	s := newSessions(2)
	for _, origin := range []string{"a", "b", "c"} {
		(&originSessions{s, origin, new(Record)}).Put("x", new(tls.ClientSessionState))
	}
	_, ok := (&originSessions{s, "a", new(Record)}).Get("x")
	assert.False(t, ok, "the oldest gave way")
	_, ok = (&originSessions{s, "c", new(Record)}).Get("x")
	assert.True(t, ok)
	_, ok = (&originSessions{s, "c", new(Record)}).Get("y")
	assert.False(t, ok)
	(&originSessions{s, "c", new(Record)}).Put("x", nil)
	_, ok = (&originSessions{s, "c", new(Record)}).Get("x")
	assert.False(t, ok, "a ticket that was refused is forgotten")
}

// net/http begins dials in goroutines of its own, which may come late.
func TestNoDialBeginsAfterClose(t *testing.T) {
	p := NewPool(Dialer{Dial: func(context.Context, string, string) (net.Conn, error) {
		t.Error("it dials")
		return nil, errors.New("nobody is there")
	}}, nil)
	tr, err := p.Transport(newWorld(t).setting())
	require.NoError(t, err)
	p.Close()
	_, err = tr.dialPlain(t.Context(), "tcp", "a.test:80")
	assert.ErrorIs(t, err, ErrClosed)
	_, err = tr.dialTLS(t.Context(), "tcp", "a.test:443")
	assert.ErrorIs(t, err, ErrClosed)
}
