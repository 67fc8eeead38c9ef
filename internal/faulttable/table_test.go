package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestIDsOf(t *testing.T) {
	for name, want := range map[string][]string{
		"INJ-01_every_octet": {"INJ-01"}, "RED-01,_RED-02": {"RED-01", "RED-02"}, "RED-01/RED-03": {"RED-01", "RED-03"},
		"MTLS-01": nil, "RED-011": nil, "RED-1": nil, "XYZ-01": nil, "": nil,
	} {
		assert.Equal(t, want, idsOf(name), name)
	}
}

func TestTable(t *testing.T) {
	found, err := read(strings.NewReader(`{"Action":"run","Package":"m/a","Test":"TestX/RED-01_a"}
{"Action":"pass","Package":"m/a","Test":"TestX/RED-01_a"}
{"Action":"pass","Package":"m/a","Test":"TestX/RED-02/RED-04"}
{"Action":"pass","Package":"m/a","Test":"TestX/RED-05_a/part"}
{"Action":"pass","Package":"m/a","Test":"TestX/RED-05_a"}
{"Action":"pass","Package":"m/a","Test":"TestX/RED-03_a"}
{"Action":"fail","Package":"m/b","Test":"TestY/RED-03_b"}
{"Action":"skip","Package":"m/b","Test":"TestY/CK-01_|"}
{"Action":"fail","Package":"m/b","Test":"TestY/RED-99_no_such_id"}
not an event
{"Action":"pass","Package":"m/b","Test":"TestZ"}
{"Action":"pass","Package":"m/b","Test":"TestZ/FLT-22"}
{"Action":"fail","Package":"m/b"}
`), map[string][]string{"m/b.TestZ": {"FLT-01"}, "m/a.TestZ": {"FLT-02"}})
	require.NoError(t, err)
	table := newTable(found)
	assert.Len(t, table.rows, 250)
	assert.Equal(t, []int{242, 6, 1, 1}, []int{table.count(none), table.count(passed), table.count(skipped), table.count(failed)})
	text := table.markdown()
	assert.Contains(t, text, "**6 of 250 ids pass, 1 fail**, 1 are skipped; 242 have no test")
	assert.Contains(t, text, "| RED-01 | pass | `a.TestX/RED-01_a` |\n")
	assert.Contains(t, text, "| RED-02 | pass | `a.TestX/RED-02/RED-04` |\n")
	assert.Contains(t, text, "| RED-05 | pass | `a.TestX/RED-05_a` |\n", "a subtest of what bears the id is not named beside it")
	assert.Contains(t, text, "| RED-03 | FAIL | `b.TestY/RED-03_b`, `a.TestX/RED-03_a` |\n")
	assert.Contains(t, text, "| CK-01 | skip | `b.TestY/CK-01_¦` |\n")
	assert.Contains(t, text, "| FLT-22 | pass | `b.TestZ/FLT-22`; in part: ")
	_, err = read(strings.NewReader("PASS\nok\n"), nil)
	assert.ErrorIs(t, err, errInput)
}

// A reason is of an id that there is.
func TestReasons(t *testing.T) {
	table := newTable(nil)
	for id, reason := range reasons {
		assert.Contains(t, table.rows, id)
		assert.NotEmpty(t, reason)
	}
}
