package keyfile

import (
	"crypto/sha512"
	"encoding/binary"
	"errors"

	//lint:ignore SA1019 bcrypt_pbkdf of OpenSSH keys is made of it
	"golang.org/x/crypto/blowfish"
)

// bcryptRounds is the price of one round of bcryptKey in rounds of other
// derivations: it expands the Blowfish key 129 times.
const bcryptRounds = 20_000

// bcryptKey is bcrypt_pbkdf of OpenBSD, which OpenSSH keys are encrypted with:
// PBKDF2 in its outline, bcrypt as its pseudo-random function, and an output
// that takes its octets from all blocks in turn.
func bcryptKey(b *budget, password, salt []byte, rounds uint32, size int) ([]byte, error) {
	if rounds < 1 || len(salt) == 0 || size < 1 {
		return nil, errors.New("bcrypt with impossible parameters")
	}
	blocks := (size + 31) / 32
	if err := b.spend(int64(blocks) * int64(rounds) * bcryptRounds); err != nil {
		return nil, err
	}
	secret := sha512.Sum512(password)
	key := make([]byte, blocks*32)
	for block := range blocks {
		tweak := sha512.Sum512(binary.BigEndian.AppendUint32(append([]byte(nil), salt...), uint32(block+1)))
		var sum [32]byte
		for range rounds {
			if err := b.ctx.Err(); err != nil {
				return nil, err
			}
			hash, err := bcryptHash(secret[:], tweak[:])
			if err != nil {
				return nil, err
			}
			for i := range sum {
				sum[i] ^= hash[i]
			}
			tweak = sha512.Sum512(hash[:])
		}
		for i, octet := range sum {
			key[i*blocks+block] = octet
		}
	}
	return key[:size], nil
}

// bcryptHash is bcrypt with 2^6 rounds over another magic string.
func bcryptHash(secret, tweak []byte) (out [32]byte, err error) {
	c, err := blowfish.NewSaltedCipher(secret, tweak)
	if err != nil {
		return out, err
	}
	for range 64 {
		blowfish.ExpandKey(tweak, c)
		blowfish.ExpandKey(secret, c)
	}
	copy(out[:], "OxychromaticBlowfishSwatDynamite")
	for at := 0; at < len(out); at += 8 {
		for range 64 {
			c.Encrypt(out[at:], out[at:])
		}
	}
	for at := 0; at < len(out); at += 4 {
		binary.LittleEndian.PutUint32(out[at:], binary.BigEndian.Uint32(out[at:]))
	}
	return out, nil
}
