package wire

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Any 2xx opens the tunnel, whatever lengths it gives (RFC 9110, section 9.3.6);
// 1xx are not yet the answer (section 15.2).
func TestFinalStatus(t *testing.T) {
	for answer, want := range map[string]int{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n":                                 200,
		"HTTP/1.0 200 Connection established\r\nTransfer-Encoding: chunked\r\n\r\n":    200,
		"HTTP/1.1 204 No Content\r\n\r\n":                                              204,
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 201 A\r\n\r\n": 201,
		"HTTP/1.1 101 Switching Protocols\r\n\r\n":                                     101,
		"HTTP/1.1 407 X\r\nContent-Length: 3\r\n\r\nabc":                               407,
	} {
		status, err := finalStatus(bufio.NewReader(strings.NewReader(answer)))
		assert.NoError(t, err, answer)
		assert.Equal(t, want, status, answer)
	}
	for _, answer := range []string{"", "HTTP/1.1 000 X\r\n\r\n", "HTTP/1.1 099 X\r\n\r\n", "HTTP/1.1 600 X\r\n\r\n", "HTTP/1.1 100 X\r\n\r\n", "ICY 200 OK\r\n\r\n"} {
		status, err := finalStatus(bufio.NewReader(strings.NewReader(answer)))
		assert.Zero(t, status, answer)
		if assert.Error(t, err, answer) {
			e := &ProxyError{Err: err}
			assert.Contains(t, e.Error(), "the proxy failed", answer)
		}
	}
	const refused = http.StatusProxyAuthRequired
	assert.Equal(t, "the proxy answered 407 "+http.StatusText(refused), (&ProxyError{Status: refused}).Error())
}
