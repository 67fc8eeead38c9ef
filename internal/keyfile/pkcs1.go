package keyfile

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"math/big"
)

// maxRSABits is the largest modulus we compute with, as OpenSSL's.
const maxRSABits = 16384

// minRSABits is the smallest modulus that crypto/rsa signs with.
const minRSABits = 1024

// parsePKCS1 reads RSAPrivateKey (RFC 8017 A.1.2).
func parsePKCS1(b *budget, octets []byte) (*Key, error) {
	return rsaKey(b, octets, der(tagSequence, derOID(oidRSA), der(tagNull)), true)
}

// rsaKey reads RSAPrivateKey under an AlgorithmIdentifier, of RSA or RSA-PSS.
// Keys of RSA-PSS alone are not for crypto/tls, which cannot read their
// certificates.
func rsaKey(b *budget, octets, algorithm []byte, signs bool) (*Key, error) {
	f := sequenceOf(octets)
	version, n, e, d := f.natural(), f.natural(), f.natural(), f.natural()
	primes := []*big.Int{f.natural(), f.natural()}
	for range 3 { // the CRT values follow from the rest
		f.natural()
	}
	if others, more := f.optional(tagSequence); more && version.Cmp(big.NewInt(1)) == 0 {
		for infos := others.fields(); infos.more(); {
			info := infos.sequence()
			primes = append(primes, info.natural())
			if err := errors.Join(info.err, infos.err); err != nil {
				return nil, corrupt("RSA key", err)
			}
			if len(primes) > 16 {
				return nil, corrupt("RSA key", errors.New("more than 16 primes"))
			}
		}
	}
	if f.end(); f.err != nil {
		return nil, corrupt("RSA key", f.err)
	}
	if n.BitLen() > maxRSABits {
		return nil, fault(UnsupportedKey, "an RSA key of %d bits is beyond the limit of %d", n.BitLen(), maxRSABits)
	}
	if err := b.spend(cubic(n.BitLen()) / 16); err != nil {
		return nil, err
	}
	err := checkRSA(n, e, d, primes)
	if err == nil && withoutPrimes(primes) {
		if primes, err = factors(b, n, e, d); ends(err) {
			return nil, err
		}
	}
	if err != nil {
		return nil, corrupt("RSA key", err)
	}
	spki := keyInfo(algorithm, der(tagSequence, derInteger(n), derInteger(e)))
	if !signs {
		return newKey(spki, nil)
	}
	return newKey(spki, rsaSigner(n, e, d, primes))
}

// checkRSA refuses numbers that are no key: the primes must give the modulus,
// and d must undo e for each of them.
func checkRSA(n, e, d *big.Int, primes []*big.Int) error {
	if n.BitLen() < 16 || n.Bit(0) == 0 || e.BitLen() < 2 || e.Bit(0) == 0 || d.Sign() == 0 || d.Cmp(n) >= 0 {
		return errors.New("the numbers are no RSA key")
	}
	if withoutPrimes(primes) {
		return nil
	}
	product, one := big.NewInt(1), big.NewInt(1)
	for _, p := range primes {
		if p.BitLen() < 2 {
			return errors.New("its primes do not give its modulus")
		}
		product.Mul(product, p)
	}
	if product.Cmp(n) != 0 {
		return errors.New("its primes do not give its modulus")
	}
	undone := new(big.Int).Mul(e, d)
	undone.Sub(undone, one)
	for _, p := range primes {
		order := new(big.Int).Sub(p, one)
		if new(big.Int).Mod(undone, order).Sign() != 0 {
			return errors.New("its private exponent does not fit its public one")
		}
	}
	return nil
}

// withoutPrimes says that a key has left out its primes, as zeros.
func withoutPrimes(primes []*big.Int) bool {
	return len(primes) == 2 && primes[0].Sign() == 0 && primes[1].Sign() == 0
}

// factors are the primes that follow from both exponents (NIST SP 800-56B,
// appendix C): a power of a number whose square is 1 modulo n, and that is
// neither 1 nor -1, has a factor of n beside it. Each number has one with a
// chance of a half at least, unless the exponents do not belong together.
func factors(b *budget, n, e, d *big.Int) ([]*big.Int, error) {
	one := big.NewInt(1)
	minusOne := new(big.Int).Sub(n, one)
	order := new(big.Int).Mul(e, d)
	order.Sub(order, one)
	twos := order.TrailingZeroBits()
	odd := new(big.Int).Rsh(order, twos)
	for base := int64(2); base < 40; base++ {
		if err := b.spend(cubic(n.BitLen())); err != nil {
			return nil, err
		}
		power := new(big.Int).Exp(big.NewInt(base), odd, n)
		for range twos {
			last := power
			power = new(big.Int).Mul(last, last)
			power.Mod(power, n)
			if power.Cmp(one) != 0 {
				continue
			}
			if last.Cmp(one) == 0 || last.Cmp(minusOne) == 0 {
				break
			}
			p := new(big.Int).GCD(nil, nil, new(big.Int).Sub(last, one), n)
			q := new(big.Int).Quo(n, p)
			return []*big.Int{p, q}, checkRSA(n, e, d, []*big.Int{p, q})
		}
		if power.Cmp(one) != 0 {
			break // by Euler it would be
		}
	}
	return nil, errors.New("its private exponent does not fit its public one")
}

// rsaSigner is the key for crypto/tls, or nil where crypto/rsa refuses it.
func rsaSigner(n, e, d *big.Int, primes []*big.Int) crypto.Signer {
	if n.BitLen() < minRSABits || e.BitLen() > 31 {
		return nil
	}
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: n, E: int(e.Int64())},
		D:         d,
		Primes:    primes,
	}
	key.Precompute()
	if key.Validate() != nil {
		return nil
	}
	return key
}

// canonicalPSS writes the AlgorithmIdentifier of an RSA-PSS key with the hash
// algorithms as RFC 4055 2.1 wants them generated: with NULL for parameters,
// which may also be absent.
func canonicalPSS(alg algorithm) []byte {
	if alg.params.tag != tagSequence {
		return alg.raw
	}
	var params []byte
	for f := alg.fields(); f.more(); {
		member := f.next()
		switch inner := member.fields(); member.tag {
		case tagContext0:
			member.raw = der(tagContext0, withNull(inner.algorithm()))
		case tagContext1:
			mgf := inner.algorithm()
			hash := (&fields{rest: mgf.params.raw}).algorithm()
			member.raw = der(tagContext1, der(tagSequence, derOID(mgf.oid), withNull(hash)))
		}
		params = append(params, member.raw...)
	}
	return der(tagSequence, derOID(oidRSAPSS), der(tagSequence, params))
}

func withNull(hash algorithm) []byte {
	if hash.params.raw != nil || hash.oid == "" {
		return hash.raw
	}
	return der(tagSequence, derOID(hash.oid), der(tagNull))
}

// cubic is the price of a modular exponentiation in rounds of a key derivation.
func cubic(bits int) int64 {
	n := int64(bits)
	return n * n / 512 * n / 1024
}
