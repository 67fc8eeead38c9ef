package wire

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// connectHeaderLimit bounds the proxy's answer to CONNECT.
const connectHeaderLimit = 64 << 10

// Proxy is a hop that connections are made through. Its identity and roots are
// its own: it never sees those of an origin.
type Proxy struct {
	// URL is http, https or socks5, with the port; its user information is
	// sent to the proxy alone.
	URL *url.URL
	// TLS verifies an https proxy; its identity is in Identities.
	TLS        *tls.Config
	Identities []*Identity
	// Direct says which hosts are dialed without the proxy; nil: none.
	Direct func(host, port string) bool
}

// ProxyError is a proxy that did not open the tunnel.
type ProxyError struct {
	Status    int  // of its answer to CONNECT; 0: it gave none
	Requested bool // it asked for a client certificate
	TLS       bool // its own handshake failed
	Refused   bool // a SOCKS proxy has decided: by its rules or, with Auth, by the credentials
	Auth      bool
	Err       error
}

func (e *ProxyError) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("the proxy answered %d %s", e.Status, http.StatusText(e.Status))
	}
	return "the proxy failed: " + e.Err.Error()
}

func (e *ProxyError) Unwrap() error { return e.Err }

// uses says whether a host is reached through the proxy.
func (p *Proxy) uses(host, port string) bool {
	return p != nil && (p.Direct == nil || !p.Direct(host, port))
}

// forwards says whether plain HTTP goes to the proxy as a request of its own,
// with the whole URL, as HTTP proxies want it (RFC 9112, section 3.2.2).
func (p *Proxy) forwards(req *http.Request) (*url.URL, error) {
	if p == nil || p.URL.Scheme == "socks5" || req.URL.Scheme != "http" {
		return nil, nil
	}
	if !p.uses(req.URL.Hostname(), portOf(req.URL)) {
		return nil, nil
	}
	return p.URL, nil
}

// absolute is a request as the proxy is to get it, with its URL as the target.
// net/http makes the target of the Host header, which may be of another host,
// and takes an opaque path for the whole.
func absolute(req *http.Request) *http.Request {
	if req.URL.Opaque == "" && (req.Host == "" || req.Host == req.URL.Host) {
		return req
	}
	out, u := *req, *req.URL
	out.URL = &u
	if strings.ContainsFunc(u.Host, func(r rune) bool { return r >= 0x80 }) {
		out.Host, u.Opaque = "", "" // net/http knows its A-labels; a proxy goes by them alone
		return &out
	}
	if u.Opaque == "" {
		u.Opaque = cmp.Or(u.EscapedPath(), "/")
	}
	u.Opaque = "//" + u.Host + u.Opaque
	return &out
}

// portOf is the port of a plain URL.
func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return "80"
}

// tunnel makes a connection to addr through the proxy.
func (t *Transport) tunnel(ctx context.Context, addr string, record *Record) (net.Conn, error) {
	p := t.pool.proxy
	if err := t.pool.dialer.vet(ctx, record.facts.Host, record.facts.Port); err != nil {
		return nil, err
	}
	record.note(func(f *Facts) { f.Proxy, f.Stage = p.URL.Host, StageConnect })
	if p.URL.Scheme == "socks5" {
		return t.socks(ctx, addr, record)
	}
	raw, err := t.pool.dialer.dial(ctx, "tcp", p.URL.Host, false)
	if err != nil {
		return nil, err
	}
	record.note(func(f *Facts) { f.Stage = StageProxy })
	// Whatever ends the dial ends the talk with the proxy.
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })
	conn, err := t.proxyTLS(ctx, raw)
	if err == nil {
		err = connect(conn, p.URL, addr)
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = raw.Close()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	return conn, nil
}

// proxyTLS handshakes with an https proxy, by the proxy's own identity.
func (t *Transport) proxyTLS(ctx context.Context, raw net.Conn) (net.Conn, error) {
	p := t.pool.proxy
	if p.URL.Scheme != "https" {
		return raw, nil
	}
	config := p.TLS.Clone()
	if config.ServerName == "" {
		config.ServerName = p.URL.Hostname()
	}
	requested := false
	config.NextProtos = []string{"http/1.1"}
	config.GetClientCertificate = func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		requested = true
		id, _, err := choose(p.Identities, info)
		if id == nil {
			return new(tls.Certificate), err
		}
		return &id.Certificate, nil
	}
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		var header tls.RecordHeaderError
		if errors.As(err, &header) {
			err = fmt.Errorf("%w: %w", errPlainProxy, err)
		}
		return nil, &ProxyError{TLS: true, Requested: requested, Err: err}
	}
	return &proxyConn{Conn: conn, requested: requested}, nil
}

// proxyConn remembers whether the proxy asked for a certificate: in TLS 1.3 its
// refusal comes with the first read.
type proxyConn struct {
	*tls.Conn
	requested bool
}

// connect asks the proxy for a tunnel (RFC 9110, section 9.3.6).
func connect(conn net.Conn, u *url.URL, addr string) error {
	req := "CONNECT " + addr + " HTTP/1.1\r\nHost: " + addr + "\r\n"
	if u.User != nil {
		password, _ := u.User.Password()
		req += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password)) + "\r\n"
	}
	failed := func(err error) error {
		pc, isTLS := conn.(*proxyConn)
		_, remote, isAlert := AlertOf(err)
		return &ProxyError{Err: err, TLS: isTLS && isAlert && remote, Requested: isTLS && pc.requested}
	}
	if _, err := io.WriteString(conn, req+"\r\n"); err != nil {
		return failed(err)
	}
	reader := bufio.NewReader(io.LimitReader(conn, connectHeaderLimit))
	if first, err := reader.Peek(2); err == nil && (first[0] == alertRecord || first[0] == handshakeRecord) && first[1] == tlsMajor {
		return &ProxyError{TLS: true, Err: errTLSProxy}
	}
	status, err := finalStatus(reader)
	switch {
	case err != nil:
		return failed(err)
	case status/100 != 2: // all of which open the tunnel
		return &ProxyError{Status: status}
	case reader.Buffered() > 0:
		return &ProxyError{Err: errEagerProxy}
	}
	return nil
}

// finalStatus reads the answer to CONNECT, past interim ones.
func finalStatus(reader *bufio.Reader) (int, error) {
	for {
		resp, err := http.ReadResponse(reader, &http.Request{Method: http.MethodConnect})
		switch {
		case err != nil:
			return 0, err
		case resp.StatusCode < 100 || resp.StatusCode > 599:
			return 0, errProxyStatus
		case resp.StatusCode/100 != 1 || resp.StatusCode == http.StatusSwitchingProtocols:
			return resp.StatusCode, nil
		}
	}
}

var (
	errTLSProxy    = errors.New("it speaks TLS; its URL should begin with https")
	errPlainProxy  = errors.New("it does not speak TLS; its URL may have to begin with http")
	errEagerProxy  = errors.New("it sent more than an answer to CONNECT")
	errProxyStatus = errors.New("the status code of its answer is none of HTTP")
)
