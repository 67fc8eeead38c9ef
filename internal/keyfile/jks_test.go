package keyfile

import (
	"bytes"
	"context"
	"crypto/des"
	"crypto/md5"
	"crypto/sha1"
	"encoding/binary"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

// testKeystore builds a JKS or JCEKS file.
type testKeystore struct {
	bytes.Buffer
	jceks bool
	count uint32
}

func (k *testKeystore) uint32(n uint32) { k.Write(binary.BigEndian.AppendUint32(nil, n)) }
func (k *testKeystore) text(s string) {
	k.Write(binary.BigEndian.AppendUint16(nil, uint16(len(s))))
	k.WriteString(s)
}
func (k *testKeystore) blob(b []byte) { k.uint32(uint32(len(b))); k.Write(b) }

func (k *testKeystore) entry(kind uint32, alias string) {
	k.count++
	k.uint32(kind)
	k.text(alias)
	k.Write(make([]byte, 8))
}

func (k *testKeystore) certificate(raw []byte) {
	k.text("X.509")
	k.blob(raw)
}

func (k *testKeystore) key(alias string, s sample, password []byte) {
	k.entry(entryKey, alias)
	if k.jceks {
		k.blob(protectJCEKS(s.pkcs8(), password))
	} else {
		k.blob(protectJKS(s.pkcs8(), password))
	}
	k.uint32(3)
	for _, raw := range [][]byte{s.leaf, s.authority, s.top} {
		k.certificate(raw)
	}
}

func (k *testKeystore) trusted(alias string, raw []byte) {
	k.entry(entryCertificate, alias)
	k.certificate(raw)
}

// secret is an entry with a serialized object: a class with a superclass, an
// array, strings, references and a block of its own.
func (k *testKeystore) secret(alias string) {
	k.entry(entrySecretKey, alias)
	k.WriteString("\xac\xed\x00\x05\x73\x72\x00\x03Sub\x00\x00\x00\x00\x00\x00\x00\x01\x03\x00\x01B\x00\x01b\x78")
	k.WriteString("\x72\x00\x04Base\x00\x00\x00\x00\x00\x00\x00\x02\x02\x00\x03I\x00\x01i[\x00\x01a\x74\x00\x02[BL\x00\x01s\x74\x00\x12Ljava/lang/String;\x78\x70")
	k.WriteString("\x00\x00\x00\x07\x75\x72\x00\x02[B\x00\x00\x00\x00\x00\x00\x00\x03\x02\x00\x00\x78\x70\x00\x00\x00\x02xy\x74\x00\x03AES")
	k.WriteString("\x09\x77\x02zz\x71\x00\x7e\x00\x01\x78")
}

func (k *testKeystore) file(password []byte) []byte {
	magic := magicJKS
	if k.jceks {
		magic = magicJCEKS
	}
	content := append([]byte(magic), 0, 0, 0, 2)
	content = binary.BigEndian.AppendUint32(content, k.count)
	content = append(content, k.Bytes()...)
	return append(content, sha1Of(utf16Text(password), []byte("Mighty Aphrodite"), content)...)
}

func utf16Text(password []byte) []byte { return unterminated(bmpFromUTF8(password)) }

func protectJKS(plain, password []byte) []byte {
	pw := utf16Text(password)
	salt := bytes.Repeat([]byte{9}, sha1.Size)
	out, digest := bytes.Clone(salt), salt
	for rest := plain; len(rest) > 0; {
		digest = sha1Of(pw, digest)
		n := min(len(rest), len(digest))
		for i := range n {
			out = append(out, rest[i]^digest[i])
		}
		rest = rest[n:]
	}
	out = append(out, sha1Of(pw, plain)...)
	return der(tagSequence, der(tagSequence, derOID(oidJKSKey), der(tagNull)), der(tagOctetString, out))
}

func protectJCEKS(plain, password []byte) []byte {
	var derived []byte
	for _, half := range [][]byte{testSalt[:4], testSalt[4:]} {
		for range testRounds {
			sum := md5.Sum(append(bytes.Clone(half), password...))
			half = sum[:]
		}
		derived = append(derived, half...)
	}
	ciphertext := encryptCBC(must(des.NewTripleDESCipher(derived[:24])), derived[24:], plain)
	params := der(tagSequence, der(tagOctetString, testSalt), derInteger(big.NewInt(testRounds)))
	return der(tagSequence, der(tagSequence, derOID(oidJCEKSKey), params), der(tagOctetString, ciphertext))
}

func testStore(jceks bool, password, keyPassword []byte) []byte {
	k := &testKeystore{jceks: jceks}
	k.trusted("the root", samples()["p256"].top)
	if jceks {
		k.secret("hidden")
	}
	k.key("client", samples()["p256"], keyPassword)
	return k.file(password)
}

func TestJavaKeystores(t *testing.T) {
	s := samples()["p256"]
	store := []byte("störe 日本")
	for format, jceks := range map[string]bool{"jks": false, "jceks": true} {
		inv := mustOpen(t, s, testStore(jceks, store, store), Options{Password: store})
		require.Equal(t, format, inv.Format)
		require.Equal(t, "client", inv.Identities[0].Alias)
		require.Equal(t, "the root", inv.Certificates[0].Alias)
		require.True(t, inv.Certificates[0].TrustAnchor)

		own := testStore(jceks, store, []byte("own"))
		mustOpen(t, s, own, Options{Password: store, KeyPassword: []byte("own")})
		_, err := Extract(context.Background(), own, Options{Password: store})
		require.ErrorIs(t, err, WrongPassword)
		require.ErrorContains(t, err, "password of its own")
		_, err = Extract(context.Background(), own, Options{Password: []byte("other"), KeyPassword: []byte("own")})
		require.ErrorIs(t, err, WrongPassword)
		_, err = Extract(context.Background(), own, Options{})
		require.ErrorIs(t, err, PasswordRequired)
	}
}

func TestTwoKeysAreAChoice(t *testing.T) {
	k := &testKeystore{}
	k.key("first", samples()["p256"], []byte("x"))
	k.key("second", samples()["rsa"], []byte("x"))
	k.key("again", samples()["rsa"], []byte("x"))
	inv, err := Extract(context.Background(), k.file([]byte("x")), Options{Password: []byte("x")})
	require.NoError(t, err)
	require.Len(t, inv.Keys, 2)
	require.Len(t, inv.Certificates, 4)
	require.Len(t, inv.Identities, 2)
	_, err = inv.Identity()
	require.ErrorIs(t, err, Ambiguous)
	require.ErrorContains(t, err, `"first"`)
	for alias, name := range map[string]string{"first": "CN=client p256", "SECOND": "CN=client rsa", "again": "CN=client rsa"} {
		identity, err := inv.Identity(alias)
		require.NoError(t, err)
		require.Equal(t, name, identity.Leaf.Subject)
	}
	_, err = inv.Identity("third")
	require.ErrorIs(t, err, Ambiguous)
}

func TestTruststoreWithoutItsPassword(t *testing.T) {
	k := &testKeystore{}
	k.trusted("a", samples()["p256"].top)
	inv, err := Extract(context.Background(), k.file([]byte("x")), Options{})
	require.NoError(t, err)
	require.Len(t, inv.Certificates, 1)
	require.Equal(t, "not-authenticated", inv.Warnings[0].Code)
	_, err = Extract(context.Background(), k.file([]byte("x")), Options{Password: []byte("y")})
	require.ErrorIs(t, err, WrongPassword)
}

func TestKeystoreFaults(t *testing.T) {
	file := testStore(false, []byte("x"), []byte("x"))
	file[7] = 9
	_, err := Extract(context.Background(), file, Options{Password: []byte("x")})
	require.ErrorIs(t, err, UnsupportedFormat)
	require.ErrorContains(t, err, "version 9")

	bks := append([]byte{0, 0, 0, 2, 0, 0, 0, 20}, make([]byte, 20)...)
	bks = append(bks, 0, 0, 4, 0, 1, 0, 1, 'a', 0, 0, 0, 0, 0, 0, 0, 0)
	_, err = Extract(context.Background(), bks, Options{})
	require.ErrorIs(t, err, UnsupportedFormat)
	require.ErrorContains(t, err, "BKS")
	require.ErrorContains(t, err, "keytool -importkeystore")
}
