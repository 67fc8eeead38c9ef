package timeline

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestLines(t *testing.T) {
	const ms = time.Millisecond
	groups := []Group{
		{"one", []Part{{"a", 0, 50 * ms}, {"b", 50 * ms, 0}}},
		{"two", []Part{{"c", 50 * ms, 50 * ms}}},
	}
	assert.Equal(t, []string{
		"one",
		"  a            50.0 ms  |██████████          |",
		"  b             0.0 ms  |          █         |",
		"two",
		"  c            50.0 ms  |          ██████████|",
		"                        0               100 ms",
	}, Lines(groups, margin+22))
	assert.Empty(t, Lines(nil, 0))
	assert.Equal(t, []string{"none"}, Lines([]Group{{Title: "none"}}, 0))
}

// Whatever the times are, every bar is within its cells.
func TestBarsKeepTheirWidth(t *testing.T) {
	for _, length := range []time.Duration{0, 1, time.Microsecond, time.Second, 300 * 100 * time.Second} {
		for _, start := range []time.Duration{0, 1, time.Hour, 300 * 100 * time.Second} {
			for _, width := range []int{-1, 0, 1, 41, 200, 10_000} {
				for _, line := range Lines([]Group{{"", []Part{{"x", start, length}, {"y", 0, time.Millisecond}}}}, width) {
					if strings.Contains(line, "|") {
						want := max(width, margin+leastBars+2)
						if width <= 0 {
							want = DefaultWidth
						}
						assert.Equal(t, want, len([]rune(line)), line)
						assert.Contains(t, line, "█")
					}
				}
			}
		}
	}
}

func TestText(t *testing.T) {
	for want, d := range map[string]time.Duration{"0.0 ms": 0, "1.5 ms": 1500 * time.Microsecond, "250 ms": 250 * time.Millisecond, "12.3 s": 12_345 * time.Millisecond} {
		assert.Equal(t, want, Text(d))
	}
}
