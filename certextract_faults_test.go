package mtlshttp_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/slack"
	"github.com/mtlshttp/mtlshttp/internal/testca"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

var (
	oidData   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSHA1   = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidPBES1  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 10}
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidScrypt = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}
	oidAES256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
)

type algorithm struct {
	ID     asn1.ObjectIdentifier
	Params any `asn1:"optional"`
}

func der(t *testing.T, v any) []byte {
	t.Helper()
	data, err := asn1.Marshal(v)
	require.NoError(t, err)
	return data
}

// lockedKey is an encrypted private key (RFC 5958) of a scheme, whose content
// is nothing.
func lockedKey(t *testing.T, scheme algorithm) []byte {
	return der(t, struct {
		Scheme  algorithm
		Content []byte
	}{scheme, make([]byte, 64)})
}

// pbes2 is a scheme of RFC 8018 with a key derivation of the test's.
func pbes2(kdf algorithm) algorithm {
	return algorithm{oidPBES2, struct{ KDF, Cipher algorithm }{kdf, algorithm{oidAES256, make([]byte, 16)}}}
}

// sealed is an empty PKCS #12 file (RFC 7292) whose MAC takes so many rounds.
func sealed(t *testing.T, rounds int) []byte {
	type mac struct {
		Digest struct {
			Algorithm pkix.AlgorithmIdentifier
			Digest    []byte
		}
		Salt   []byte
		Rounds int
	}
	m := mac{Salt: make([]byte, 8), Rounds: rounds}
	m.Digest.Algorithm, m.Digest.Digest = pkix.AlgorithmIdentifier{Algorithm: oidSHA1, Parameters: asn1.NullRawValue}, make([]byte, 20)
	content := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: der(t, der(t, []int{}))}
	return der(t, struct {
		Version int
		Safe    struct {
			Type    asn1.ObjectIdentifier
			Content asn1.RawValue
		}
		MAC mac
	}{3, struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue
	}{oidData, content}, m})
}

// whyNotOpened opens a file in no more than the time given, and returns why it
// could not be.
func whyNotOpened(t *testing.T, file []byte, o *mtlshttp.ExtractOptions, within time.Duration) string {
	t.Helper()
	begun := time.Now()
	inv, err := mtlshttp.Extract(t.Context(), file, o)
	if err == nil {
		_, err = inv.Credential()
	}
	assert.Less(t, time.Since(begun), slack.For(within))
	if err == nil {
		return ""
	}
	return failureOf(t, err).Reason
}

func passwordOf(s string) *mtlshttp.ExtractOptions {
	return &mtlshttp.ExtractOptions{Password: []byte(s)}
}

func TestExtractionFaults(t *testing.T) {
	ca := newCA(t)
	alice, bob := issue(t, ca, mtlstest.Client{Name: "alice"}), issue(t, ca, mtlstest.Client{Name: "bob"})

	t.Run("CERT-01 rounds of a PKCS 12 file", func(t *testing.T) {
		for _, rounds := range []int{20_000_000, 1<<31 - 1} {
			assert.Equal(t, "kdf-cost", whyNotOpened(t, sealed(t, rounds), passwordOf("x"), 100*time.Millisecond))
		}
		assert.NotEmpty(t, whyNotOpened(t, sealed(t, math.MaxInt), passwordOf("x"), 100*time.Millisecond))
		assert.Equal(t, "wrong-password", whyNotOpened(t, sealed(t, 2000), passwordOf("x"), 10*time.Second), "the same file, cheap")
	})

	t.Run("CERT-02 costs of other derivations", func(t *testing.T) {
		salt := []byte("saltsalt")
		for name, scheme := range map[string]algorithm{
			"PBKDF2": pbes2(algorithm{oidPBKDF2, struct {
				Salt   []byte
				Rounds int
			}{salt, 20_000_000}}),
			"PBES1": {oidPBES1, struct {
				Salt   []byte
				Rounds int
			}{salt, 20_000_000}},
			"scrypt": pbes2(algorithm{oidScrypt, struct {
				Salt    []byte
				N, R, P int
			}{salt, 1 << 30, 1024, 1}}),
		} {
			assert.Equal(t, "kdf-cost", whyNotOpened(t, lockedKey(t, scheme), passwordOf("x"), 100*time.Millisecond), name)
		}
		long := pbes2(algorithm{oidPBKDF2, struct {
			Salt              []byte
			Rounds, KeyLength int
		}{salt, 1000, math.MaxInt}})
		assert.NotEmpty(t, whyNotOpened(t, lockedKey(t, long), passwordOf("x"), 100*time.Millisecond), "a key of a terabyte")
		salted := pbes2(algorithm{oidPBKDF2, struct {
			Salt   []byte
			Rounds int
		}{make([]byte, 10<<20), 1000}})
		assert.NotEmpty(t, whyNotOpened(t, lockedKey(t, salted), passwordOf("x"), 100*time.Millisecond), "a salt of 10 MiB")
	})

	t.Run("CERT-03 passwords", func(t *testing.T) {
		root, err := testca.New(testca.Options{})
		require.NoError(t, err)
		pair, err := root.Issue(testca.Leaf{CommonName: "alice"})
		require.NoError(t, err)
		for _, right := range []string{"secret", "", "pässwörd", "пароль"} {
			file, err := pair.PKCS12(right, testca.Modern)
			require.NoError(t, err)
			assert.Empty(t, whyNotOpened(t, file, passwordOf(right), 10*time.Second), right)
			_, err = mtlshttp.Extract(t.Context(), file, passwordOf("hunter2"))
			f := failureOf(t, err)
			assert.Equal(t, mtlshttp.KindConfig, f.Kind)
			assert.Equal(t, "wrong-password", f.Reason)
			assert.NotContains(t, err.Error(), "hunter2")
			for _, o := range []*mtlshttp.ExtractOptions{nil, passwordOf("")} {
				if reason := whyNotOpened(t, file, o, 10*time.Second); right != "" {
					assert.Contains(t, []string{"password-required", "wrong-password"}, reason)
				}
			}
		}
		file, err := pair.PKCS12("x", testca.Modern)
		require.NoError(t, err)
		assert.Equal(t, "wrong-password", whyNotOpened(t, file, passwordOf("\U0001F511"), 10*time.Second), "beyond the BMP")
	})

	t.Run("CERT-04 no MAC", func(t *testing.T) {
		file := sealed(t, 1)
		var outer asn1.RawValue
		_, err := asn1.Unmarshal(file, &outer)
		require.NoError(t, err)
		// Version and safe, without what follows.
		rest, err := asn1.Unmarshal(outer.Bytes, new(int))
		require.NoError(t, err)
		mac, err := asn1.Unmarshal(rest, new(asn1.RawValue))
		require.NoError(t, err)
		bare := der(t, asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: outer.Bytes[:len(outer.Bytes)-len(mac)]})
		_, err = mtlshttp.Extract(t.Context(), bare, passwordOf("x"))
		require.Error(t, err)
		assert.Contains(t, err.Error(), "MAC", "it says so")
		_, err = mtlshttp.Extract(t.Context(), bare, &mtlshttp.ExtractOptions{AllowNoMAC: true})
		if err != nil { // it is empty, which is another matter
			assert.Equal(t, "no-credential", failureOf(t, err).Reason)
		}
	})

	t.Run("CERT-05 cut and altered at every octet", func(t *testing.T) {
		block, _ := pem.Decode(alice.key)
		for name, file := range map[string][]byte{"PKCS 12": alice.p12, "PEM": append(bytes.Clone(alice.certificate), alice.key...), "DER": block.Bytes} {
			for i := range file {
				reason := whyNotOpened(t, file[:i], passwordOf("secret"), 10*time.Second)
				if name != "PEM" { // of that, what comes last may be a line break
					assert.NotEmpty(t, reason, "%s cut at %d", name, i)
				}
			}
			for i := 0; i < len(file); i += 5 {
				altered := bytes.Clone(file)
				altered[i] ^= 0x55
				whyNotOpened(t, altered, passwordOf("secret"), time.Second)
			}
		}
	})

	t.Run("CERT-06 PEM of every sort", func(t *testing.T) {
		for _, size := range []int{1 << 20, 10 << 20} {
			assert.NotEmpty(t, whyNotOpened(t, bytes.Repeat([]byte("-----BEGIN "), size/11), nil, time.Second))
		}
		whole := string(alice.certificate) + string(alice.key)
		for name, text := range map[string]string{
			"CRLF": strings.ReplaceAll(whole, "\n", "\r\n"), "BOM": "\ufeff" + whole, "between junk": "junk\n" + whole + "more junk",
			"bag attributes": "Bag Attributes\n    friendlyName: alice\nsubject=CN = alice\n" + whole,
			"key first":      string(alice.key) + string(alice.certificate), "indented": strings.ReplaceAll(whole, "\n", "\n    "),
		} {
			assert.Empty(t, whyNotOpened(t, []byte(text), nil, time.Second), name)
		}
		two := whole + string(bob.certificate) + string(bob.key) + string(alice.ca)
		assert.Equal(t, "ambiguous", whyNotOpened(t, []byte(two), nil, time.Second))
		inv, err := mtlshttp.Extract(t.Context(), []byte(two), nil)
		require.NoError(t, err)
		chosen, err := inv.Credential(inv.Identities[1].LeafSHA256)
		require.NoError(t, err)
		assert.Equal(t, "bob", chosen.Leaf().Subject.CommonName)
	})

	t.Run("CERT-07 too little and too much in a file", func(t *testing.T) {
		root, err := testca.New(testca.Options{})
		require.NoError(t, err)
		store, err := root.PKCS12("secret", testca.Modern)
		require.NoError(t, err)
		assert.Equal(t, "no-key", whyNotOpened(t, store, passwordOf("secret"), time.Second))
		assert.Equal(t, "no-key", whyNotOpened(t, alice.certificate, nil, time.Second))
		assert.Equal(t, "no-certificate", whyNotOpened(t, alice.key, nil, time.Second))
		assert.Equal(t, "no-key", whyNotOpened(t, bytes.Repeat(alice.certificate, 500), nil, time.Second))
		assert.Equal(t, "key-mismatch", whyNotOpened(t, append(bytes.Clone(alice.certificate), bob.key...), nil, time.Second))
		inv, err := mtlshttp.Extract(t.Context(), append(bytes.Clone(alice.certificate), alice.key...), nil)
		require.NoError(t, err)
		_, err = inv.Credential("bob\r\n\x1b[2J")
		assert.Equal(t, "no-credential", failureOf(t, err).Reason)
		assert.NotContains(t, err.Error(), "\x1b", "an alias is quoted")
	})

	t.Run("CERT-08 size", func(t *testing.T) {
		file := append(bytes.Clone(alice.certificate), alice.key...)
		fits := append(bytes.Repeat([]byte("\n"), 1<<20-len(file)), file...)
		assert.Empty(t, whyNotOpened(t, fits, nil, time.Second))
		assert.NotEmpty(t, whyNotOpened(t, append(fits, '\n'), nil, time.Second))
	})

	t.Run("CERT-09 renderings", func(t *testing.T) {
		c := newCanaries()
		credential, file, _ := c.identity(t)
		inv, err := mtlshttp.Extract(t.Context(), file, passwordOf(c["P12 password"]))
		require.NoError(t, err)
		for _, v := range []any{credential, inv, inv.Keys, inv.Identities} {
			for _, text := range renderings(v) {
				c.free(t, fmt.Sprintf("%T", v), text)
			}
		}
		_, err = json.Marshal(credential)
		assert.Error(t, err)
		document, err := json.Marshal(inv)
		require.NoError(t, err)
		c.free(t, "the inventory", string(document))
	})

	t.Run("CERT-10 kinds of keys", func(t *testing.T) {
		root, err := testca.New(testca.Options{})
		require.NoError(t, err)
		for _, kind := range []testca.KeyType{testca.ECDSAP256, testca.ECDSAP384, testca.ECDSAP521, testca.Ed25519, testca.RSA1024, testca.RSA2048} {
			pair, err := root.Issue(testca.Leaf{CommonName: "alice", Key: kind})
			require.NoError(t, err)
			file, err := pair.PKCS12("secret", testca.Modern)
			require.NoError(t, err)
			assert.Empty(t, whyNotOpened(t, file, passwordOf("secret"), 10*time.Second), kind)
		}
		type privateKey struct {
			Version int
			Kind    pkix.AlgorithmIdentifier
			Key     []byte
		}
		// X25519 agrees on keys and signs nothing (RFC 8410).
		montgomery := der(t, privateKey{Kind: pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 3, 101, 110}}, Key: der(t, bytes.Repeat([]byte{9}, 32))})
		inv, err := mtlshttp.Extract(t.Context(), montgomery, nil)
		require.NoError(t, err)
		assert.Equal(t, "X25519", inv.Keys[0].Type)
		unknown := der(t, privateKey{Kind: pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 3, 4}}, Key: []byte{1}})
		assert.Contains(t, []string{"unsupported-key", "unsupported-algorithm"}, whyNotOpened(t, unknown, nil, time.Second))
		// A certificate and a key that are both of P-224, which TLS 1.3 has no use for.
		old, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
		require.NoError(t, err)
		file, err := x509.MarshalPKCS8PrivateKey(old)
		require.NoError(t, err)
		inv, err = mtlshttp.Extract(t.Context(), file, nil)
		require.NoError(t, err)
		assert.Equal(t, "EC", inv.Keys[0].Type)
	})

	t.Run("CERT-11 names of files are no content, and content no name", func(t *testing.T) {
		dir := t.TempDir()
		write(t, dir, map[string][]byte{"alice.p12": alice.p12, "roots.pem": alice.ca})
		name := filepath.Join(dir, "alice.p12")
		assert.Equal(t, "unrecognized", whyNotOpened(t, []byte(name), passwordOf("secret"), time.Second))
		e := newExecutor(t)
		for _, r := range []*mtlshttp.Request{
			{Credentials: name}, {Roots: mtlshttp.Roots{PEM: filepath.Join(dir, "roots.pem")}}, {Roots: mtlshttp.Roots{Name: filepath.Join(dir, "roots.pem")}},
			{Method: "POST", Body: mtlshttp.Multipart(mtlshttp.Part{Name: "f", Path: name})},
		} {
			r.URL = "https://a.test/"
			_, err := e.Do(t.Context(), r)
			assert.Equal(t, mtlshttp.KindConfig, failureOf(t, err).Kind)
		}
		inside := &mtlshttp.Executor{Files: fstest.MapFS{"a/b": &fstest.MapFile{Data: []byte("x"), Mode: fs.ModePerm}}}
		defer func() { require.NoError(t, inside.Close()) }()
		for _, path := range []string{"../alice.p12", "a/../../alice.p12", "/etc/hosts", name} {
			_, err := inside.Do(t.Context(), &mtlshttp.Request{Method: "POST", URL: "http://a.test/", Body: mtlshttp.Multipart(mtlshttp.Part{Name: "f", Path: path})})
			assert.Equal(t, mtlshttp.KindConfig, failureOf(t, err).Kind, path)
		}
		pipe := filepath.Join(dir, "pipe")
		if exec.Command("mkfifo", pipe).Run() != nil {
			pipe = os.DevNull // as little a file as that
		}
		for _, file := range []string{pipe, dir} {
			k := new(mtlshttp.Keychain)
			k.AddFiles("a", mtlshttp.CredentialFiles{File: file})
			_, err := k.Credential(t.Context(), "a")
			assert.Equal(t, "file", failureOf(t, err).Reason)
		}
	})
}
