package mtlshttp

import (
	"fmt"
	"slices"
	"strings"
)

// maxNearKey bounds the keys that a nearest one is looked for: comparing costs
// the product of the lengths.
const maxNearKey = 64

// unknownKey names the known key that is nearest to one that is not.
func unknownKey(key string) string {
	best, distance := "", len(key)/2+1
	if len(key) > maxNearKey {
		return "the key is not known"
	}
	for _, k := range slices.Concat(bodyKeys, keyNames()) {
		if d := editDistance(strings.ToLower(key), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return "the key is not known"
	}
	return fmt.Sprintf("the key is not known; did you mean %q?", best)
}

func keyNames() []string {
	names := make([]string, len(documentKeys))
	for i, k := range documentKeys {
		names[i] = k.name
	}
	return names
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
