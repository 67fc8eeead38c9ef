package keyfile

import (
	"bytes"
	"context"
	"fmt"
)

// Limits bound what a file can make us do. A zero field means its default.
type Limits struct {
	FileSize     int   // octets of one file; 1 MiB
	Iterations   int64 // rounds of key derivation, all derivations of one file together, for one reading of its password; 10,000,000
	ScryptMemory int64 // octets of one scrypt derivation; 1 GiB
	Objects      int   // keys, certificates, bags and PEM blocks in one file; 10,000
	Depth        int   // containers within containers (safes, PEM of PKCS #12, base64 of PEM); 8
}

func (l Limits) withDefaults() Limits {
	if l.FileSize == 0 {
		l.FileSize = 1 << 20
	}
	if l.Iterations == 0 {
		l.Iterations = 10_000_000
	}
	if l.ScryptMemory == 0 {
		l.ScryptMemory = 1 << 30
	}
	if l.Objects == 0 {
		l.Objects = 10_000
	}
	if l.Depth == 0 {
		l.Depth = 8
	}
	return l
}

// budget is what is left of the limits while a file is read.
type budget struct {
	ctx     context.Context
	limits  Limits
	rounds  int64 // spent
	checks  int64 // spent on signatures
	objects int   // spent
}

// spend takes the rounds of one derivation from the budget before it starts.
func (b *budget) spend(rounds int64) error {
	if rounds < 0 || rounds > b.limits.Iterations-b.rounds {
		return &Error{Kind: KDFCost, Message: fmt.Sprintf(
			"the file asks for a key derivation that costs more than the limit of %d rounds", b.limits.Iterations)}
	}
	b.rounds += rounds
	return b.ctx.Err()
}

// oneOf tries readings of a password until one fits, each form that is used of
// them once. Together they cost what the dearest does: the file asks for one
// derivation, and which reading it was made with is not its fault.
func (b *budget) oneOf(readings []password, ofBMP bool, fits func(password) (bool, error)) (bool, error) {
	before, dearest := b.rounds, b.rounds
	defer func() { b.rounds = dearest }()
	for i, pw := range readings {
		if last := readings[max(0, i-1)]; i > 0 && (ofBMP && bytes.Equal(pw.bmp, last.bmp) || !ofBMP && bytes.Equal(pw.utf8, last.utf8)) {
			continue
		}
		b.rounds = before
		ok, err := fits(pw)
		dearest = max(dearest, b.rounds)
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// object counts one thing found.
func (b *budget) object() error {
	b.objects++
	if b.objects > b.limits.Objects {
		return fault(TooLarge, "the file holds more than the limit of %d objects", b.limits.Objects)
	}
	return b.ctx.Err()
}

// alive asks the context now and then inside a loop of cheap rounds.
func (b *budget) alive(round int) error {
	if round&0x3ff != 0 {
		return nil
	}
	return b.ctx.Err()
}
