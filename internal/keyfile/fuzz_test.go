package keyfile

import (
	"context"
	"errors"
	"testing"
	"time"
)

// fuzzExtract fuzzes Extract from the specimens whose names are given: no
// panic, errors of a kind, bounded time, and no inventory that is empty or
// pairs what does not belong together.
func fuzzExtract(f *testing.F, names ...string) {
	for _, name := range names {
		f.Add(specimens()[name])
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		inv, err := Extract(ctx, file, Options{Password: []byte("x"), Limits: Limits{Iterations: 20_000, ScryptMemory: 1 << 20}})
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Kind == "" || e.Message == "" {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		if inv.Format == "" || len(inv.Keys)+len(inv.Certificates) == 0 {
			t.Fatalf("an empty inventory: %+v", inv)
		}
		for _, identity := range inv.Identities {
			if identity.Key.public.id != identity.Leaf.public.id || len(identity.Chain) > maxChain {
				t.Fatalf("an identity that is none: %+v", identity)
			}
		}
	})
}

func FuzzPKCS12(f *testing.F)      { fuzzExtract(f, "pkcs12", "pkcs12 ber", "pkcs12 pbmac1") }
func FuzzPEM(f *testing.F)         { fuzzExtract(f, "pem", "traditional", "openssh") }
func FuzzPrivateKey(f *testing.F)  { fuzzExtract(f, "pkcs8", "pkcs8 encrypted", "pkcs1") }
func FuzzCertificate(f *testing.F) { fuzzExtract(f, "certificate") }
func FuzzPKCS7(f *testing.F)       { fuzzExtract(f, "pkcs7") }
func FuzzKeystore(f *testing.F)    { fuzzExtract(f, "jks", "jceks") }
func FuzzText(f *testing.F)        { fuzzExtract(f, "base64", "pem", "jwk") }

// FuzzSafeContents and FuzzOpenSSH get past the MAC and the PEM, which stop
// what is random.
func FuzzSafeContents(f *testing.F) {
	s := samples()["p256"]
	f.Add(der(tagSequence, der(tagSequence, derOID(oidCertBag), der(tagContext0,
		der(tagSequence, derOID(oidX509Certificate), der(tagContext0, der(tagOctetString, s.leaf)))))))
	f.Add(der(tagSequence, der(tagSequence, derOID(oidKeyBag), der(tagContext0, s.pkcs8()))))
	f.Fuzz(func(t *testing.T, contents []byte) {
		x := newExtraction(context.Background(), Options{Limits: Limits{Iterations: 1000}})
		p := &pkcs12File{extraction: x, passwords: passwords(nil)}
		if err := p.bags(contents); err == nil && len(contents) == 0 {
			t.Fatal("nothing is no SafeContents")
		}
	})
}

func FuzzOpenSSH(f *testing.F) {
	f.Add(scanPEM(specimens()["openssh"])[0].der)
	f.Fuzz(func(t *testing.T, content []byte) {
		x := newExtraction(context.Background(), Options{Limits: Limits{Iterations: 100_000}})
		if err := x.openSSH(content); err == nil && len(x.keys)+len(x.problems)+len(x.found)+len(x.certificates) == 0 && len(content) == 0 {
			t.Fatal("nothing is no key")
		}
	})
}

func FuzzBER(f *testing.F) {
	f.Add(indefinite(must(whole(samples()["p256"].leaf)), 5))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, rest, err := readValue(b)
		if err != nil {
			return
		}
		if len(v.raw)+len(rest) != len(b) || len(v.body) > len(v.raw) {
			t.Fatalf("octets were lost: %d of %d", len(v.raw)+len(rest), len(b))
		}
		octets, err := v.octets()
		if err == nil && len(octets) > len(v.raw) {
			t.Fatal("octets were made up")
		}
		again, err := whole(der(v.tag&^bitConstructed, v.body))
		if err != nil || string(again.body) != string(v.body) {
			t.Fatalf("a value does not survive being encoded: %v", err)
		}
	})
}
