package wire

import (
	"crypto/sha256"
	"crypto/tls"
)

// Identity is a client certificate with its key, as a connection may present
// it.
type Identity struct {
	Certificate tls.Certificate
	Fingerprint [sha256.Size]byte // of the chain; the pool's key takes it

	// OnlyIfAcceptable withholds it from a server whose list of authorities
	// names none of its own.
	OnlyIfAcceptable bool
	// AllowAnonymous goes on without a certificate when it is withheld.
	AllowAnonymous bool
}

// NoMatchError says that the server asked for a certificate and none of those
// at hand may be sent, so the handshake was given up before a request.
type NoMatchError struct{ Withheld []Withheld }

func (e *NoMatchError) Error() string {
	reason := WithheldAuthority
	for _, w := range e.Withheld {
		if w.Reason == WithheldScheme {
			reason = w.Reason
		}
	}
	return "client certificate withheld: " + string(reason)
}

// NotAskedError says that a connection whose client certificate is required
// came about without one.
type NotAskedError struct{ Requested bool }

func (e *NotAskedError) Error() string {
	if e.Requested {
		return "the client certificate was not presented"
	}
	return "the server did not ask for a client certificate"
}

// choose picks the identity for a CertificateRequest. Its list of authorities
// chooses between several candidates; it withholds the only one that fits by
// signature only where that one says so.
func choose(candidates []*Identity, info *tls.CertificateRequestInfo) (*Identity, []Withheld, error) {
	var withheld []Withheld
	var fallback *Identity // signs as asked, though its authority is not listed
	var chosen *Identity
	for _, id := range candidates {
		switch {
		case chosen != nil:
			withheld = append(withheld, Withheld{id, WithheldOther})
		case !signs(info, id):
			withheld = append(withheld, Withheld{id, WithheldScheme})
		case info.SupportsCertificate(&id.Certificate) == nil:
			chosen = id
		case !id.OnlyIfAcceptable && fallback == nil:
			fallback = id
		default:
			withheld = append(withheld, Withheld{id, WithheldAuthority})
		}
	}
	switch {
	case chosen == nil:
		chosen = fallback
	case fallback != nil:
		withheld = append(withheld, Withheld{fallback, WithheldAuthority})
	}
	if chosen == nil {
		for _, id := range candidates {
			if !id.AllowAnonymous {
				return nil, withheld, &NoMatchError{withheld}
			}
		}
	}
	return chosen, withheld, nil
}

// signs says whether the identity's key can sign as the server asks, whatever
// authorities it lists.
func signs(info *tls.CertificateRequestInfo, id *Identity) bool {
	anyAuthority := *info
	anyAuthority.AcceptableCAs = nil
	return anyAuthority.SupportsCertificate(&id.Certificate) == nil
}
