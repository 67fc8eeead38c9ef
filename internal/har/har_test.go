package har

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTimingsAddUp(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		times Times
		want  timings
	}{
		"nothing": {Times{}, timings{Blocked: -1, DNS: -1, Connect: -1, SSL: -1}},
		"all": {Times{DNS: 1 * ms, Connect: 3 * ms, Handshake: 5 * ms, Wait: 7 * ms, FirstByte: 20 * ms, Total: 30 * ms},
			timings{Blocked: -1, DNS: 1, Connect: 7, SSL: 5, Send: 5, Wait: 7, Receive: 10}},
		"a kept connection": {Times{Wait: 7 * ms, FirstByte: 8 * ms, Total: 9 * ms},
			timings{Blocked: -1, DNS: -1, Connect: -1, SSL: -1, Send: 1, Wait: 7, Receive: 1}},
		"no answer": {Times{Connect: 3 * ms, Handshake: 5 * ms, Total: 30 * ms},
			timings{Blocked: -1, DNS: -1, Connect: 8, SSL: 5, Wait: 22}},
		"clocks that disagree": {Times{DNS: 5 * ms, Connect: 3 * ms, Wait: 7 * ms, FirstByte: 1 * ms, Total: 2 * ms},
			timings{Blocked: -1, DNS: 5, Connect: -1, SSL: -1, Wait: 7}},
	} {
		assert.Equal(t, c.want, c.times.timings(), name)
	}
}

func TestMarshal(t *testing.T) {
	e := Entry{Start: time.Date(2026, 11, 21, 8, 0, 0, 5_000_000, time.FixedZone("", 3600)), Protocol: "h2",
		Method: "POST", URL: "https://a.test/p?a=1%202&b&a=%ff#f", Sent: []Field{{"Cookie", "a=b; c=d"}},
		Body:   &Body{MediaType: "text/plain", Text: "x", Size: 1},
		Status: 200, SetCookies: []*http.Cookie{{Name: "s", Value: "v", Expires: time.Unix(0, 0), HttpOnly: true}},
		MediaType: "text/plain", Size: 2, Content: []byte{0xff, 0}, TLS: map[string]int{"a": 1}}
	text, err := Marshal("us", "1", []Entry{e})
	require.NoError(t, err)
	assert.JSONEq(t, `{"log": {"version": "1.2", "creator": {"name": "us", "version": "1"}, "entries": [{
		"startedDateTime": "2026-11-21T07:00:00.005Z", "time": 0,
		"request": {"method": "POST", "url": "https://a.test/p?a=1%202&b&a=%ff#f", "httpVersion": "HTTP/2.0",
			"cookies": [{"name": "a", "value": "b"}, {"name": "c", "value": "d"}], "headers": [{"name": "Cookie", "value": "a=b; c=d"}],
			"queryString": [{"name": "a", "value": "1 2"}, {"name": "b", "value": ""}, {"name": "a", "value": "%ff"}],
			"postData": {"mimeType": "text/plain", "text": "x"}, "headersSize": -1, "bodySize": 1},
		"response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/2.0", "cookies": [{"name": "s", "value": "v", "expires": "1970-01-01T00:00:00Z", "httpOnly": true}],
			"headers": [], "content": {"size": 2, "mimeType": "text/plain", "text": "/wA=", "encoding": "base64"}, "redirectURL": "", "headersSize": -1, "bodySize": -1},
		"cache": {}, "timings": {"blocked": -1, "dns": -1, "connect": -1, "send": 0, "wait": 0, "receive": 0, "ssl": -1}, "_tls": {"a": 1}, "_resourceType": "fetch"}]}}`, string(text))

	for _, address := range []string{"", "***", "/x", "://"} {
		text, err := json.Marshal(Entry{URL: address}.document())
		require.NoError(t, err)
		assert.Contains(t, string(text), nowhere, address)
	}
	_, err = Marshal("us", "1", []Entry{{TLS: func() {}}})
	assert.Error(t, err)
}
