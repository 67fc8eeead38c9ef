package keyfile

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"hash"

	//lint:ignore SA1019 old files are authenticated with it
	"golang.org/x/crypto/ripemd160"
)

// table is what something is by its name or identifier: data, where a map would be
// made when a program starts.
type table[T any] []struct {
	name string
	of   T
}

func (t table[T]) find(name string) (of T, known bool) {
	for _, row := range t {
		if row.name == name {
			return row.of, true
		}
	}
	return of, false
}

// hmacHashes are the hashes of HMACs by the HMAC's identifier (RFC 8018 B.1).
var hmacHashes = table[func() hash.Hash]{
	{"1.2.840.113549.2.7", sha1.New},
	{"1.2.840.113549.2.8", sha256.New224},
	{"1.2.840.113549.2.9", sha256.New},
	{"1.2.840.113549.2.10", sha512.New384},
	{"1.2.840.113549.2.11", sha512.New},
	{"1.2.840.113549.2.12", sha512.New512_224},
	{"1.2.840.113549.2.13", sha512.New512_256},
	{"2.16.840.1.101.3.4.2.13", func() hash.Hash { return sha3.New224() }},
	{"2.16.840.1.101.3.4.2.14", func() hash.Hash { return sha3.New256() }},
	{"2.16.840.1.101.3.4.2.15", func() hash.Hash { return sha3.New384() }},
	{"2.16.840.1.101.3.4.2.16", func() hash.Hash { return sha3.New512() }},
}

// digestHashes are hashes by their own identifier.
var digestHashes = table[func() hash.Hash]{
	{"1.2.840.113549.2.5", md5.New},
	{"1.3.36.3.2.1", ripemd160.New},
	{"1.3.14.3.2.26", sha1.New},
	{"2.16.840.1.101.3.4.2.4", sha256.New224},
	{"2.16.840.1.101.3.4.2.1", sha256.New},
	{"2.16.840.1.101.3.4.2.2", sha512.New384},
	{"2.16.840.1.101.3.4.2.3", sha512.New},
	{"2.16.840.1.101.3.4.2.5", sha512.New512_224},
	{"2.16.840.1.101.3.4.2.6", sha512.New512_256},
	{"2.16.840.1.101.3.4.2.7", func() hash.Hash { return sha3.New224() }},
	{"2.16.840.1.101.3.4.2.8", func() hash.Hash { return sha3.New256() }},
	{"2.16.840.1.101.3.4.2.9", func() hash.Hash { return sha3.New384() }},
	{"2.16.840.1.101.3.4.2.10", func() hash.Hash { return sha3.New512() }},
}
