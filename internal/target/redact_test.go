package target

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRedact(t *testing.T) {
	u := &url.URL{Scheme: "https", User: url.UserPassword("u", "canary"), Host: "A.test:443", Path: "/a b",
		RawQuery: "k=canary&canary&&x=canary=canary;y=canary", Fragment: "canary"}
	assert.Equal(t, "https://a.test/a%20b?k=***&***&&x=***", Redact(u))
	assert.Equal(t, "", Redact(nil))
	assert.Equal(t, "***", Redact(&url.URL{Scheme: "http", Opaque: "canary"}))
	assert.Equal(t, "***", Redact(&url.URL{Scheme: "http", Host: "u:canary@a.test"}))
	assert.Equal(t, "***", Redact(&url.URL{}))
}

func TestRedactText(t *testing.T) {
	assert.Equal(t, "http://a.test/p?k=***", RedactText("http://u:canary@a.test/p?k=canary#canary"))
	for _, text := range []string{"http://u:canary@[bad/?t=canary", "u:canary@a.test", "http:u:canary@a.test", "canary", "",
		"https://u:canary@a.test:99999/", "http://u:can\nary@a.test/"} {
		assert.Equal(t, "***", RedactText(text), text)
	}
}
