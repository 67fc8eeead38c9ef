package query

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzParsePlain(f *testing.F) {
	f.Add("a=b+c&%20=%zz&=&&d")
	f.Fuzz(func(t *testing.T, raw string) {
		var w writer
		w.maxLength, w.maxParams = 1<<20, 1<<20
		require.NoError(t, w.plain(parsePlain(raw), nil))
		require.Equal(t, parsePlain(raw), parsePlain(string(w.out)))
	})
}
