package jsonvalue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// records is about 1 MB of what a list call answers.
func records() []byte {
	var b bytes.Buffer
	b.WriteString(`{"items":[`)
	for i := 0; b.Len() < 1<<20; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":%d,"name":"Project %d","owner":{"id":"%08x","email":"user%d@example.com"},`+
			`"status":"%s","progress":%d.%d,"tags":["alpha","beta-%d"],"note":"line one\nline \"two\"","archived":%t,"parent":null}`,
			int64(9007199254740993)+int64(i), i, i*7919, i%50, []string{"CURRENT", "PLANNING", "COMPLETE"}[i%3], i%100, i%10, i%7, i%5 == 0)
	}
	b.WriteString(`],"total":4000}`)
	return b.Bytes()
}

func standard(tb testing.TB, data []byte) any {
	var v any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	require.NoError(tb, d.Decode(&v))
	return v
}

func TestAllocationsAgainstTheStandardLibrary(t *testing.T) {
	data := records()
	assert.Equal(t, standard(t, data), mustParse(t, data))
	theirs := testing.AllocsPerRun(2, func() { standard(t, data) })
	ours := testing.AllocsPerRun(2, func() { mustParse(t, data) })
	assert.LessOrEqual(t, ours, 0.6*theirs)
	assert.LessOrEqual(t, testing.AllocsPerRun(2, func() { _ = Valid(data, Limits{}) }), 20.0)

	small := []byte(strings.TrimSpace(`{"id":12,"name":"x","ok":true}`))
	assert.LessOrEqual(t, testing.AllocsPerRun(10, func() { mustParse(t, small) }),
		testing.AllocsPerRun(10, func() { standard(t, small) }))
}

func mustParse(tb testing.TB, data []byte) any {
	v, err := Parse(data, Limits{})
	require.NoError(tb, err)
	return v
}

func BenchmarkStandard(b *testing.B) {
	data := records()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		standard(b, data)
	}
}

func BenchmarkParse(b *testing.B) {
	data := records()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		mustParse(b, data)
	}
}

func BenchmarkParseOrdered(b *testing.B) {
	data := records()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		_, err := ParseOrdered(data, Limits{})
		require.NoError(b, err)
	}
}

func BenchmarkValid(b *testing.B) {
	data := records()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, Valid(data, Limits{}))
	}
}

func BenchmarkAppend(b *testing.B) {
	data := records()
	v := mustParse(b, data)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		var err error
		data, err = Append(data[:0], v)
		require.NoError(b, err)
	}
}
