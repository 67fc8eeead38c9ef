package cookiejar

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOctetsComeBack(t *testing.T) {
	for octets, document := range map[Octets]string{
		"":           `""`,
		"plain":      `"plain"`,
		`"q" \ é 春`:  `"\"q\" \\ é 春"`,
		"\uFFFD":     `"` + "\uFFFD" + `"`,
		"\xff\x00ab": `{"$base64":"/wBhYg=="}`,
		"\xc3":       `{"$base64":"ww=="}`,
	} {
		data, err := json.Marshal(octets)
		require.NoError(t, err)
		assert.Equal(t, document, string(data))
		var got Octets
		require.NoError(t, json.Unmarshal(data, &got))
		assert.Equal(t, octets, got)
	}
}

func TestOctetsRefuseOtherJSON(t *testing.T) {
	for _, document := range []string{`1`, `[]`, `true`, `{"$base64":"*"}`, `{"$base64":1}`} {
		var got Octets
		assert.Error(t, json.Unmarshal([]byte(document), &got), document)
	}
	var none Octets
	assert.NoError(t, json.Unmarshal([]byte(`null`), &none))
	assert.Empty(t, none)
}
