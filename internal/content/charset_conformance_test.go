package content

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mtlshttp/mtlshttp/internal/corpus"
)

// PAR-09: TestConformanceEncoding decodes the pairs of the corpus line by line.
func TestConformanceEncoding(t *testing.T) {
	folder := corpus.Folder(t, "encoding", "")
	passed, total := 0, 0
	var failing []string
	for _, c := range []struct{ file, label string }{
		{"big5", "big5"}, {"euc_kr", "euc-kr"}, {"gb18030", "gb18030"}, {"gb18030", "gbk"}, {"iso_2022_jp", "iso-2022-jp"},
		{"jis0208", "euc-jp"}, {"jis0212", "euc-jp"}, {"shift_jis", "shift_jis"},
	} {
		in := readFile(t, filepath.Join(folder, c.file+"_in.txt"))
		want := bytes.Split(readFile(t, filepath.Join(folder, c.file+"_in_ref.txt")), []byte{'\n'})
		decoded := Decode(in, "text/plain; charset="+c.label, Text)
		assert.Equal(t, c.label, decoded.Charset)
		got := bytes.Split(decoded.Text, []byte{'\n'})
		if !assert.Len(t, got, len(want), "%s: lines", c.file) {
			continue
		}
		for i := range want {
			total++
			if bytes.Equal(want[i], got[i]) {
				passed++
			} else {
				failing = append(failing, fmt.Sprintf("%s line %d: %+q, not %+q", c.file, i+1, got[i], want[i]))
			}
		}
	}
	corpus.Report(t, "encoding", passed, total, failing)
	assert.Equal(t, total, passed)
}
