//go:build !race

package slack

// Race says whether the race detector is on.
const Race = false
