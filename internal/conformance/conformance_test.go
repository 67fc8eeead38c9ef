package conformance_test

import (
	"maps"
	"slices"
	"testing"
)

// conformance holds the corpora that are run through the public API, by name.
// Each file conformance_NAME_test.go adds its own in init, so that
// -run Conformance/NAME runs one.
var conformance = map[string]func(*testing.T){}

func TestConformance(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(conformance)) {
		t.Run(name, conformance[name])
	}
}
