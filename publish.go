package mtlshttp

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/keyfile"
	"github.com/mtlshttp/mtlshttp/internal/publication"
)

// CertificateReport says all that the operator of a service has to know to
// allow a client certificate, in the forms that allowlists take. It holds
// nothing secret.
type CertificateReport struct {
	Subject   string `json:"subject"` // RFC 4514
	Issuer    string `json:"issuer"`
	Serial    string `json:"serial"`        // hex
	SerialDec string `json:"serialDecimal"` // decimal
	PublicKey string `json:"publicKey"`     // RSA 2048, EC P-256, …

	SHA1       string `json:"sha1"`       // of the DER, hex
	SHA256     string `json:"sha256"`     // of the DER, hex
	X5TS256    string `json:"x5t#S256"`   // SHA-256 of the DER, base64url (RFC 7515, RFC 8705)
	SPKISHA256 string `json:"spkiSha256"` // of the SubjectPublicKeyInfo, hex

	NotBefore time.Time         `json:"notBefore"` // UTC
	NotAfter  time.Time         `json:"notAfter"`  // UTC
	DNSNames  []string          `json:"dnsNames"`
	Chain     []CertificateInfo `json:"chain"` // after the certificate
	PEM       string            `json:"pem"`   // the certificate and its chain
}

// Report describes the credential's certificate; nil where it is empty.
func (c *Credential) Report() *CertificateReport { return reportOf(c.chain()) }

// Report describes the certificate of a name, of a platform identity the
// current one, also where its key is not there.
func (k *Keychain) Report(ctx context.Context, name string) (*CertificateReport, error) {
	h, err := k.hold(ctx, name, nil)
	if err != nil {
		return nil, err
	}
	r := reportOf(h.chain)
	if r == nil {
		return nil, fault(KindConfig, "credentials", string(keyfile.NoCertificate), "%q in the keychain is no client certificate", name)
	}
	return r, nil
}

func reportOf(chain []*x509.Certificate) *CertificateReport {
	if len(chain) == 0 {
		return nil
	}
	leaf := chain[0]
	sum1, sum256, spki := sha1.Sum(leaf.Raw), sha256.Sum256(leaf.Raw), sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	r := &CertificateReport{
		Serial: fmt.Sprintf("%x", leaf.SerialNumber), SerialDec: leaf.SerialNumber.String(), PublicKey: publicKeyName(leaf),
		SHA1: hex.EncodeToString(sum1[:]), SHA256: hex.EncodeToString(sum256[:]),
		X5TS256: base64.RawURLEncoding.EncodeToString(sum256[:]), SPKISHA256: hex.EncodeToString(spki[:]),
		NotBefore: leaf.NotBefore.UTC(), NotAfter: leaf.NotAfter.UTC(),
		DNSNames: append([]string{}, leaf.DNSNames...), Chain: []CertificateInfo{},
	}
	r.Subject, r.Issuer = distinguishedNames(leaf)
	if len(r.Serial)%2 == 1 {
		r.Serial = "0" + r.Serial
	}
	for _, c := range chain[1:] {
		r.Chain = append(r.Chain, infoOf(c))
	}
	var text strings.Builder
	for _, c := range chain {
		_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}) // a Builder takes everything
	}
	r.PEM = text.String()
	return r
}

// String is the report as text, to be mailed.
func (r *CertificateReport) String() string {
	var b strings.Builder
	for _, row := range r.rows() {
		fmt.Fprintf(&b, "%-17s%s\n", row[0], printable(row[1]))
	}
	return b.String() + "\n" + r.PEM
}

// rows are the report's lines, without the PEM.
func (r *CertificateReport) rows() [][2]string {
	rows := [][2]string{
		{"Subject", r.Subject}, {"Issuer", r.Issuer}, {"Serial (hex)", r.Serial}, {"Serial (decimal)", r.SerialDec},
		{"Public key", r.PublicKey}, {"SHA-1", r.SHA1}, {"SHA-256", r.SHA256}, {"x5t#S256", r.X5TS256}, {"SPKI SHA-256", r.SPKISHA256},
		{"Valid from", utc(r.NotBefore)}, {"Valid to", utc(r.NotAfter)},
	}
	for _, name := range r.DNSNames {
		rows = append(rows, [2]string{"DNS name", name})
	}
	for _, c := range r.Chain {
		rows = append(rows, [2]string{"Chain", fmt.Sprintf("%s, SHA-256 %s, valid to %s", c.Subject, c.SHA256, utc(c.NotAfter))})
	}
	return rows
}

func utc(t time.Time) string { return t.UTC().Format(time.DateTime) + " UTC" }

// distinguishedNames are the subject and issuer as RFC 4514 writes them, with
// the short names that people know.
func distinguishedNames(c *x509.Certificate) (subject, issuer string) {
	found, err := keyfile.Extract(context.Background(), c.Raw, keyfile.Options{})
	if err != nil || len(found.Certificates) == 0 {
		return c.Subject.String(), c.Issuer.String()
	}
	return found.Certificates[0].Subject, found.Certificates[0].Issuer
}

func publicKeyName(c *x509.Certificate) string {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "EC " + key.Curve.Params().Name
	}
	return c.PublicKeyAlgorithm.String()
}

// PublicCertificates serves the public certificates of the named entries at
// addresses that stay the same when the certificates change: never a key, and
// nothing of other entries. Below the address that it is mounted at (with
// http.StripPrefix) are
//
//	/                 all of them, for people
//	/index.json       all of them, an array of name, generation and report
//	/NAME.pem         a certificate with its chain; of a platform the current one
//	/NAME.json        its CertificateReport
//	/NAME.html        the same for people
//	/NAME/next.pem    a platform's next and previous generations, likewise
func (k *Keychain) PublicCertificates(names ...string) http.Handler {
	return publication.Handler(func() (all []publication.Entry) {
		for _, name := range names {
			all = append(all, k.publications(name)...)
		}
		return all
	})
}

// publications are the addresses of an entry's certificates.
func (k *Keychain) publications(name string) (all []publication.Entry) {
	e, ok := k.entry(name)
	if !ok {
		return nil
	}
	add := func(generation, path, entry string) {
		if entry != "" {
			all = append(all, publication.Entry{Name: name, Generation: generation, Path: path,
				Read: func(ctx context.Context) *publication.Certificate { return k.publicCertificate(ctx, entry) }})
		}
	}
	if e.platform == nil {
		add("", name, name)
		return all
	}
	add("current", name, e.platform.Current)
	add("next", name+"/next", e.platform.Next)
	add("previous", name+"/previous", e.platform.Previous)
	return all
}

func (k *Keychain) publicCertificate(ctx context.Context, entry string) *publication.Certificate {
	if e, ok := k.entry(entry); !ok || e.platform != nil {
		return nil
	}
	r, err := k.Report(ctx, entry)
	if err != nil {
		return nil
	}
	return &publication.Certificate{Report: r, Rows: r.rows(), PEM: r.PEM}
}
