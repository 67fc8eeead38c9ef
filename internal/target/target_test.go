package target

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// written is the request line and the Host header as net/http writes them.
func written(t *testing.T, to *Target) string {
	var b strings.Builder
	require.NoError(t, (&http.Request{Method: http.MethodGet, URL: to.URL()}).Write(&b))
	line, rest, _ := strings.Cut(b.String(), "\n")
	host, _, _ := strings.Cut(rest, "\n")
	return line + "\n" + host + "\n"
}

func TestTargetShowsNoSecret(t *testing.T) {
	got, err := Parse("http://user:hunter2@a.test/p?token=hunter2&hunter2#hunter2", Options{})
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, value := range []any{got, *got, []*Target{got}} {
			assert.NotContains(t, fmt.Sprintf(verb, value), "hunter2", verb)
		}
	}
	assert.Equal(t, "http://a.test/p?token=***&***", got.String())
}

func TestWithQuery(t *testing.T) {
	got, err := Parse("http://a.test/p?x#f", Options{})
	require.NoError(t, err)
	assert.Equal(t, "/p?a%20b=%27", got.WithQuery("a b='").RequestURI())
	assert.Equal(t, "/p?", got.WithQuery("").URL().RequestURI())
	assert.Equal(t, "/p?x", got.RequestURI(), "the original is not changed")
	got, err = Parse("http://a.test/p", Options{})
	require.NoError(t, err)
	assert.Equal(t, "/p", got.WithQuery("").URL().RequestURI())
}
