package mutation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestEach(t *testing.T) {
	seeds := [][]byte{[]byte(`{"a":[1,2,3]}`), []byte(`<a><b/></a>`), {}}
	run := func() (all []string) {
		Each(seeds, 2000, func(d []byte) { all = append(all, string(d)) })
		return all
	}
	first := run()
	assert.Equal(t, first, run(), "the same on every run")
	assert.Len(t, first, 2000)
	assert.Equal(t, []string{`{"a":[1,2,3]}`, `<a><b/></a>`, ""}, []string{string(seeds[0]), string(seeds[1]), string(seeds[2])}, "seeds stay as they are")
	different := map[string]bool{}
	for _, d := range first {
		different[d] = true
		assert.LessOrEqual(t, len(d), 26)
	}
	assert.Greater(t, len(different), 1000)
}

func TestCost(t *testing.T) {
	var kept []byte
	took, allocated := Cost(func() { kept = make([]byte, 1<<20); time.Sleep(time.Millisecond) })
	assert.Len(t, kept, 1<<20)
	assert.GreaterOrEqual(t, took, time.Millisecond)
	assert.GreaterOrEqual(t, allocated, uint64(1<<20))
}
