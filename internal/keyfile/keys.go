package keyfile

import (
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
)

// Key is a private key. It prints, marshals and logs as what it is, never as
// its content.
type Key struct {
	Type       string   // as OpenSSL names it: RSA, RSA-PSS, EC, Ed25519, Ed448, X25519, X448, DSA, DH, …
	Bits       int      // size of the modulus or field; 0 where the type has one size
	Curve      string   // for EC: P-256, secp256k1, "explicit", or a dotted identifier
	SPKISHA256 [32]byte // SHA-256 of the public key as SubjectPublicKeyInfo (RFC 5280 4.1.2.7)
	Alias      string   // the name it has in the file; may be empty

	// Private signs. It is nil where Go's crypto/tls cannot sign with this
	// type or size of key.
	Private crypto.Signer

	public publicKey
	entry  string // joins key and certificate of one bag or keystore entry; may be empty
}

// String describes the key: "RSA 2048", "EC P-256", "Ed25519".
func (k Key) String() string { return k.public.String() }

// Format writes String for every verb, so that no %+v shows key material.
func (k Key) Format(s fmt.State, _ rune) { io.WriteString(s, k.String()) }

// LogValue is what log/slog writes.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalJSON writes the public facts.
func (k Key) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Type       string `json:"type"`
		Bits       int    `json:"bits,omitempty"`
		Curve      string `json:"curve,omitempty"`
		SPKISHA256 string `json:"spkiSha256"`
		Alias      string `json:"alias,omitempty"`
	}{k.Type, k.Bits, k.Curve, fmt.Sprintf("%x", k.SPKISHA256), k.Alias})
}

// publicKey is what a SubjectPublicKeyInfo says.
type publicKey struct {
	kind, curve string
	bits        int
	id          string // equal for equal keys, however they are encoded
}

func (p publicKey) String() string {
	switch {
	case p.curve != "":
		return p.kind + " " + p.curve
	case p.bits != 0:
		return p.kind + " " + strconv.Itoa(p.bits)
	}
	return p.kind
}

// newKey names a private key by its public half.
func newKey(spki []byte, signer crypto.Signer) (*Key, error) {
	public, err := parsePublicKey(spki)
	if err != nil {
		return nil, err
	}
	return &Key{
		Type: public.kind, Bits: public.bits, Curve: public.curve,
		SPKISHA256: sha256.Sum256(spki), Private: signer, public: public,
	}, nil
}

// parsePublicKey reads a SubjectPublicKeyInfo. Keys are told apart by what
// cannot differ between two encodings of one key: the modulus of RSA, the x
// and the sign of y of a point, the y of DSA, whose parameters a certificate
// may inherit (RFC 3279 2.3.2).
func parsePublicKey(spki []byte) (publicKey, error) {
	f := sequenceOf(spki)
	alg := f.algorithm()
	bits := f.bits()
	if f.err != nil {
		return publicKey{}, f.err
	}
	p := publicKey{kind: algorithmName(alg.oid), id: alg.oid + ":" + string(bits)}
	switch alg.oid {
	case oidRSA, oidRSAPSS:
		rsa := sequenceOf(bits)
		n, e := rsa.natural(), rsa.natural()
		if rsa.err != nil {
			return p, rsa.err
		}
		p.bits = n.BitLen()
		p.id = alg.oid + ":" + n.Text(62) + ":" + e.Text(62)
	case oidDSA, oidDH, oidDHX:
		y, err := whole(bits)
		if err != nil || y.tag != tagInteger {
			return p, errors.New("a public key that is not a number")
		}
		n, err := integerOf(y)
		if err != nil {
			return p, err
		}
		p.id = alg.oid + ":" + n.Text(62)
		if alg.params.tag == tagSequence {
			p.bits = alg.params.fields().natural().BitLen()
		}
	case oidEC:
		p.curve, p.bits = describeCurve(alg.params)
		x, sign, err := splitPoint(bits)
		if err != nil {
			return p, err
		}
		p.id = fmt.Sprintf("%s:%x:%d", alg.oid, x, sign)
	}
	return p, nil
}

// describeCurve names the EcpkParameters of a key (RFC 3279 2.3.5).
func describeCurve(params value) (name string, bits int) {
	switch params.tag {
	case tagOID:
		oid, err := oidString(params.body)
		if err != nil {
			return "unknown", 0
		}
		if known := goCurves[oid]; known != nil {
			bits = known.Params().BitSize
		} else if known := otherCurve(oid); known != nil {
			bits = known.p.BitLen()
		}
		name, _ = curveNames.find(oid)
		return firstOf(name, oid), bits
	case tagSequence:
		if _, p, err := primeField(params); err == nil && p != nil && p.BitLen() <= maxFieldBits {
			bits = p.BitLen()
		}
		return "explicit", bits
	}
	return "unknown", 0
}

// splitPoint gives x and the sign of y of an encoded point (SEC 1 2.3.3).
func splitPoint(point []byte) (x []byte, sign byte, err error) {
	if len(point) < 3 {
		return nil, 0, errors.New("a point that is no point")
	}
	switch rest := point[1:]; point[0] {
	case 2, 3:
		return rest, point[0] & 1, nil
	case 4, 6, 7:
		if len(rest)%2 == 0 {
			return rest[:len(rest)/2], rest[len(rest)-1] & 1, nil
		}
	}
	return nil, 0, errors.New("a point that is no point")
}

// keyInfo encodes a SubjectPublicKeyInfo.
func keyInfo(algorithm, public []byte) []byte {
	return der(tagSequence, algorithm, derBits(public))
}
