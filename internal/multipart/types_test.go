package multipart

import (
	"mime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTypeByName(t *testing.T) {
	for name, want := range map[string]string{
		"a.txt": "text/plain", "A.JSON": "application/json", "a.tar.gz": "application/gzip", "a.b/c.pdf": "application/pdf",
		"json": "application/json", ".json": "application/json", "dir/json": octetStream, "dir/.json": octetStream,
		"a.unknownext": octetStream, "passwd": octetStream, "": octetStream, "a.": octetStream, "a.png/": "image/png",
	} {
		assert.Equal(t, want, TypeByName(name), name)
	}
	for extension, contentType := range types {
		parsed, params, err := mime.ParseMediaType(contentType)
		require.NoError(t, err, extension)
		assert.Equal(t, contentType, parsed)
		assert.Empty(t, params)
	}
}
