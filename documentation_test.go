package mtlshttp_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	markdownLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	notAnchor    = regexp.MustCompile(`[^a-z0-9 _-]`)
)

// Every link of the documents to a place in this repository leads there, the
// heading included.
func TestDocumentationLinks(t *testing.T) {
	files, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	top, err := filepath.Glob("*.md")
	require.NoError(t, err)
	for _, file := range append(files, top...) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range markdownLink.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			path, anchor, _ := strings.Cut(match[1], "#")
			place := file
			if path != "" {
				place = filepath.Join(filepath.Dir(file), path)
			}
			_, err := os.Stat(place)
			if !assert.NoError(t, err, "%s links to %s", file, match[1]) || anchor == "" {
				continue
			}
			assert.Contains(t, anchorsOf(t, place), anchor, "%s links to %s", file, match[1])
		}
	}
}

// anchorsOf are the names that a page gives its headings.
func anchorsOf(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var anchors []string
	for line := range strings.Lines(string(text)) {
		if title, is := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); is && strings.HasPrefix(line, "#") {
			anchors = append(anchors, strings.ReplaceAll(notAnchor.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), ""), " ", "-"))
		}
	}
	return anchors
}
