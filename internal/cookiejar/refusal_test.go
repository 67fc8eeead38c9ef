package cookiejar

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestStoreSaysWhichLinesItRefused(t *testing.T) {
	b := newBrowser(t, Options{})
	got := b.set("http://www.a.test/", "a=1", "nameless", "b=\x01", "c=1; Domain=test", "d=1; Secure", "e=1")
	assert.Equal(t, []Refusal{{1, Malformed}, {2, ControlByte}, {3, PublicSuffix}, {4, NotSecure}}, got)
	assert.Equal(t, "a=1; e=1", b.get("http://www.a.test/"))
}

func TestRestoreErrorNamesNoCookie(t *testing.T) {
	one := &RestoreError{Refused: []Refusal{{4, Prefix}}}
	assert.EqualError(t, one, "cookie 4 not restored: prefix")
	two := &RestoreError{Refused: []Refusal{{0, Malformed}, {4, Prefix}}}
	assert.EqualError(t, two, "cookie 0 not restored: malformed (and 1 more)")
	assert.EqualError(t, &RestoreError{}, "cookies not restored")
}
