package faults_test

import (
	"context"
	"net/http/httptrace"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

// An answer that comes as its request ends is none: a server that sees us leave
// may say 200 for having done nothing. The end is put between the answer's first
// byte and whoever waits for it, often enough that the answer wins some times.
func TestAnswersToAnEnd(t *testing.T) {
	nothingLeft(t)
	for _, row := range []struct {
		name, url string
		http      int
		scripts   []func(*peer)
	}{
		{"http", "http://fault.test/", 1, nil},
		{"https", "https://fault.test/", 1, nil},
		{"h2", "https://fault.test/", 2, framesThen(func(p *framePeer, stream uint32) bool {
			p.fields(stream, true, ":status", "200")
			return true
		})},
	} {
		t.Run(row.name, func(t *testing.T) {
			l := newFaultLab(t, serveFaults(t, row.scripts...))
			if row.http == 2 {
				l.server.tls.NextProtos = []string{"h2"}
			}
			r := l.request(row.url)
			r.Protocol.HTTP = row.http
			for range 200 {
				ctx, cancel := context.WithCancelCause(t.Context())
				end := &httptrace.ClientTrace{GotFirstResponseByte: func() { cancel(errGaveUp) }}
				resp, err := l.Do(httptrace.WithClientTrace(ctx, end), r)
				f := failureOf(t, err)
				assert.Equal(t, mtlshttp.KindCanceled, f.Kind)
				assert.Contains(t, []mtlshttp.Phase{"wait", "headers"}, f.Phase)
				require.ErrorIs(t, err, errGaveUp)
				assert.Nil(t, resp)
			}
			l.nothingLeaked(nil, nil, row.url[:len(row.url)-len("://fault.test/")])
		})
	}
}
