package xmlvalue

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// What is remembered never stands in for something else, whatever shares its
// slot.
func TestKnownStrings(t *testing.T) {
	var k known
	for round := range 3 {
		for i := range 500 {
			for _, s := range []string{fmt.Sprintf("v%d", i), fmt.Sprintf("%dv", i), strings.Repeat("x", i%40), "", "red"} {
				assert.Equal(t, s, k.boxed(s), round)
				assert.Equal(t, s, k.text([]byte(s)), round)
			}
		}
	}
	b := []byte("again")
	k.boxed("again")
	assert.Zero(t, testing.AllocsPerRun(10, func() { k.boxed("again"); k.text(b) }))
}
