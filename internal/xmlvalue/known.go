package xmlvalue

// known has short strings seen before, by their slot: many are one of a few
// (states, currencies, types), and an interface that holds a string is an
// allocation.
type known [64]any

const longestKnown = 32

// slot is where a string is remembered, -1 for nowhere. The hash is cheap: a
// collision costs one string.
func slot[S string | []byte](s S) int {
	if len(s) == 0 || len(s) > longestKnown {
		return -1
	}
	return (len(s)*7 + int(s[0])*31 + int(s[len(s)/2])*13 + int(s[len(s)-1])*17) % len(known{})
}

func (k *known) boxed(s string) any {
	i := slot(s)
	if i < 0 {
		return s
	}
	if v, ok := k[i].(string); !ok || v != s {
		k[i] = s
	}
	return k[i]
}

// text is the string of some bytes.
func (k *known) text(b []byte) string {
	if i := slot(b); i >= 0 {
		if v, ok := k[i].(string); ok && v == string(b) {
			return v
		}
	}
	return string(b)
}
