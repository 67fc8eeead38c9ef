package keyfile

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"hash"

	//lint:ignore SA1019 scrypt is made of it, and ours can be cancelled
	"golang.org/x/crypto/salsa20/salsa"
)

// pbkdf1 is RFC 8018 5.1; size is at most the size of the hash.
func pbkdf1(b *budget, newHash func() hash.Hash, password, salt []byte, rounds, size int) ([]byte, error) {
	if err := b.spend(int64(rounds)); err != nil {
		return nil, err
	}
	h := newHash()
	if size > h.Size() {
		return nil, fmt.Errorf("PBKDF1 cannot give %d octets", size)
	}
	h.Write(password)
	h.Write(salt)
	t := h.Sum(nil)
	for i := 1; i < rounds; i++ {
		if err := b.alive(i); err != nil {
			return nil, err
		}
		h.Reset()
		h.Write(t)
		t = h.Sum(t[:0])
	}
	return t[:size], nil
}

// pbkdf2 is RFC 8018 5.2, with a budget and a context.
func pbkdf2(b *budget, newHash func() hash.Hash, password, salt []byte, rounds, size int) ([]byte, error) {
	prf := hmac.New(newHash, password)
	blocks := (size + prf.Size() - 1) / prf.Size()
	if err := b.spend(int64(blocks) * int64(rounds)); err != nil {
		return nil, err
	}
	key := make([]byte, 0, blocks*prf.Size())
	for block := 1; block <= blocks; block++ {
		prf.Reset()
		prf.Write(salt)
		prf.Write(binary.BigEndian.AppendUint32(nil, uint32(block)))
		key = prf.Sum(key)
		t := key[len(key)-prf.Size():]
		u := append([]byte(nil), t...)
		for i := 1; i < rounds; i++ {
			if err := b.alive(i); err != nil {
				return nil, err
			}
			prf.Reset()
			prf.Write(u)
			u = prf.Sum(u[:0])
			for j := range t {
				t[j] ^= u[j]
			}
		}
	}
	return key[:size], nil
}

// What a key derived by pkcs12KDF is for (RFC 7292 B.3).
const (
	forKey = 1
	forIV  = 2
	forMAC = 3
)

// pkcs12KDF is RFC 7292 B.2. The password is a BMPString with its terminator.
func pkcs12KDF(b *budget, newHash func() hash.Hash, purpose byte, password, salt []byte, rounds, size int) ([]byte, error) {
	h := newHash()
	u, v := h.Size(), h.BlockSize()
	blocks := (size + u - 1) / u
	if err := b.spend(int64(blocks) * int64(rounds)); err != nil {
		return nil, err
	}
	diversifier := make([]byte, v)
	for i := range diversifier {
		diversifier[i] = purpose
	}
	input := append(repeatTo(salt, v), repeatTo(password, v)...)
	var out []byte
	for {
		h.Reset()
		h.Write(diversifier)
		h.Write(input)
		a := h.Sum(nil)
		for i := 1; i < rounds; i++ {
			if err := b.alive(i); err != nil {
				return nil, err
			}
			h.Reset()
			h.Write(a)
			a = h.Sum(a[:0])
		}
		out = append(out, a...)
		if len(out) >= size {
			return out[:size], nil
		}
		addToBlocks(input, repeatTo(a, v)[:v])
	}
}

// repeatTo repeats s to fill whole blocks of v octets; nothing stays nothing.
func repeatTo(s []byte, v int) []byte {
	size := (len(s) + v - 1) / v * v
	out := make([]byte, size)
	for i := range out {
		out[i] = s[i%len(s)]
	}
	return out
}

// addToBlocks replaces each block I of input by (I + B + 1) mod 2^(8v).
func addToBlocks(input, b []byte) {
	for ; len(input) > 0; input = input[len(b):] {
		carry := uint16(1)
		for i := len(b) - 1; i >= 0; i-- {
			carry += uint16(input[i]) + uint16(b[i])
			input[i] = byte(carry)
			carry >>= 8
		}
	}
}

// bytesToKey is OpenSSL's EVP_BytesToKey with MD5 and one round, which the
// encryption of traditional PEM keys uses.
func bytesToKey(password, salt []byte, size int) []byte {
	var key, last []byte
	for len(key) < size {
		h := md5.New()
		h.Write(last)
		h.Write(password)
		h.Write(salt)
		last = h.Sum(nil)
		key = append(key, last...)
	}
	return key[:size]
}

// scryptKey is RFC 7914, with a budget for time and memory and a context.
func scryptKey(b *budget, newHash func() hash.Hash, password, salt []byte, n, r, p, size int) ([]byte, error) {
	if n < 2 || n&(n-1) != 0 || r < 1 || p < 1 || int64(r)*int64(p) >= 1<<30 {
		return nil, fmt.Errorf("scrypt with impossible parameters N=%d r=%d p=%d", n, r, p)
	}
	if memory := 128 * int64(r) * (int64(n) + int64(p) + 2); int64(n) > b.limits.ScryptMemory || memory > b.limits.ScryptMemory {
		return nil, &Error{Kind: KDFCost, Message: fmt.Sprintf(
			"the file asks for an scrypt derivation (N=%d r=%d p=%d) beyond the memory limit of %d octets", n, r, p, b.limits.ScryptMemory)}
	}
	if err := b.spend(int64(n) * int64(r) * int64(p)); err != nil {
		return nil, err
	}
	mix, err := pbkdf2(b, newHash, password, salt, 1, p*128*r)
	if err != nil {
		return nil, err
	}
	table := make([]byte, n*128*r)
	for i := range p {
		if err := roMix(b, mix[i*128*r:(i+1)*128*r], table, n, r); err != nil {
			return nil, err
		}
	}
	return pbkdf2(b, newHash, password, mix, 1, size)
}

// roMix is scryptROMix (RFC 7914 5).
func roMix(b *budget, x, table []byte, n, r int) error {
	size := 128 * r
	y := make([]byte, size)
	for i := range n {
		if err := b.alive(i * r); err != nil {
			return err
		}
		copy(table[i*size:], x)
		blockMix(x, y, r)
	}
	for i := range n {
		if err := b.alive(i * r); err != nil {
			return err
		}
		j := int(binary.LittleEndian.Uint64(x[size-64:]) & uint64(n-1))
		for k, t := range table[j*size : (j+1)*size] {
			x[k] ^= t
		}
		blockMix(x, y, r)
	}
	return nil
}

// blockMix is scryptBlockMix (RFC 7914 4), in place; y is room of the same size.
func blockMix(x, y []byte, r int) {
	t := [64]byte(x[len(x)-64:])
	for i := range 2 * r {
		for k, octet := range x[64*i : 64*i+64] {
			t[k] ^= octet
		}
		salsa.Core208(&t, &t)
		// Even blocks come first, odd ones after them.
		copy(y[64*(i/2+i%2*r):], t[:])
	}
	copy(x, y)
}
