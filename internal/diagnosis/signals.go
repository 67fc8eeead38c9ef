// Package diagnosis names the cause of a failed mutual TLS exchange from the
// signals that were seen on it. The rules are one table, see rules.go; this
// file says what they may look at. A rule follows from signals alone: it knows
// no server by name, except by what the server itself wrote in its answer.
package diagnosis

import "time"

// Signals is what was seen of one exchange, from the dial to the answer.
type Signals struct {
	Now   time.Time
	HTTPS bool
	Host  string // for which the server's certificate was verified
	// IsAddress: the host is an IP address, so no server name was sent.
	IsAddress bool

	// The client's side. Configured are the identities that the request may
	// show to this origin; Elsewhere counts those that are bound to others.
	Configured []Leaf
	Elsewhere  int
	Requested  bool     // the server sent a CertificateRequest
	Authority  []string // the authorities that it listed
	Presented  *Leaf
	Withheld   []Withheld
	GaveUp     bool // we ended the handshake because all were withheld
	NotAsked   bool // we ended it because a required certificate was not sent

	// The server's side.
	Chain  []ServerCertificate // as sent, the leaf first
	Verify VerifyFault
	// Culprit is the authority above the server's certificate that the refusal
	// is about; nil: it is about the certificate itself. Ours says that it is one
	// that is trusted here.
	Culprit *ServerCertificate
	Ours    bool
	// Namesake is a name that an authority that is trusted here shares with one
	// that issued what was sent, whose key is another; empty: there is none.
	Namesake string
	// OfProxy: Chain and Verify are of the proxy's own handshake.
	OfProxy bool

	// How far it came and how it ended.
	Connected     bool   // TCP, and the proxy where there is one
	PeerSpoke     bool   // at least one byte came from the peer
	First         []byte // its first bytes
	HandshakeDone bool
	Mute          bool   // it was new, and nothing came after it, not even a ticket
	Answered      bool   // an answer had begun
	Spoke         bool   // the peer had said something of HTTP, be it SETTINGS alone
	Lingered      bool   // the peer left it open long after the handshake
	HTTP2         bool   // was agreed
	LeftTLS       []byte // after the handshake: what came in the place of a record began so
	Version       uint16 // of TLS, 0 before the server's hello
	Reused        bool   // the connection had served a request before
	Resumed       bool
	Alert         uint8
	AlertBy       Side
	End           End
	Narrowed      bool // fewer versions of TLS were offered than could be
	OneProtocol   bool // only one version of HTTP was offered
	NoProtocol    bool // the application protocol that was demanded was not agreed
	RequestSent   bool
	BodyBytes     int64 // of the request; -1 unknown

	// The answer, where there was one.
	Status       int
	Server       string // its Server field
	Body         []byte // its beginning
	HTTP11Needed bool   // an HTTP/2 stream was reset with HTTP_1_1_REQUIRED

	// The proxy's answer, where it did not open the tunnel.
	ProxyStatus    int
	ProxyRequested bool // the proxy asked for a client certificate
	ProxyFailed    bool // its own handshake failed
	ProxyRefused   bool // it speaks SOCKS, and has decided
	ProxyAuth      bool // and it was by the credentials
}

// Leaf is what can be said of a client certificate without asking anybody.
type Leaf struct {
	Subject, Issuer     string
	NotBefore, NotAfter time.Time
	SelfSigned          bool
	ClientAuth          bool // usage absent (any) or clientAuth among them
	Weak                string
	OutdatedHash        bool // its issuer's signature is by SHA-1 or older
	ChainLength         int  // certificates sent, the leaf included
	Listed              bool // the server lists an authority of the chain
	KeyMismatch         bool
}

// Withheld is an identity that was not sent, and why.
type Withheld struct {
	Leaf   Leaf
	Reason string
}

// Reasons for withholding.
const (
	ByAuthority = "authority-not-listed"
	ByScheme    = "no-common-signature-scheme"
	ByOrigin    = "other-origin"
)

// ServerCertificate is one that the server sent.
type ServerCertificate struct {
	Subject, Issuer     string
	NotBefore, NotAfter time.Time
	SelfSigned          bool // by name and by signature
	Authority           bool // it may issue others
	Weak                string
	Names               []string
}

// VerifyFault is why the server's certificate was refused.
type VerifyFault int

// The faults; the zero value is none.
const (
	VerifyNone VerifyFault = iota
	VerifyExpired
	VerifyNotYetValid
	VerifyName
	VerifyUnknownAuthority
	VerifyWeak
	VerifyRevoked
	VerifyStaleList // a revocation list of ours is out of date
	VerifyPin       // its key is none of those that are pinned
	VerifyUsage     // it is not for servers
	VerifyForbidden // an authority above it may not issue it
	VerifyCritical  // it has a critical extension that is not understood
	VerifyOther
)

// Side says who sent an alert.
type Side int

// The sides; the zero value: no alert.
const (
	Nobody Side = iota
	Peer
	Ourselves
)

// End is how the connection ended.
type End int

// The ends; the zero value: it did not, or not by itself.
const (
	EndNone End = iota
	EndClosed
	EndReset
	EndTimeout
	EndCanceled
	EndOurselves // what the peer sent could not be taken
)

// Diagnosis is a cause and how sure it is.
type Diagnosis struct {
	Cause      string
	Confidence string
	Seen       string
	Advice     string
}

// The degrees of confidence.
const (
	Certain = "certain"
	High    = "high"
	Medium  = "medium"
	Low     = "low"
)
