package faults_test

import (
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mtlshttp/mtlshttp/internal/golden"
)

// gridPlaces are the places of an answer at which an octet may be too much, in
// the order of its parts. Their octets go before the part.
var gridPlaces = []struct{ name, part string }{
	{"before the answer", "HT"}, {"within the name", "TP"}, {"before the slash", "/"}, {"after the slash", "1"},
	{"before the dot", "."}, {"after the dot", "1"}, {"after the version", " "}, {"before the status", "20"},
	{"within the status", "0"}, {"after the status", " "}, {"before the reason", "O"}, {"within the reason", "K"}, {"after the reason", "\r\n"},
	{"before a field", "X-"}, {"within a field's name", "A"}, {"before the colon", ":"}, {"after the colon", " "}, {"before the value", "b"},
	{"within the value", "c"}, {"after the value", "\r\n"}, {"before the length", "Content-Length: "}, {"before its number", "4"},
	{"after its number", "\r\n"}, {"before the empty line", "\r\n"}, {"before the body", "fi"}, {"within the body", "ne"}, {"after the body", ""},
}

var gridOctets = []struct{ name, octet string }{
	{"LF", "\n"}, {"CR", "\r"}, {"HTAB", "\t"}, {"SP", " "}, {"NUL", "\x00"}, {"colon", ":"}, {"DEL", "\x7f"}, {"0xff", "\xff"}, {"comma", ","},
}

// gridAnswer is an answer with an octet at a place.
func gridAnswer(place int, octet string) string {
	var b strings.Builder
	for i, p := range gridPlaces {
		if i == place {
			b.WriteString(octet)
		}
		b.WriteString(p.part)
	}
	return b.String()
}

// FLT-31: a grid of answers with one octet too much. What comes of each is
// recorded, and no answer is taken for another one than it says: where it is
// taken, its status is 200, and its body as long as a length says, if it has one.
func TestGridOfAnswers(t *testing.T) {
	nothingLeft(t)
	log.SetOutput(io.Discard) // net/http logs what comes after an answer
	defer log.SetOutput(os.Stderr)
	var table strings.Builder
	table.WriteString("# What comes of an answer with one octet too much: go test ./internal/faults -run TestGridOfAnswers -update\n")
	for _, octet := range gridOctets {
		for i, place := range gridPlaces {
			l := newFaultLab(t, serveFaults(t, answers(gridAnswer(i, octet.octet))))
			resp, err := l.Do(t.Context(), l.request("http://fault.test/grid"))
			verdict := ""
			if err != nil {
				f := failureOf(t, err)
				assert.NotEmpty(t, f.Phase)
				verdict = strings.TrimSpace(fmt.Sprintf("%s %s", f.Kind, f.Reason))
			} else {
				assert.Equal(t, 200, resp.StatusCode)
				if resp.Header("Content-Length") == "4" {
					assert.Len(t, resp.Bytes(), 4)
				}
				verdict = fmt.Sprintf("%d %q", resp.StatusCode, resp.Bytes())
			}
			fmt.Fprintf(&table, "%s %s: %s\n", octet.name, place.name, verdict)
			l.nothingLeaked(resp, err, "http")
		}
	}
	golden.Compare(t, "testdata/answers.golden", table.String())
}
