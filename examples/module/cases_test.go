package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// line is one of a run's answer.
type line struct {
	Run      string
	Progress *struct {
		Upload       bool
		Bytes, Total int64
	}
	Result *struct {
		Bundle *struct {
			Cut      bool
			Document struct {
				StatusCode int
				FileSize   int64
				Data       any
				Diagnosis  *struct{ Cause string }
				Hops       []hop
			}
		}
		Error *struct {
			Kind, Reason, Phase, Message string
			Diagnosis                    *struct{ Cause, Advice string }
			Hops                         []hop
			Response                     any
		}
		Paths []string
	}
}

type hop struct {
	URL     string
	Receipt *struct {
		Reused            bool
		ClientCertificate struct {
			Requested bool
			Presented *struct{ Subject string }
			Withheld  []struct{ Reason string }
		}
		Server struct {
			Chain     []struct{ Subject string }
			TrustedBy string
		}
	}
}

// run runs a document and returns all lines of the answer.
func (c *client) run(document any, on func(line)) line {
	c.t.Helper()
	return c.stream("api/run", document, on)
}

func decodeLines(t *testing.T, text string) []line {
	t.Helper()
	var lines []line
	for l := range strings.Lines(text) {
		var one line
		require.NoError(t, json.Unmarshal([]byte(l), &one), l)
		lines = append(lines, one)
	}
	return lines
}

// Each case shows what it says, again and again, each time with a handshake.
func TestReadyCases(t *testing.T) {
	c := start(t, nil)
	var listed []struct {
		ID, Title, Summary, Look string
		Document                 map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(c.get("api/cases")), &listed))
	require.Len(t, listed, 10)
	ids := map[string]bool{}
	for i, l := range listed {
		assert.False(t, ids[l.ID])
		ids[l.ID] = true
		for _, text := range []string{l.Title, l.Summary, l.Look} {
			assert.NotEmpty(t, text, l.ID)
		}
		if l.ID == "transfer" {
			continue // eight seconds; TestStop has it
		}
		t.Run(l.ID, func(t *testing.T) {
			for range 2 {
				result := c.run(l.Document, nil).Result
				require.NotNil(t, result)
				cause := ""
				var hops []hop
				switch {
				case result.Error != nil:
					require.NotNil(t, result.Error.Diagnosis, result.Error.Message)
					cause, hops = result.Error.Diagnosis.Cause, result.Error.Hops
					assert.NotEmpty(t, result.Error.Diagnosis.Advice)
				case result.Bundle.Document.Diagnosis != nil:
					cause, hops = result.Bundle.Document.Diagnosis.Cause, result.Bundle.Document.Hops
				default:
					assert.Equal(t, 200, result.Bundle.Document.StatusCode)
					hops = result.Bundle.Document.Hops
				}
				assert.Equal(t, readyCases[i].cause, cause)
				require.NotEmpty(t, hops)
				for _, h := range hops {
					require.NotNil(t, h.Receipt, h.URL)
					assert.False(t, h.Receipt.Reused)
					assert.NotEmpty(t, h.Receipt.Server.Chain)
				}
			}
		})
	}
}

func TestTheRedirectLeavesTheCertificateBehind(t *testing.T) {
	c := start(t, nil)
	document := request(bankHost, "/moved", goodClient)
	hops := c.run(document, nil).Result.Bundle.Document.Hops
	require.Len(t, hops, 2)
	require.NotNil(t, hops[0].Receipt.ClientCertificate.Presented)
	assert.Equal(t, "CN=Example client", hops[0].Receipt.ClientCertificate.Presented.Subject)
	second := hops[1].Receipt.ClientCertificate
	assert.True(t, second.Requested)
	assert.Nil(t, second.Presented)
	require.Len(t, second.Withheld, 1)
	assert.Equal(t, "other-origin", second.Withheld[0].Reason)
}

// The cases' servers reach nothing else, and nothing else reaches them.
func TestTheCasesWorldIsClosed(t *testing.T) {
	w, err := newWorld()
	require.NoError(t, err)
	defer w.Close()
	assert.True(t, w.Has("https://bank.test/x"))
	assert.True(t, w.Has("https://BANK.test:443"))
	for _, address := range []string{"http://bank.test/", "https://bank.test:8443/", "https://bank.test.example/", "https://example/bank.test", "", "%"} {
		assert.False(t, w.Has(address), address)
	}
	_, err = w.Dial(t.Context(), "tcp", "127.0.0.1:443")
	assert.Error(t, err)
}
