package query

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/corpus"
)

// wireCase is what this package needs of a recording.
type wireCase struct {
	ID, Group, Verdict string
	Request            struct {
		URL            string
		UseQuerystring bool
		BodyType       string
		QS, Data       any
	}
	Expect struct {
		Hops []struct {
			Target string
			Body   struct{ Text string }
		}
	}
}

// TestConformanceQuery writes every recorded query and form anew.
func TestConformanceQuery(t *testing.T) {
	file, err := os.ReadFile(filepath.Join(corpus.Folder(t, "wire", "MTLSHTTP_WIRE"), "corpus.json"))
	require.NoError(t, err)
	decoder := json.NewDecoder(bytes.NewReader(file))
	decoder.UseNumber()
	var cases []wireCase
	require.NoError(t, decoder.Decode(&cases))

	passed, total, optional, optionalPassed := 0, 0, 0, 0
	var failing []string
	for _, c := range cases {
		if len(c.Expect.Hops) == 0 || c.Verdict == "deviate" {
			continue
		}
		got, want, concerned := c.outcome(t)
		if !concerned {
			continue
		}
		if c.Verdict == "optional" {
			optional++
			if got == want {
				optionalPassed++
			}
			continue
		}
		total++
		if got == want {
			passed++
		} else {
			failing = append(failing, c.ID+": "+got+" is not "+want)
		}
	}
	corpus.Report(t, "wire/query", passed, total, failing)
	corpus.Report(t, "wire/query optional", optionalPassed, optional, nil)
	require.NotZero(t, total)
	require.Empty(t, failing)
}

func (c wireCase) outcome(t *testing.T) (got, want string, concerned bool) {
	rows, isRows := c.Request.Data.([]any)
	isForm := c.Request.BodyType == "x_www_form_urlencoded"
	if isForm && isRows {
		form, err := Form(pairsOf(rows), c.Request.UseQuerystring)
		require.NoError(t, err, c.ID)
		got, want, concerned = form, c.Expect.Hops[0].Body.Text, true
	}
	if text, isText := c.Request.Data.(string); isForm && isText {
		got, want, concerned = EscapeText(text), c.Expect.Hops[0].Body.Text, true
	}
	if qs, ok := c.Request.QS.([]any); ok {
		url, _, _ := strings.Cut(c.Request.URL, "#")
		_, raw, _ := strings.Cut(url, "?")
		merged, err := Merge(raw, pairsOf(qs), c.Request.UseQuerystring, 0)
		require.NoError(t, err, c.ID)
		_, target, _ := strings.Cut(c.Expect.Hops[0].Target, "?")
		got, want, concerned = got+"?"+merged, want+"?"+target, true
	}
	return got, want, concerned
}

func pairsOf(rows []any) []Pair {
	pairs := []Pair{}
	for _, row := range rows {
		fields := row.(map[string]any)
		pairs = append(pairs, Pair{fields["name"].(string), valueOf(fields["value"])})
	}
	return pairs
}

func valueOf(value any) any {
	switch v := value.(type) {
	case []any:
		list := []any{}
		for _, item := range v {
			list = append(list, valueOf(item))
		}
		return list
	case map[string]any:
		return pairsOf(v["$obj"].([]any))
	}
	return value
}
