package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	assert.Contains(t, out.String(), `"statusCode": 200`)
	assert.Contains(t, out.String(), `"amount": 9007199254740993`)
	assert.Contains(t, out.String(), `"client": "quickstart client"`)
	assert.Contains(t, out.String(), `"cause": "client-cert-missing"`)
}
