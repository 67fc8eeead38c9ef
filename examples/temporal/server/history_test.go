//go:build temporalserver

package server

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/mtlshttp/mtlshttp/examples/temporal/httpactivity"
)

// searchHistory exports a history as JSON and searches it: nothing of it may be
// there. That the search can find something is shown with the same history
// opened, which has the cookies and answers; secrets that workers resolve are
// not even in that one.
func (w *world) searchHistory(t *testing.T, id, run string) {
	t.Helper()
	sealed := w.export(t, id, run)
	require.Greater(t, len(sealed.Events), 30)
	opened := proto.Clone(sealed).(*historypb.History)
	require.NoError(t, proxy.VisitPayloads(t.Context(), opened, proxy.VisitPayloadsOptions{
		Visitor: func(_ *proxy.VisitPayloadsContext, payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
			return httpactivity.Codec{Keys: w.keys}.Decode(payloads)
		},
	}))
	export, err := protojson.Marshal(sealed)
	require.NoError(t, err)
	plain, err := protojson.Marshal(opened)
	require.NoError(t, err)

	canaries := map[string][]byte{
		"the file's password": []byte(canaryFile), "the token": []byte(canaryToken), "the account's password": []byte(canaryAccount),
		"the private key": w.key, "the sealing key": w.sealing, "the cookie": []byte(canaryCookie), "the answer": []byte(canaryAnswer),
	}
	inState := map[string]bool{"the cookie": true, "the answer": true}
	for what, canary := range canaries {
		assert.False(t, reveals(export, canary), "the exported history has %s", what)
		assert.Equal(t, inState[what], reveals(plain, canary), "the opened history and %s", what)
	}
	t.Logf("%d events, %d bytes of JSON: none of %d canaries; opened, the cookie and the answer alone", len(sealed.Events), len(export), len(canaries))
}

func (w *world) export(t *testing.T, id, run string) *historypb.History {
	t.Helper()
	var all historypb.History
	for events := history(t, w.client, id, run); events.HasNext(); {
		event, err := events.Next()
		require.NoError(t, err)
		all.Events = append(all.Events, event)
	}
	return &all
}

// reveals says whether a JSON document has something in it, in any of the forms
// that things are written in.
func reveals(document, canary []byte) bool {
	if contains(document, canary) {
		return true
	}
	var value any
	if json.Unmarshal(document, &value) != nil {
		return false
	}
	return inStrings(value, canary, 3)
}

// inStrings searches strings, and what they are the base64 of.
func inStrings(value any, canary []byte, depth int) bool {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			if contains([]byte(name), canary) || inStrings(member, canary, depth) {
				return true
			}
		}
	case []any:
		for _, element := range v {
			if inStrings(element, canary, depth) {
				return true
			}
		}
	case string:
		if contains([]byte(v), canary) {
			return true
		}
		decoded, err := base64.StdEncoding.DecodeString(v)
		if err != nil || depth == 0 {
			return false
		}
		var inner any
		if json.Unmarshal(decoded, &inner) == nil && inStrings(inner, canary, depth-1) {
			return true
		}
		return contains(decoded, canary)
	}
	return false
}

// contains finds the bytes themselves, their hex, and their base64 wherever in a
// longer text they begin.
func contains(text, canary []byte) bool {
	if bytes.Contains(text, canary) || bytes.Contains(bytes.ToLower(text), []byte(hex.EncodeToString(canary))) {
		return true
	}
	for shift := range 3 {
		encoded := base64.StdEncoding.EncodeToString(append(make([]byte, shift), canary...))
		inner := encoded[(shift*8+5)/6 : len(encoded)-4] // without the characters that neighbours share
		if bytes.Contains(text, []byte(inner)) {
			return true
		}
	}
	return false
}

func TestSearchFinds(t *testing.T) {
	canary := []byte("canary-session-cookie")
	for _, document := range []string{
		`{"a": ["xcanary-session-cookiex"]}`,
		`{"a": "` + base64.StdEncoding.EncodeToString([]byte("x"+string(canary)+"y")) + `"}`,
		`{"a": "` + base64.StdEncoding.EncodeToString([]byte(`{"b": "`+base64.StdEncoding.EncodeToString(canary)+`"}`)) + `"}`,
		`{"a": "` + hex.EncodeToString(canary) + `"}`,
		`["prefix ` + base64.StdEncoding.EncodeToString([]byte("12"+string(canary))) + `"]`,
	} {
		assert.True(t, reveals([]byte(document), canary), document)
	}
	assert.False(t, reveals([]byte(`{"a": "canary"}`), canary))
}
