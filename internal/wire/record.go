package wire

import (
	"crypto/tls"
	"slices"
	"sync"
	"time"
)

// Record is what one connection showed, from the first look-up of its name to
// the last byte before an answer. It is written by the dial, by crypto/tls's
// hooks and by the raw connection, and read by copy: see Facts.
type Record struct {
	mu    sync.Mutex
	facts Facts
	tls   *tls.Conn
	raw   *Conn

	offered *session // the ticket that was offered
	spoken  spoken   // what the peer sent, by its records
	told    any      // see Tell
}

// Facts is a copy of a Record.
type Facts struct {
	Host, Port string        // as dialed, without a trailing dot
	ServerName string        // what SNI said; "" for an address
	Proxy      string        // the proxy's host and port, "" for none
	Remote     string        // the address that answered
	Start      time.Time     // when the dial began
	Lookup     time.Duration // of the name; a part of Connect
	Connect    time.Duration
	Handshake  time.Duration

	TLS   bool  // it is for an https origin
	Stage Stage // how far it came

	Allowed          []*Identity // that may be shown here, in order; the setting's own
	Requested        bool        // the server sent a CertificateRequest
	RequestVersion   uint16      // of TLS, where it did
	AcceptableCAs    [][]byte    // DER names of the authorities that it lists
	SignatureSchemes []tls.SignatureScheme
	Presented        *Identity
	Withheld         []Withheld

	State        tls.ConnectionState // once the handshake is done
	HandshakeErr error

	BytesIn, BytesOut int64     // raw, until an answer began
	Ready, Ended      time.Time // when requests could be sent, and when reading or writing first failed
	Shaken            int64     // of BytesIn, what had come when the handshake was done
	Ticket            bool      // the server gave a session ticket
	Spoke             bool      // it said something of HTTP, be it SETTINGS alone
	First             []byte    // the peer's first bytes, at most 64
	ReadErr, WriteErr error     // the first of each on the raw connection
	PeerEnded         bool      // the peer had ended it, or said that it does, when we closed it
}

// Withheld is an identity that was at hand and was not presented.
type Withheld struct {
	Identity *Identity
	Reason   WithheldReason
}

// WithheldReason says why an identity was not presented.
type WithheldReason string

const (
	// WithheldAuthority: the server's list names none of its authorities and
	// the identity asks to be withheld then, or another one fits better.
	WithheldAuthority WithheldReason = "authority-not-listed"
	// WithheldScheme: its key can make no signature that the server takes.
	WithheldScheme WithheldReason = "no-common-signature-scheme"
	// WithheldOther: an earlier candidate was chosen.
	WithheldOther WithheldReason = "another-was-chosen"
	// WithheldOrigin: the identity is not meant for this origin.
	WithheldOrigin WithheldReason = "other-origin"
)

// Stage is how far a connection came.
type Stage int

// The stages in their order.
const (
	StageLookup Stage = iota
	StageConnect
	StageProxy
	StageHandshake
	StageReady
)

// Facts returns a copy that no later event changes.
func (r *Record) Facts() Facts {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.facts
	f.First = slices.Clone(f.First)
	f.Withheld = slices.Clone(f.Withheld)
	f.Ticket = r.spoken.tickets > 0
	f.Spoke = f.Stage == StageReady && r.spoken.http(f.State.Version)
	return f
}

// Tell returns what tell makes of the connection once it serves requests: made
// the first time, kept for the connection's later requests.
func (r *Record) Tell(tell func(Facts) any) any {
	r.mu.Lock()
	told := r.told
	r.mu.Unlock()
	if told != nil {
		return told
	}
	told = tell(r.Facts())
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = told
	return told
}

// ticket says whether the server gave a session ticket: in TLS 1.3 it does so
// after it has taken our certificate.
func (r *Record) ticket() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.spoken.tickets > 0
}

// asked notes what a server's request for a certificate came to. In TLS 1.2 it
// may come after answers, when it makes what was told of the connection untrue.
func (r *Record) asked(info *tls.CertificateRequestInfo, presented *Identity, withheld []Withheld) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := &r.facts
	f.Requested, f.RequestVersion = true, info.Version
	f.AcceptableCAs, f.SignatureSchemes = info.AcceptableCAs, info.SignatureSchemes
	f.Presented, f.Withheld, r.told = presented, withheld, nil
}

func (r *Record) note(f func(*Facts)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.facts)
}

func (r *Record) received(p []byte) {
	r.note(func(f *Facts) {
		if f.TLS {
			r.spoken.received(p)
		}
		f.BytesIn += int64(len(p))
		if room := sampleLimit - len(f.First); room > 0 {
			f.First = append(f.First, p[:min(room, len(p))]...)
		}
	})
}

func (r *Record) sent(n int) { r.note(func(f *Facts) { f.BytesOut += int64(n) }) }

func (r *Record) readFailed(err error) {
	r.note(func(f *Facts) {
		if f.ReadErr == nil {
			f.ReadErr = err
		}
		f.end()
	})
}

func (r *Record) writeFailed(err error) {
	r.note(func(f *Facts) {
		if f.WriteErr == nil {
			f.WriteErr = err
		}
		f.end()
	})
}

// closing notes who ended the connection, now that we close it.
func (r *Record) closing() {
	r.note(func(f *Facts) { f.PeerEnded = f.ReadErr != nil || r.spoken.alert })
}

func (f *Facts) end() {
	if f.Ended.IsZero() {
		f.Ended = time.Now()
	}
}

// Ended waits at most d for the connection to be closed and says whether it
// was. Only a closed connection may be read after its end.
func (r *Record) Ended(d time.Duration) bool {
	r.mu.Lock()
	raw := r.raw
	r.mu.Unlock()
	if raw == nil {
		return false
	}
	select {
	case <-raw.gone:
		return true
	default:
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-raw.gone:
		return true
	case <-timer.C:
		return false
	}
}

// LastWords reads what the peer said before it closed and nobody has read: a
// fatal alert, if there was one. The connection must have Ended.
func (r *Record) LastWords() error {
	r.mu.Lock()
	conn := r.tls
	r.mu.Unlock()
	if conn == nil {
		return nil
	}
	buf := make([]byte, 512)
	for range 128 { // application data that came before the alert
		if _, err := conn.Read(buf); err != nil {
			return err
		}
	}
	return nil
}
