package wire

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"time"
)

func (t *Transport) dialTLS(ctx context.Context, network, addr string) (_ net.Conn, failed error) {
	defer recovered(&failed)
	x := ExchangeOf(ctx)
	ctx, cancel := t.pool.dialContext(ctx)
	defer cancel()
	record, err := t.newRecord(ctx, addr)
	if err != nil {
		return nil, err
	}
	record.note(func(f *Facts) { f.TLS = !isForwarded(ctx) })
	raw, err := t.open(ctx, network, addr, record)
	if err != nil {
		return nil, err
	}
	if isForwarded(ctx) {
		record.facts.Proxy, record.facts.Stage = addr, StageProxy
		conn, err := t.proxyTLS(ctx, raw)
		if err != nil {
			_ = raw.Close()
			return nil, &StageError{StageProxy, err}
		}
		return conn, nil
	}
	conn := tls.Client(raw, t.config(record))
	begun := time.Now()
	record.mu.Lock()
	record.facts.Stage, record.tls = StageHandshake, conn
	record.mu.Unlock()
	if x != nil {
		x.handshakeStart()
	}
	err = conn.HandshakeContext(ctx)
	record.note(func(f *Facts) { f.Shaken, record.spoken.shaken = f.BytesIn, record.spoken.records })
	if err == nil {
		err = t.accept(record, conn.ConnectionState())
	}
	if err == nil && x != nil && x.Confirm {
		err = t.confirm(record, time.Since(begun))
	}
	raw.multiplexed = conn.ConnectionState().NegotiatedProtocol == "h2"
	record.note(func(f *Facts) {
		f.Handshake, f.HandshakeErr, f.State = time.Since(begun), err, conn.ConnectionState()
		if err == nil {
			f.Stage, f.Ready = StageReady, time.Now()
		}
	})
	if x != nil {
		x.handshakeDone(conn.ConnectionState(), err)
	}
	if err != nil {
		_ = conn.Close() // the handshake's error is the one to tell
		return nil, &StageError{StageHandshake, err}
	}
	return conn, nil
}

// config adds to the setting's TLS configuration what belongs to one
// connection: its name, its session tickets, and the hook that chooses the
// identity and notes what the server asked for.
func (t *Transport) config(record *Record) *tls.Config {
	c := t.tls.Clone()
	host := record.facts.Host
	if c.ServerName == "" {
		c.ServerName = host
	}
	if net.ParseIP(c.ServerName) == nil {
		record.facts.ServerName = c.ServerName
	}
	switch {
	case t.setting.HTTP2Only:
		c.NextProtos = []string{"h2"}
	case t.setting.HTTP1Only:
		c.NextProtos = []string{"http/1.1"}
	default:
		c.NextProtos = []string{"h2", "http/1.1"}
	}
	c.ClientSessionCache = nil
	if t.sessions != nil {
		record.spoken.told = true
		c.ClientSessionCache = &originSessions{t.sessions, net.JoinHostPort(host, record.facts.Port), record}
	}
	c.VerifyConnection = func(state tls.ConnectionState) error {
		if state.DidResume { // before the server's new ticket is put
			record.resumed()
		}
		if t.verify != nil {
			return t.verify(host, state)
		}
		return nil
	}
	c.GetClientCertificate = func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		id, withheld, err := choose(t.setting.Identities, info)
		for _, refused := range t.setting.Refused {
			withheld = append(withheld, Withheld{refused, WithheldOrigin})
		}
		record.asked(info, id, withheld)
		if err != nil {
			return nil, err
		}
		if id == nil {
			return new(tls.Certificate), nil
		}
		return &id.Certificate, nil
	}
	return c
}

// Config is the configuration of a connection to one host, without a transport
// around it. It keeps no session tickets and offers no application protocol.
func (t *Transport) Config(host, port string) *tls.Config {
	record := new(Record)
	record.facts.Host, record.facts.Port = strings.TrimSuffix(host, "."), port
	c := t.config(record)
	c.ClientSessionCache, c.NextProtos = nil, nil
	return c
}

// accept looks at a finished handshake before a request may use it.
func (t *Transport) accept(record *Record, state tls.ConnectionState) error {
	if t.setting.HTTP2Only && state.NegotiatedProtocol != "h2" {
		return ErrNoHTTP2
	}
	if f := record.Facts(); t.setting.Required && f.Presented == nil {
		return &NotAskedError{Requested: f.Requested}
	}
	return nil
}
