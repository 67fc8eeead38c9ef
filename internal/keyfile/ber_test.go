package keyfile

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadValue(t *testing.T) {
	for name, c := range map[string]struct{ in, body, rest string }{
		"short":                  {"\x04\x02abX", "ab", "X"},
		"long":                   {"\x04\x81\x02ab", "ab", ""},
		"long, not minimal":      {"\x04\x84\x00\x00\x00\x02abXY", "ab", "XY"},
		"indefinite":             {"\x30\x80\x04\x01a\x00\x00X", "\x04\x01a", "X"},
		"indefinite in its like": {"\x30\x80\x30\x80\x00\x00\x00\x00X", "\x30\x80\x00\x00", "X"},
		"empty":                  {"\x05\x00", "", ""},
	} {
		v, rest, err := readValue([]byte(c.in))
		require.NoError(t, err, name)
		require.Equal(t, c.body, string(v.body), name)
		require.Equal(t, c.rest, string(rest), name)
		require.Equal(t, c.in, string(v.raw)+string(rest), name)
	}
	for name, in := range map[string]string{
		"nothing": "", "a tag alone": "\x30", "cut": "\x04\x03ab", "cut length": "\x04\x82\x01", "endless": "\x30\x80\x04\x01a",
		"primitive without an end": "\x04\x80ab\x00\x00", "a long tag": "\x1f\x81\x00\x00", "huge": "\x04\x88\x7f\xff\xff\xff\xff\xff\xff\xff",
		"half an end": "\x30\x80\x00",
	} {
		_, _, err := readValue([]byte(in))
		require.Error(t, err, name)
	}
}

func TestNestingIsBounded(t *testing.T) {
	deep := append(bytes.Repeat([]byte{0x30, 0x80}, maxNesting+2), make([]byte, 2*maxNesting+4)...)
	_, _, err := readValue(deep)
	require.ErrorIs(t, err, TooLarge)
	segments := []byte{}
	for range maxNesting + 2 {
		segments = der(tagOctetString|bitConstructed, segments)
	}
	_, err = must(whole(segments)).octets()
	require.ErrorIs(t, err, TooLarge)
}

func TestSegmentsAreJoined(t *testing.T) {
	v := must(whole([]byte("\x24\x80\x04\x02ab\x24\x80\x04\x01c\x00\x00\x04\x00\x04\x01d\x00\x00")))
	octets, err := v.octets()
	require.NoError(t, err)
	require.Equal(t, "abcd", string(octets))
}

func TestFieldsKeepTheFirstFault(t *testing.T) {
	f := sequenceOf(der(tagSequence, derInteger(big.NewInt(5)), der(tagOctetString, []byte("x"))))
	require.Equal(t, 5, f.count())
	require.Empty(t, f.oid())
	require.Error(t, f.err)
	first := f.err
	require.Nil(t, f.octets())
	require.Zero(t, f.natural().Sign())
	require.Equal(t, first, f.err)
	require.False(t, f.more())
}

func TestNumbers(t *testing.T) {
	for in, want := range map[string]int64{"\x00": 0, "\x7f": 127, "\x80": -128, "\xff": -1, "\x00\xff": 255, "\xff\x7f": -129} {
		n, err := integerOf(must(whole(der(tagInteger, []byte(in)))))
		require.NoError(t, err)
		require.Equal(t, want, n.Int64())
	}
	_, err := integerOf(must(whole(der(tagInteger))))
	require.Error(t, err)
	f := &fields{rest: der(tagInteger, []byte{0xff})}
	f.natural()
	require.Error(t, f.err)
	f = &fields{rest: derInteger(new(big.Int).Lsh(big.NewInt(1), 31))}
	f.count()
	require.Error(t, f.err)
}

func TestObjectIdentifiers(t *testing.T) {
	for _, oid := range []string{oidRSA, oidEd25519, oidAES256CBC, "0.9.2342.19200300.100.1.1", "2.999.1", "1.3.9999.3.6"} {
		s, err := oidString(must(whole(derOID(oid))).body)
		require.NoError(t, err)
		require.Equal(t, oid, s)
	}
	for _, damaged := range []string{"", "\x81", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", string(make([]byte, 65))} {
		_, err := oidString([]byte(damaged))
		require.Error(t, err)
	}
}
