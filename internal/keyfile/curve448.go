package keyfile

import (
	"crypto/sha3"
	"math/big"
	"slices"
)

// Go has neither Ed448 nor X448. This computes their public keys from private
// ones, to name and match keys; it signs nothing.

var (
	prime448 = fromHex("fffffffffffffffffffffffffffffffffffffffffffffffffffffffe" + "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff")
	d448     = new(big.Int).Sub(prime448, big.NewInt(39081))
	ed448X   = fromHex("4f1970c66bed0ded221d15a622bf36da9e146570470f1767ea6de324" + "a3d3a46412ae1af72ab66511433b80e18b00938e2626a82bc70cc05e")
	ed448Y   = fromHex("693f46716eb6bc248876203756c9c7624bea73736ca3984087789c1e" + "05a0c2d73ad3ff1ce67c39c4fdbd132c4ed7c8ad9808795bf230fa14")
)

func littleEndian(b []byte) *big.Int {
	reversed := slices.Clone(b)
	slices.Reverse(reversed)
	return new(big.Int).SetBytes(reversed)
}

func toLittleEndian(n *big.Int, size int) []byte {
	b := n.FillBytes(make([]byte, size))
	slices.Reverse(b)
	return b
}

// ed448Public is RFC 8032 5.2.5; nil where the seed is not 57 octets.
func ed448Public(seed []byte) []byte {
	if len(seed) != 57 {
		return nil
	}
	h := sha3.SumSHAKE256(seed, 114)[:57]
	h[0] &= 0xfc
	h[55] |= 0x80
	h[56] = 0
	x, y, z := scalarMult448(littleEndian(h))
	inverse := new(big.Int).ModInverse(z, prime448)
	x.Mul(x, inverse).Mod(x, prime448)
	y.Mul(y, inverse).Mod(y, prime448)
	public := toLittleEndian(y, 57)
	public[56] |= byte(x.Bit(0)) << 7
	return public
}

// scalarMult448 multiplies the base point, in projective coordinates.
func scalarMult448(scalar *big.Int) (x, y, z *big.Int) {
	x, y, z = new(big.Int), big.NewInt(1), big.NewInt(1)
	for i := scalar.BitLen() - 1; i >= 0; i-- {
		x, y, z = add448(x, y, z, x, y, z)
		if scalar.Bit(i) == 1 {
			x, y, z = add448(x, y, z, ed448X, ed448Y, big.NewInt(1))
		}
	}
	return x, y, z
}

// add448 is the addition of RFC 8032 5.2.4.
func add448(x1, y1, z1, x2, y2, z2 *big.Int) (x, y, z *big.Int) {
	mul := func(a, b *big.Int) *big.Int {
		product := new(big.Int).Mul(a, b)
		return product.Mod(product, prime448)
	}
	a := mul(z1, z2)
	b := mul(a, a)
	c, d := mul(x1, x2), mul(y1, y2)
	e := mul(d448, mul(c, d))
	f, g := new(big.Int).Sub(b, e), new(big.Int).Add(b, e)
	h := mul(new(big.Int).Add(x1, y1), new(big.Int).Add(x2, y2))
	h.Sub(h, c).Sub(h, d)
	return mul(mul(a, f), h), mul(mul(a, g), new(big.Int).Sub(d, c)), mul(f, g)
}

// x448Public is RFC 7748 5 with the base point 5; nil where the scalar is not
// 56 octets.
func x448Public(scalar []byte) []byte {
	if len(scalar) != 56 {
		return nil
	}
	k := slices.Clone(scalar)
	k[0] &= 0xfc
	k[55] |= 0x80
	bits := littleEndian(k)
	mod := func(n *big.Int) *big.Int { return n.Mod(n, prime448) }
	mul := func(a, b *big.Int) *big.Int { return mod(new(big.Int).Mul(a, b)) }
	add := func(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }
	sub := func(a, b *big.Int) *big.Int { return mod(new(big.Int).Sub(a, b)) }
	u, a24 := big.NewInt(5), big.NewInt(39081)
	x2, z2, x3, z3 := big.NewInt(1), new(big.Int), big.NewInt(5), big.NewInt(1)
	for i := 447; i >= 0; i-- {
		swap := bits.Bit(i) == 1
		if swap {
			x2, z2, x3, z3 = x3, z3, x2, z2
		}
		a, b := add(x2, z2), sub(x2, z2)
		aa, bb := mul(a, a), mul(b, b)
		e := sub(aa, bb)
		da, cb := mul(sub(x3, z3), a), mul(add(x3, z3), b)
		sum, difference := add(da, cb), sub(da, cb)
		x3, z3 = mul(sum, sum), mul(u, mul(difference, difference))
		x2, z2 = mul(aa, bb), mul(e, add(aa, mul(a24, e)))
		if swap {
			x2, z2, x3, z3 = x3, z3, x2, z2
		}
	}
	return toLittleEndian(mul(x2, new(big.Int).ModInverse(z2, prime448)), 56)
}
