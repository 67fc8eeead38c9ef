package filestate

import (
	"fmt"
	"hash/maphash"
	"io/fs"
	"os"
	"slices"
	"time"
)

// timeGrain is how far apart two changes of a file have to be for its
// modification time to tell them apart, on the coarsest file systems.
const timeGrain = 2 * time.Second

// Stamp tells one state of a part from another without reading it.
type Stamp struct {
	info fs.FileInfo // nil: a variable, or a file that cannot be looked at
	hash uint64      // of a variable's value, which is kept nowhere
}

var seed = maphash.MakeSeed()

func (p place) stamps(parts []Part) []Stamp {
	stamps := make([]Stamp, len(parts))
	for i, of := range parts {
		switch {
		case of.Name == "":
		case of.Env:
			value, set := os.LookupEnv(of.Name)
			stamps[i].hash = maphash.String(seed, fmt.Sprint(set, value))
		default:
			stamps[i].info, _ = p.stat(of.Name)
		}
	}
	return stamps
}

// Same says whether two states of the same parts are one.
func Same(a, b []Stamp) bool { return slices.EqualFunc(a, b, Stamp.same) }

func (s Stamp) same(o Stamp) bool {
	if s.info == nil || o.info == nil {
		return s.info == o.info && s.hash == o.hash
	}
	// Only files of this machine have an identity to compare.
	identity := os.SameFile(s.info, o.info) || !os.SameFile(s.info, s.info)
	return identity && s.info.Size() == o.info.Size() && s.info.ModTime().Equal(o.info.ModTime())
}

// Settled says whether a further change would show in the modification time.
func (s Stamp) Settled(now time.Time) bool {
	return s.info == nil || now.Sub(s.info.ModTime()).Abs() > timeGrain
}
