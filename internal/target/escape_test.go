package target

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseEscape(t *testing.T) {
	got, err := Parse("http://a.test/[a] %20%zz?b[]=%zz", Options{Escape: true})
	require.NoError(t, err)
	assert.Equal(t, "/%5Ba%5D%20%20%25zz?b%5B%5D=%25zz", got.RequestURI())
	again, err := Parse("http://a.test"+got.RequestURI(), Options{Escape: true})
	require.NoError(t, err)
	assert.Equal(t, got.RequestURI(), again.RequestURI(), "escaping twice changes nothing")
}

func TestEscapeEveryByte(t *testing.T) {
	for c := range 256 {
		raw := string([]byte{byte(c)})
		path, query := escapePath(raw, false), escapeQuery(raw, false)
		switch {
		case c == '%':
			assert.Equal(t, "%25", path)
			assert.Equal(t, "%", query)
		case c <= ' ' || c >= 0x7f || strings.Contains("\"'<>\\^`{|}", raw):
			want := fmt.Sprintf("%%%02X", c)
			assert.Equal(t, want, path)
			assert.Equal(t, want, query)
		default:
			assert.Equal(t, raw, path)
			assert.Equal(t, raw, query)
		}
	}
}
