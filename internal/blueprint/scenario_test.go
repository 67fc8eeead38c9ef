package blueprint

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

func routes(s *Scenario) (out []string) {
	for i := range s.Modules {
		out = append(out, s.Modules[i].ID+" "+s.Modules[i].Route)
	}
	return out
}

const request = `"module":"http:MakeRequest","version":4,"mapper":{"url":"u"}`

func TestOrderOfModules(t *testing.T) {
	s, err := Parse([]byte(`{"name":"n","flow":[
		{"id":1,"onerror":[{"id":2,` + request + `},{"id":3,"module":"builtin:Break","mapper":{"retry":true}}],` + request + `},
		{"id":4,"module":"builtin:BasicRouter","routes":[
			{"flow":[{"id":5,` + request + `},{"id":6,"module":"builtin:BasicRouter","routes":[{"flow":[{"id":7,` + request + `}]}]}]},
			{"flow":[{"id":8,` + request + `}],"disabled":true}]},
		{"id":9,` + request + `}]}`))
	require.NoError(t, err)
	assert.Equal(t, "n", s.Name)
	assert.Equal(t, []string{"1 flow[0]", "2 flow[0].onerror[0]", "5 flow[1].routes[0].flow[0]",
		"7 flow[1].routes[0].flow[1].routes[0].flow[0]", "8 flow[1].routes[1].flow[0]", "9 flow[2]"}, routes(s))
	assert.True(t, s.Modules[1].Handler)
	assert.False(t, s.Modules[2].Handler)
	require.Len(t, s.Modules[0].OnError, 1)
	assert.Equal(t, "Break", s.Modules[0].OnError[0].Name)
	assert.JSONEq(t, `{"retry":true}`, string(s.Modules[0].OnError[0].Settings))
	assert.Contains(t, s.Notes, Note{NoteEngine, "flow[1].routes[1].disabled", "of the route, which the engine follows"})
}

func TestOtherShapesOfExports(t *testing.T) {
	for _, text := range []string{
		`{"subflows":[{"flow":[{"id":1,` + request + `}]}],"metadata":{"version":1}}`,
		`{"blueprint":{"flow":[{"id":1,` + request + `}]}}`,
		`{"code":"OK","response":{"blueprint":{"flow":[{"id":1,` + request + `}]}}}`,
		`{"id":1,` + request + `}`,
		"\xEF\xBB\xBF" + `{"flow":[{"id":1,` + request + `}]}`,
	} {
		s, err := Parse([]byte(text))
		require.NoError(t, err, text)
		require.Len(t, s.Modules, 1, text)
		assert.Empty(t, s.Modules[0].Faults, text)
	}
}

func TestMisplacedAndOrphans(t *testing.T) {
	s, err := Parse([]byte(`{"flow":[{"id":1,"module":"builtin:BasicRouter","parameters":{"routes":[{"flow":[{"id":2,` + request + `}]}]}},
		{"id":3,"module":"json:CreateJSON","mapper":{"module":"http:MakeRequest"}}, {"id":4,"module":"http:RetrieveHeaders"}, 5, {"id":6}],
		"metadata":{"designer":{"orphans":[[{"id":9,` + request + `}]]}}}`))
	require.NoError(t, err)
	assert.Equal(t, []string{"2 flow[0].parameters.routes[0].flow[0]"}, routes(s))
	assert.Equal(t, FaultMisplaced, s.Modules[0].Faults[0].Code)
	var orphans []string
	for _, n := range s.Notes {
		if n.Code == NoteOrphan {
			orphans = append(orphans, n.Path)
		}
	}
	assert.Equal(t, []string{"metadata.designer.orphans[0][0]"}, orphans)
}

func TestWhatIsNoScenario(t *testing.T) {
	for _, text := range []string{`{}`, `[]`, `"flow"`, `null`, `{"url":"u"}`, `{"input":[{}]}`,
		`{"flow":null}`, `{"flow":{}}`, `{"flow":{"0":{"module":"http:ActionSendData"}}}`, `{"subflows":{}}`, `{"response":{"blueprint":{"flow":1}}}`} {
		_, err := Parse([]byte(text))
		assert.ErrorIs(t, err, ErrNoFlow, text)
	}
	for _, text := range []string{``, `{`, `{"flow":[],"flow":[]}`, `{"flow":[]} x`, "{\"flow\":[\"\xff\"]}"} {
		_, err := Parse([]byte(text))
		var syntax *jsonvalue.SyntaxError
		assert.True(t, errors.As(err, &syntax), text)
	}
	_, err := Parse([]byte(`{"flow":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + `}`))
	var limit *jsonvalue.LimitError
	assert.ErrorAs(t, err, &limit)
	_, err = Parse(bytes.Repeat([]byte(" "), maxSize+1))
	assert.ErrorIs(t, err, ErrTooLarge)
	for _, text := range []string{`{"flow":[{"module":"builtin:BasicRouter","routes":{"flow":1}}]}`, `{"flow":[]}`} {
		s, err := Parse([]byte(text))
		require.NoError(t, err, text)
		assert.Empty(t, s.Modules, text)
	}
}

func TestHostileSize(t *testing.T) {
	long := `{"flow":[{"id":1,"module":"x","parameters":{"` + strings.Repeat("n", 1<<20) + `":[` + strings.Repeat("1,", 1<<10) + `1]}}]}`
	_, err := Parse([]byte(long))
	assert.ErrorIs(t, err, ErrTooLarge)

	start := time.Now()
	rows := `{"flow":[{"id":1,"module":"http:ActionSendData","version":3,"mapper":{"url":"u","headers":[` + strings.Repeat(`{"key":[]},`, 100_000) + `{}]}}]}`
	s, err := Parse([]byte(rows))
	require.NoError(t, err)
	assert.Greater(t, len(s.Modules[0].Faults), 100_000)
	assert.Less(t, time.Since(start), 10*time.Second)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"flow":[{"id":1,` + request + `}]}`))
	f.Add([]byte(`{"flow":[{"id":1,"module":"http:ActionSendData","version":3,"parameters":{"handleErrors":"{{1}}"},"mapper":{"url":"{{1.a}}{{","headers":[{"key":"{{x}}"}],"bodyType":"{{b}}","data":{"a":["{{c}}"]}}}]}`))
	f.Add([]byte(`{"flow":[{"id":1,"module":"http:MakeRequest","version":4,"parameters":{"tlsType":"mTls","tlsKeychain":1},"mapper":{"contentType":"json","inputMethod":"dataStructure","dataStructureBodyContent":{"a":["{{c}}"]}},"onerror":[{"module":"builtin:Break"}],"routes":[{"flow":[]}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse(data)
		if err != nil {
			return
		}
		for i := range s.Modules {
			m := &s.Modules[i]
			if lost := unaccounted(t, m); len(lost) > 0 && !hasOddNames(m) {
				t.Fatalf("lost: %q", lost)
			}
			filled, err := m.Resolve(t.Context(), constant("{{v}}"))
			if err != nil {
				t.Fatal(err)
			}
			if len(filled.Expressions) > 0 && len(m.Expressions) == 0 {
				t.Fatalf("expressions came out of nowhere: %v", filled.Expressions)
			}
		}
	})
}

// hasOddNames: names with the signs of paths make the account's paths
// ambiguous.
func hasOddNames(m *Module) bool {
	return strings.ContainsAny(encode(m.parameters)+encode(m.mapper), ".[]")
}
