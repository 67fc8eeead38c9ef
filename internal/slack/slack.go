// Package slack gives tests more time where the race detector slows everything
// down. What is prompt to the millisecond is held in virtual time; a bound on the
// real clock only tells what ends from what does not.
package slack

import "time"

// factor is what the race detector may cost, on a machine that does other things
// beside.
const factor = 5

// For is how long something may take that takes less than d without the race
// detector.
func For(d time.Duration) time.Duration {
	if Race {
		return factor * d
	}
	return d
}
