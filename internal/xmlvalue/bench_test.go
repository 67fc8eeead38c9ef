package xmlvalue

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// feed is about 100 KB of what a list call answers.
func feed() []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:m=\"urn:m\">\n")
	for i := 0; b.Len() < 100<<10; i++ {
		fmt.Fprintf(&b, "  <entry id=\"e%d\" m:type=\"note\">\n    <title>Entry %d &amp; more</title>\n    <link href=\"https://example.com/%d\" rel=\"self\"/>\n"+
			"    <updated>2026-11-21T04:00:%02dZ</updated>\n    <author><name>User %d</name><email>u%d@example.com</email></author>\n"+
			"    <summary>Some text that is a little longer, as summaries are.</summary>\n  </entry>\n", i, i, i, i%60, i%17, i%17)
	}
	b.WriteString("</feed>\n")
	return b.Bytes()
}

// tokens is what encoding/xml needs for its tokens alone, before any value.
func tokens(tb testing.TB, data []byte) {
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else {
			require.NoError(tb, err)
		}
	}
}

func TestAllocationsAgainstTheStandardLibrary(t *testing.T) {
	data := feed()
	theirs := testing.AllocsPerRun(2, func() { tokens(t, data) })
	ours := testing.AllocsPerRun(2, func() { _, _ = Parse(data, Limits{}) })
	t.Logf("allocations: %.0f, tokens of encoding/xml alone %.0f", ours, theirs)
	assert.LessOrEqual(t, ours, 0.45*theirs)
}

func BenchmarkStandardTokens(b *testing.B) {
	data := feed()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		tokens(b, data)
	}
}

func BenchmarkParse(b *testing.B) {
	data := feed()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		_, err := Parse(data, Limits{})
		require.NoError(b, err)
	}
}
