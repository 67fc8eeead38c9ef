package keyfile

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/slack"
)

func TestEverySchemeInPKCS8(t *testing.T) {
	s := samples()["p256"]
	password := []byte("pässwörd 😀")
	for _, scheme := range testSchemes() {
		t.Run(scheme.name, func(t *testing.T) {
			file := scheme.pkcs8(s, password)
			inv, err := Extract(context.Background(), file, Options{Password: password})
			require.NoError(t, err)
			require.Equal(t, "pkcs8", inv.Format)
			require.Len(t, inv.Keys, 1)
			require.Equal(t, "EC P-256", inv.Keys[0].String())

			_, err = Extract(context.Background(), file, Options{Password: []byte("another")})
			require.ErrorIs(t, err, WrongPassword)
			require.NotContains(t, err.Error(), "another")
			for _, none := range [][]byte{nil, {}} {
				_, err = Extract(context.Background(), file, Options{Password: none})
				require.ErrorIs(t, err, PasswordRequired)
			}
		})
	}
}

func TestUnknownAlgorithmsAreNamed(t *testing.T) {
	camellia := der(tagSequence, derOID("1.2.392.200011.61.1.1.1.4"), der(tagOctetString, make([]byte, 16)))
	for name, alg := range map[string][]byte{
		"1.2.392.200011.61.1.1.1.4": der(tagSequence, derOID(oidPBES2), der(tagSequence, pbkdf2Params(""), camellia)),
		"1.2.3.4":                   der(tagSequence, derOID("1.2.3.4")),
		"1.2.840.113549.2.99":       der(tagSequence, derOID(oidPBES2), der(tagSequence, pbkdf2Params("1.2.840.113549.2.99"), der(tagSequence, derOID(oidAES128CBC), der(tagOctetString, make([]byte, 16))))),
	} {
		_, err := Extract(context.Background(), der(tagSequence, alg, der(tagOctetString, make([]byte, 64))), Options{Password: []byte("x")})
		require.ErrorIs(t, err, UnsupportedAlgorithm)
		require.ErrorContains(t, err, name)
		require.ErrorContains(t, err, "openssl", "the message says how to convert the file")
		var e *Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, name, e.OID)
		require.Equal(t, "pkcs8", e.Format)
	}
}

func TestDamagedParametersAreNoPasswordFault(t *testing.T) {
	good := testSchemes()[0].pkcs8(samples()["p256"], []byte("x"))
	v := must(whole(good))
	f := v.fields()
	alg := f.algorithm()
	for _, damaged := range [][]byte{
		der(tagSequence, der(tagSequence, derOID(alg.oid)), f.rest),
		der(tagSequence, alg.raw, der(tagOctetString, make([]byte, 7))),
		der(tagSequence, alg.raw, der(tagOctetString)),
	} {
		_, err := Extract(context.Background(), damaged, Options{Password: []byte("x")})
		require.ErrorIs(t, err, Corrupt, describe(err))
	}
}

func TestDerivationEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	b := &budget{ctx: ctx, limits: Limits{Iterations: 1 << 40, ScryptMemory: 1 << 40}}
	for name, derive := range map[string]func() error{
		"pbkdf2": func() error {
			_, err := pbkdf2(b, hashOf(hmacHashes, "1.2.840.113549.2.9"), nil, nil, 1<<30, 32)
			return err
		},
		"pbkdf1": func() error {
			_, err := pbkdf1(b, hashOf(digestHashes, "1.3.14.3.2.26"), nil, nil, 1<<30, 16)
			return err
		},
		"pkcs12": func() error {
			_, err := pkcs12KDF(b, hashOf(digestHashes, "1.3.14.3.2.26"), forKey, nil, nil, 1<<30, 24)
			return err
		},
		"scrypt": func() error {
			_, err := scryptKey(b, hashOf(hmacHashes, "1.2.840.113549.2.9"), nil, nil, 1<<17, 8, 1, 32)
			return err
		},
		"bcrypt": func() error {
			_, err := bcryptKey(b, []byte("x"), []byte("salt"), 1<<20, 32)
			return err
		},
	} {
		start := time.Now()
		require.ErrorIs(t, derive(), context.DeadlineExceeded, name)
		require.Less(t, time.Since(start), slack.For(time.Second), name)
	}
}
