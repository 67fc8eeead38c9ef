package query

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNumbers(t *testing.T) {
	cases := map[string]any{
		"1": 1, "-7": int8(-7), "255": uint8(255), "1.5": 1.5, "0": math.Copysign(0, -1), "1e+21": 1e21, "1e-7": 1e-7,
		"100000000000000000000": 1e20, "0.000001": 1e-6, "0.1": float32(0.1), "-1.25e-10": -1.25e-10,
		"9007199254740993": json.Number("9007199254740993"), "1.2": json.Number("1.20"), "10": json.Number("1e1"),
		"1e999": json.Number("1e999"), "-5": json.Number("-5"), "18446744073709551615": uint64(math.MaxUint64),
	}
	for want, value := range cases {
		got, err := text(value)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	got, err := text(json.Number("-0"))
	require.NoError(t, err)
	assert.Equal(t, "0", got)
}
