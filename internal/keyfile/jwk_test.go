package keyfile

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func inBase64url(octets []byte) string { return base64.RawURLEncoding.EncodeToString(octets) }

// jwkOf is a key in JSON, with its chain.
func jwkOf(key crypto.Signer, chain ...[]byte) map[string]any {
	number := func(n *big.Int) string { return inBase64url(n.Bytes()) }
	k := map[string]any{"kid": "the key", "use": "sig"}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		k["kty"], k["n"], k["e"], k["d"] = "RSA", number(key.N), number(big.NewInt(int64(key.E))), number(key.D)
		k["p"], k["q"], k["dp"], k["dq"], k["qi"] = number(key.Primes[0]), number(key.Primes[1]), number(key.Precomputed.Dp), number(key.Precomputed.Dq), number(key.Precomputed.Qinv)
	case *ecdsa.PrivateKey:
		point, scalar := must(key.PublicKey.Bytes()), must(key.Bytes())
		half := len(point) / 2
		k["kty"], k["crv"], k["x"], k["y"], k["d"] = "EC", key.Params().Name, inBase64url(point[1:1+half]), inBase64url(point[1+half:]), inBase64url(scalar)
	case ed25519.PrivateKey:
		k["kty"], k["crv"], k["x"], k["d"] = "OKP", "Ed25519", inBase64url(key.Public().(ed25519.PublicKey)), inBase64url(key.Seed())
	}
	var list []string
	for _, c := range chain {
		list = append(list, base64.StdEncoding.EncodeToString(c))
	}
	if list != nil {
		k["x5c"] = list
	}
	return k
}

func inJSON(t *testing.T, v any) []byte {
	text, err := json.MarshalIndent(v, "", "  ")
	require.NoError(t, err)
	return text
}

func TestJSONWebKeys(t *testing.T) {
	for name, s := range samples() {
		if name == "p224" {
			continue // it has no name there
		}
		alone := jwkOf(s.key, s.leaf, s.authority)
		for form, v := range map[string]any{"a key": alone, "a set": map[string]any{"keys": []any{alone}}, "a list": []any{alone}} {
			inv, err := Extract(context.Background(), inJSON(t, v), Options{})
			require.NoError(t, err, "%s, %s", name, form)
			assert.Equal(t, "jwk", inv.Format)
			require.Len(t, inv.Keys, 1, "%s, %s", name, form)
			assert.Equal(t, "the key", inv.Keys[0].Alias)
			id, err := inv.Identity()
			require.NoError(t, err, "%s, %s", name, form)
			assert.Equal(t, s.leaf, id.Leaf.Raw)
			assert.True(t, s.key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(id.Key.Private.Public()))
			assert.Empty(t, inv.Warnings)
		}
		// A key by itself goes with a certificate in another file.
		delete(alone, "x5c")
		inv, err := ExtractPair(context.Background(), s.leaf, inJSON(t, alone), Options{})
		require.NoError(t, err, name)
		_, err = inv.Identity()
		require.NoError(t, err, name)
	}
}

func TestJSONWebKeySets(t *testing.T) {
	first, second := samples()["p256"], samples()["rsa"]
	one, other := jwkOf(first.key, first.leaf, first.authority), jwkOf(second.key, second.leaf, second.authority)
	other["kid"] = "another"
	inv, err := Extract(context.Background(), inJSON(t, map[string]any{"keys": []any{one, nil, map[string]any{"kty": "oct", "k": "AAAA"}, other}}), Options{})
	require.NoError(t, err)
	require.Len(t, inv.Keys, 2)
	id, err := inv.Identity("another")
	require.NoError(t, err)
	assert.Equal(t, second.leaf, id.Leaf.Raw)
}

func TestJSONWebKeysInWrappers(t *testing.T) {
	s := samples()["p256"]
	k := jwkOf(s.key, s.leaf, s.authority)
	for name, v := range map[string]any{
		"a member":         map[string]any{"jwk": k},
		"by its name":      map[string]any{"kid1": k},
		"an ACME account":  map[string]any{"key": k, "uri": "https://acme.test/acct/1", "contact": []any{"mailto:a@b.test"}},
		"a set in a vault": map[string]any{"data": map[string]any{"keys": []any{k}}, "kty": ""},
	} {
		inv, err := Extract(context.Background(), inJSON(t, v), Options{})
		require.NoError(t, err, name)
		require.Len(t, inv.Keys, 1, name)
		id, err := inv.Identity()
		require.NoError(t, err, name)
		assert.Equal(t, s.leaf, id.Leaf.Raw, name)
	}
	// A public key beside a private one in PEM hides nothing.
	public := jwkOf(s.key)
	delete(public, "d")
	beside := inJSON(t, map[string]any{"jwk": public, "key": string(armour("PRIVATE KEY", s.pkcs8())), "certificate": string(bundle(s))})
	mustOpen(t, s, beside, Options{})
}

func TestJSONWebKeysOfRSAWithoutPrimes(t *testing.T) {
	s := samples()["rsa"]
	k := jwkOf(s.key, s.leaf, s.authority)
	for _, name := range []string{"p", "q", "dp", "dq", "qi"} {
		delete(k, name)
	}
	inv, err := Extract(context.Background(), inJSON(t, k), Options{})
	require.NoError(t, err)
	id, err := inv.Identity()
	require.NoError(t, err)
	key, is := id.Key.Private.(*rsa.PrivateKey)
	require.True(t, is)
	require.NoError(t, key.Validate())
	assert.True(t, key.PublicKey.Equal(s.key.Public()))
}

// RFC 7518 wants every octet of a coordinate, and some writers drop zeros.
func TestJSONWebKeysWithShortCoordinates(t *testing.T) {
	for _, name := range []string{"x", "y"} {
		for {
			key := newECKey(elliptic.P256())
			k := jwkOf(key)
			octets := must(base64url(k[name].(string)))
			if octets[0] != 0 {
				continue
			}
			k[name] = inBase64url(octets[1:])
			inv, err := Extract(context.Background(), inJSON(t, k), Options{})
			require.NoError(t, err)
			require.True(t, key.Equal(inv.Keys[0].Private))
			break
		}
	}
	k := jwkOf(samples()["p256"].key)
	delete(k, "y")
	_, err := Extract(context.Background(), inJSON(t, k), Options{})
	require.ErrorContains(t, err, "it has no y")
}

func TestJSONWebKeysThatAreNone(t *testing.T) {
	s := samples()["p256"]
	changed := func(change func(map[string]any)) []byte {
		k := jwkOf(s.key)
		change(k)
		return inJSON(t, k)
	}
	octets := jwkOf(samples()["ed25519"].key)
	octets["x"] = octets["d"]
	rsaOther := jwkOf(samples()["rsa"].key)
	delete(rsaOther, "p")
	rsaOther["d"] = rsaOther["q"]
	for name, c := range map[string]struct {
		file []byte
		want Kind
	}{
		"public":              {changed(func(k map[string]any) { delete(k, "d") }), NoCredential},
		"symmetric":           {[]byte(`{"kty":"oct","k":"c2VjcmV0"}`), NoCredential},
		"no base64url":        {changed(func(k map[string]any) { k["d"] = "*" }), Corrupt},
		"another's point":     {changed(func(k map[string]any) { k["x"] = jwkOf(samples()["p256"].key)["y"] }), Corrupt},
		"another's octets":    {inJSON(t, octets), Corrupt},
		"an unknown curve":    {changed(func(k map[string]any) { k["crv"] = "P-1" }), UnsupportedKey},
		"an unknown type":     {changed(func(k map[string]any) { k["kty"] = "AKP" }), UnsupportedKey},
		"RSA, another's d":    {inJSON(t, rsaOther), Corrupt},
		"no y":                {changed(func(k map[string]any) { delete(k, "y") }), Corrupt},
		"no key in it":        {[]byte(`{"jwk":{"kid":"kty","kty":""},"kty":null}`), Corrupt},
		"an empty set":        {[]byte(`{"keys":[],"kty":""}`), Corrupt},
		"certificates broken": {changed(func(k map[string]any) { delete(k, "d"); k["x5c"] = []string{"?"} }), Corrupt},
	} {
		_, err := Extract(context.Background(), c.file, Options{})
		require.ErrorIs(t, err, c.want, "%s: %v", name, err)
		assert.NotContains(t, err.Error(), "c2VjcmV0")
	}
	deep := append(bytes.Repeat([]byte("["), 100_000), `"kty"`...)
	_, err := Extract(context.Background(), deep, Options{})
	require.Error(t, err)
}
