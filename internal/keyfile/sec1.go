package keyfile

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"errors"
	"math/big"
)

// parseSEC1 reads ECPrivateKey (RFC 5915 3). Its parameters are optional there
// and may come from an EC PARAMETERS block before it.
func parseSEC1(b *budget, octets []byte, params value) (*Key, error) {
	f := sequenceOf(octets)
	f.count() // version; some writers give others than the 1 that RFC 5915 asks for
	private := f.octets()
	if inner, there := f.optional(tagContext0); there {
		own := inner.fields()
		if params = own.next(); own.err != nil {
			f.err = own.err
		}
	}
	var public []byte
	if inner, there := f.optional(tagContext1); there {
		own := inner.fields()
		if public = own.bits(); own.err != nil {
			f.err = own.err
		}
	}
	if f.end(); f.err != nil {
		return nil, corrupt("EC key", f.err)
	}
	return ecKey(b, params, private, public)
}

// ecKey makes a key of its curve, its scalar and, where the file gives it, its
// point, which must be that of the scalar.
func ecKey(b *budget, params value, private, public []byte) (*Key, error) {
	if params.tag != tagOID && params.tag != tagSequence {
		return nil, fault(Corrupt, "the EC key does not say its curve; put the EC PARAMETERS block that belongs to it in front")
	}
	computed, signer, err := ecPublic(b, params, private)
	switch {
	case err != nil && ends(err):
		return nil, err
	case err != nil:
		return nil, corrupt("EC key", err)
	case computed == nil && public == nil:
		name, _ := describeCurve(params)
		return nil, fault(UnsupportedKey,
			"an EC key on the curve %s, which is not supported; openssl pkey can write it with its public key, which is enough to name it", name)
	case public == nil:
		public = computed
	case computed != nil && !samePoint(computed, public):
		return nil, corrupt("EC key", errors.New("its public key is not that of its private key"))
	}
	encoded := der(tagOID, params.body) // certificates have it in DER, whatever the key has
	if params.tag == tagSequence {
		encoded = canonicalParameters(params)
	}
	return newKey(keyInfo(der(tagSequence, derOID(oidEC), encoded), public), signer)
}

// ecPublic computes the uncompressed point, and the signer where Go has the
// curve. A nil point is a curve we cannot compute on.
func ecPublic(b *budget, params value, private []byte) (point []byte, signer crypto.Signer, err error) {
	d := new(big.Int).SetBytes(private)
	var c *curve
	if params.tag == tagOID {
		oid, err := oidString(params.body)
		if err != nil {
			return nil, nil, err
		}
		if known := goCurves[oid]; known != nil {
			if err := b.spend(500); err != nil {
				return nil, nil, err
			}
			size := (known.Params().N.BitLen() + 7) / 8
			if d.BitLen() > 8*size {
				return nil, nil, errors.New("its private key is too large for its curve")
			}
			// SEC 1 wants all octets, and old writers dropped leading zeros.
			key, err := ecdsa.ParseRawPrivateKey(known, d.FillBytes(make([]byte, size)))
			if err != nil {
				return nil, nil, errors.New("its private key is out of range")
			}
			point, err := key.PublicKey.Bytes()
			return point, key, err
		}
		c = otherCurve(oid)
	} else if c, err = explicitCurve(params); err != nil {
		return nil, nil, err
	}
	if c == nil {
		return nil, nil, nil
	}
	if err := b.spend(100 * int64(c.p.BitLen())); err != nil {
		return nil, nil, err
	}
	if point = c.public(d); point == nil {
		return nil, nil, errors.New("its private key is out of range")
	}
	return point, nil, nil
}

func samePoint(a, b []byte) bool {
	ax, asign, aerr := splitPoint(a)
	bx, bsign, berr := splitPoint(b)
	return aerr == nil && berr == nil && asign == bsign && bytes.Equal(ax, bx)
}
