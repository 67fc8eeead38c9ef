package blueprint

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestSegments(t *testing.T) {
	for text, want := range map[string][]string{
		"plain":                          nil,
		"{{1.a}}":                        {"{{1.a}}"},
		"a{{1.a}}b{{2.b}}c":              {"{{1.a}}", "{{2.b}}"},
		`{"a":{{1.b}}}`:                  {"{{1.b}}"},
		`{{ifempty(1.a; "}}")}}x`:        {`{{ifempty(1.a; "}}")}}`},
		"{{3.`a }} b`}}":                 {"{{3.`a }} b`}}"},
		`{{f("\"}}")}}`:                  {`{{f("\"}}")}}`},
		`{{f(1.a; 5" pipe)}} {{2.b}}`:    {`{{f(1.a; 5" pipe)}}`, `{{2.b}}`},
		`'{{formatDate(now; "MM-DD")}}'`: {`{{formatDate(now; "MM-DD")}}`},
		"{{}}":                           {"{{}}"},
		"a }} b":                         nil,
	} {
		var got []string
		parts, closed := segments(text)
		whole := ""
		for _, p := range parts {
			whole += p.text
			if p.expression {
				got = append(got, p.text)
			}
		}
		assert.Equal(t, want, got, text)
		assert.Equal(t, text, whole)
		assert.True(t, closed, text)
	}
	for _, text := range []string{"{{", "{{1.a}} {{2.b", "{{}"} {
		_, closed := segments(text)
		assert.False(t, closed, text)
	}
}

func TestSegmentsTakeLinearTime(t *testing.T) {
	start := time.Now()
	parts, _ := segments(strings.Repeat(`{{\"}}`, 1<<19))
	assert.Len(t, parts, 1<<19)
	assert.Less(t, time.Since(start), 5*time.Second)
}

func TestNearest(t *testing.T) {
	known := []string{"url", "method", "rejectUnauthorized", "gzip"}
	assert.Equal(t, "method", nearest("Metod", known))
	assert.Equal(t, "rejectUnauthorized", nearest("rejectUnauthorised", known))
	assert.Equal(t, "url", nearest("URL", known))
	assert.Empty(t, nearest("zip3", known[:3]))
	assert.Empty(t, nearest("", known))
}
