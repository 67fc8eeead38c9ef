package keyfile

import (
	"crypto/elliptic"
	"errors"
	"math/big"
)

// goCurves are the curves that crypto/ecdsa signs with.
var goCurves = map[string]elliptic.Curve{
	"1.3.132.0.33":        elliptic.P224(),
	"1.2.840.10045.3.1.7": elliptic.P256(),
	"1.3.132.0.34":        elliptic.P384(),
	"1.3.132.0.35":        elliptic.P521(),
}

// curveNames name the curves that keys are found on.
var curveNames = table[string]{
	{"1.3.132.0.33", "P-224"}, {"1.2.840.10045.3.1.7", "P-256"}, {"1.3.132.0.34", "P-384"}, {"1.3.132.0.35", "P-521"},
	{"1.2.840.10045.3.1.1", "P-192"}, {"1.3.132.0.10", "secp256k1"}, {"1.2.156.10197.1.301", "SM2"},
	{"1.3.36.3.3.2.8.1.1.5", "brainpoolP224r1"}, {"1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"},
	{"1.3.36.3.3.2.8.1.1.9", "brainpoolP320r1"}, {"1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1"},
	{"1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1"},
}

// curve is a curve y² = x³ + ax + b over a prime field, in affine coordinates.
// It computes public keys to name and match them; crypto/ecdsa and crypto/ecdh
// do everything that an adversary could time.
type curve struct{ p, a, b, gx, gy, n *big.Int }

// otherCurve is one of otherCurves; nil: none of them.
func otherCurve(oid string) *curve {
	numbers, known := otherCurves.find(oid)
	if !known {
		return nil
	}
	var c curve
	for i, number := range []**big.Int{&c.p, &c.a, &c.b, &c.gx, &c.gy, &c.n} {
		*number = fromHex(numbers[i])
	}
	return &c
}

func fromHex(digits string) *big.Int {
	n, _ := new(big.Int).SetString(digits, 16)
	return n
}

// size is the octets of a coordinate.
func (c *curve) size() int { return (c.p.BitLen() + 7) / 8 }

// public is the uncompressed point d·G, or nil where d is out of range or the
// parameters are no curve.
func (c *curve) public(d *big.Int) []byte {
	if d.Sign() <= 0 || d.Cmp(c.n) >= 0 {
		return nil
	}
	var x, y *big.Int // nil: the point at infinity
	for i := d.BitLen() - 1; i >= 0; i-- {
		if x != nil {
			x, y = c.add(x, y, x, y)
		}
		if d.Bit(i) == 1 {
			if x == nil {
				x, y = c.gx, c.gy
			} else {
				x, y = c.add(x, y, c.gx, c.gy)
			}
		}
	}
	if x == nil {
		return nil
	}
	point := make([]byte, 1+2*c.size())
	point[0] = 4
	x.FillBytes(point[1 : 1+c.size()])
	y.FillBytes(point[1+c.size():])
	return point
}

// add adds two points; nil is the point at infinity.
func (c *curve) add(x1, y1, x2, y2 *big.Int) (x, y *big.Int) {
	rise, run := new(big.Int), new(big.Int)
	if x1.Cmp(x2) == 0 {
		if y1.Cmp(y2) != 0 {
			return nil, nil
		}
		rise.Mul(x1, x1).Mul(rise, big.NewInt(3)).Add(rise, c.a)
		run.Lsh(y1, 1)
	} else {
		rise.Sub(y2, y1)
		run.Sub(x2, x1)
	}
	if run.Mod(run, c.p).Sign() == 0 || run.ModInverse(run, c.p) == nil {
		return nil, nil
	}
	slope := rise.Mul(rise, run)
	slope.Mod(slope, c.p)
	x = new(big.Int).Mul(slope, slope)
	x.Sub(x, x1).Sub(x, x2).Mod(x, c.p)
	y = new(big.Int).Sub(x1, x)
	y.Mul(y, slope).Sub(y, y1).Mod(y, c.p)
	return x, y
}

// maxFieldBits is the largest prime field of explicit parameters.
const maxFieldBits = 640

// primeField begins to read ECParameters (RFC 3279 2.3.5): the field's prime,
// nil for other fields. Nothing is computed.
func primeField(params value) (f *fields, p *big.Int, err error) {
	f = params.fields()
	f.integer()
	field := f.sequence()
	if field.oid() == "1.2.840.10045.1.1" {
		p = field.natural()
	}
	return f, p, field.err
}

// explicitCurve reads ECParameters over a prime field; nil without an error for
// other fields, and where to decompress the base point could take long.
func explicitCurve(params value) (*curve, error) {
	f, p, err := primeField(params)
	if p == nil || err != nil {
		return nil, err
	}
	c := &curve{p: p}
	coefficients := f.sequence()
	c.a, c.b = new(big.Int).SetBytes(coefficients.octets()), new(big.Int).SetBytes(coefficients.octets())
	base := f.octets()
	c.n = f.natural()
	if err := errors.Join(f.err, coefficients.err); err != nil {
		return nil, err
	}
	if compressed := len(base) > 0 && base[0] < 4; compressed && !hasFastRoots(c.p) {
		return nil, nil
	}
	if c.p.BitLen() < 64 || c.p.BitLen() > maxFieldBits || !c.p.ProbablyPrime(0) || c.n.BitLen() > c.p.BitLen()+1 {
		return nil, errImpossibleCurve
	}
	if c.gx, c.gy = c.point(base); c.gx == nil {
		return nil, errImpossibleCurve
	}
	return c, nil
}

// hasFastRoots says whether square roots modulo a prime take one or two
// exponentiations. Else they take as many as the powers of two in p-1 squared,
// which who makes up a prime can choose; P-224 is the one known curve of these.
func hasFastRoots(p *big.Int) bool {
	return p.Bit(1) == 1 || p.Bit(2) == 1 || p.Cmp(elliptic.P224().Params().P) == 0
}

var errImpossibleCurve = errors.New("explicit parameters of an impossible curve")

// point decodes a point (SEC 1 2.3.4), compressed or not; nil where it is not
// on the curve.
func (c *curve) point(encoded []byte) (x, y *big.Int) {
	size := c.size()
	if len(encoded) < 1+size {
		return nil, nil
	}
	x = new(big.Int).SetBytes(encoded[1 : 1+size])
	square := new(big.Int).Mul(x, x)
	square.Add(square, c.a).Mul(square, x).Add(square, c.b).Mod(square, c.p)
	switch encoded[0] {
	case 2, 3:
		if y = new(big.Int).ModSqrt(square, c.p); y != nil && byte(y.Bit(0)) != encoded[0]&1 {
			y.Sub(c.p, y)
		}
	case 4, 6, 7:
		y = new(big.Int).SetBytes(encoded[1+size:])
		if new(big.Int).Exp(y, big.NewInt(2), c.p).Cmp(square) != 0 {
			y = nil
		}
	}
	if y == nil {
		return nil, nil
	}
	return x, y
}

// canonicalParameters writes explicit parameters in the one way that OpenSSL
// writes them: coefficients of full size and an uncompressed base point.
func canonicalParameters(params value) []byte {
	c, err := explicitCurve(params)
	if err != nil || c == nil {
		return params.raw
	}
	f := params.fields()
	version, field, coefficients := f.next(), f.next(), f.sequence()
	coefficients.next()
	coefficients.next()
	seed := coefficients.rest
	f.next() // base
	f.next() // order
	size := c.size()
	number := func(n *big.Int) []byte { return n.FillBytes(make([]byte, size)) }
	return der(tagSequence, version.raw, field.raw,
		der(tagSequence, der(tagOctetString, number(c.a)), der(tagOctetString, number(c.b)), seed),
		der(tagOctetString, []byte{4}, number(c.gx), number(c.gy)),
		derInteger(c.n), f.rest)
}

// otherCurves are the named prime curves that Go does not have (RFC 5639,
// SEC 2, GB/T 32918), to compute a public key that a file leaves out.
var otherCurves = table[[6]string]{
	{"1.2.840.10045.3.1.1", [6]string{
		"fffffffffffffffffffffffffffffffeffffffffffffffff",
		"fffffffffffffffffffffffffffffffefffffffffffffffc",
		"64210519e59c80e70fa7e9ab72243049feb8deecc146b9b1",
		"188da80eb03090f67cbf20eb43a18800f4ff0afd82ff1012",
		"07192b95ffc8da78631011ed6b24cdd573f977a11e794811",
		"ffffffffffffffffffffffff99def836146bc9b1b4d22831"}},
	{"1.3.132.0.10", [6]string{
		"fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f",
		"0",
		"7",
		"79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
		"483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
		"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"}},
	{"1.3.36.3.3.2.8.1.1.5", [6]string{
		"d7c134aa264366862a18302575d1d787b09f075797da89f57ec8c0ff",
		"68a5e62ca9ce6c1c299803a6c1530b514e182ad8b0042a59cad29f43",
		"2580f63ccfe44138870713b1a92369e33e2135d266dbb372386c400b",
		"0d9029ad2c7e5cf4340823b2a87dc68c9e4ce3174c1e6efdee12c07d",
		"58aa56f772c0726f24c6b89e4ecdac24354b9e99caa3f6d3761402cd",
		"d7c134aa264366862a18302575d0fb98d116bc4b6ddebca3a5a7939f"}},
	{"1.3.36.3.3.2.8.1.1.7", [6]string{
		"a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377",
		"7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9",
		"26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6",
		"8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262",
		"547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997",
		"a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7"}},
	{"1.3.36.3.3.2.8.1.1.9", [6]string{
		"d35e472036bc4fb7e13c785ed201e065f98fcfa6f6f40def4f92b9ec7893ec28fcd412b1f1b32e27",
		"3ee30b568fbab0f883ccebd46d3f3bb8a2a73513f5eb79da66190eb085ffa9f492f375a97d860eb4",
		"520883949dfdbc42d3ad198640688a6fe13f41349554b49acc31dccd884539816f5eb4ac8fb1f1a6",
		"43bd7e9afb53d8b85289bcc48ee5bfe6f20137d10a087eb6e7871e2a10a599c710af8d0d39e20611",
		"14fdd05545ec1cc8ab4093247f77275e0743ffed117182eaa9c77877aaac6ac7d35245d1692e8ee1",
		"d35e472036bc4fb7e13c785ed201e065f98fcfa5b68f12a32d482ec7ee8658e98691555b44c59311"}},
	{"1.3.36.3.3.2.8.1.1.11", [6]string{
		"8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53",
		"7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb04a8c7dd22ce2826",
		"4a8c7dd22ce28268b39b55416f0447c2fb77de107dcd2a62e880ea53eeb62d57cb4390295dbc9943ab78696fa504c11",
		"1d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8e826e03436d646aaef87b2e247d4af1e",
		"8abe1d7520f9c2a45cb1eb8e95cfd55262b70b29feec5864e19c054ff99129280e4646217791811142820341263c5315",
		"8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565"}},
	{"1.3.36.3.3.2.8.1.1.13", [6]string{
		"aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca703308717d4d9b009bc66842aecda12ae6a380e62881ff2f2d82c68528aa6056583a48f3",
		"7830a3318b603b89e2327145ac234cc594cbdd8d3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94ca",
		"3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94cadc083e67984050b75ebae5dd2809bd638016f723",
		"81aee4bdd82ed9645a21322e9c4c6a9385ed9f70b5d916c1b43b62eef4d0098eff3b1f78e2d0d48d50d1687b93b97d5f7c6d5047406a5e688b352209bcb9f822",
		"7dde385d566332ecc0eabfa9cf7822fdf209f70024a57b1aa000c55b881f8111b2dcde494a5f485e5bca4bd88a2763aed1ca2b2fa8f0540678cd1e0f3ad80892",
		"aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870553e5c414ca92619418661197fac10471db1d381085ddaddb58796829ca90069"}},
	{"1.2.156.10197.1.301", [6]string{
		"fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff",
		"fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc",
		"28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93",
		"32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7",
		"bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0",
		"fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123"}},
}
