package slack_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/mtlshttp/mtlshttp/internal/slack"
)

func TestFor(t *testing.T) {
	want := time.Second
	if slack.Race {
		want = 5 * time.Second
	}
	assert.Equal(t, want, slack.For(time.Second))
}
