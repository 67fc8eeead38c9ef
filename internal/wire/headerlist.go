package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// HeaderListTooLarge says whether net/http gave up a response over HTTP/2 for
// the size of its header section.
func HeaderListTooLarge(err error) bool {
	var stream StreamError
	return errors.As(err, &stream) && stream.Cause != nil && stream.Cause == headerListTooLarge()
}

// headerListTooLarge is net/http's error for that. Its only name is unexported,
// so it is had from a server that sends too much, over a pipe; nil where that
// server was understood otherwise.
var headerListTooLarge = sync.OnceValue(func() error {
	client, server := net.Pipe()
	defer client.Close()
	deadline := time.Now().Add(time.Second)
	_, _ = client.SetDeadline(deadline), server.SetDeadline(deadline)
	defer server.Close()
	go sendLargeHeaderList(server)

	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{
		Protocols:              protocols,
		MaxResponseHeaderBytes: 1, // and some that net/http adds
		DialContext:            func(context.Context, string, string) (net.Conn, error) { return client, nil },
	}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get("http://pipe.invalid/")
	if err == nil {
		_ = resp.Body.Close()
		return nil
	}
	var stream StreamError
	if !errors.As(err, &stream) {
		return nil
	}
	return stream.Cause
})

// sendLargeHeaderList answers the first request on a connection with a section
// of many fields (RFC 9113, section 6; RFC 7541, section 6.2.2).
func sendLargeHeaderList(conn net.Conn) {
	const (
		preface      = 24
		headers      = 1
		settings     = 4
		endsAll      = 0x1 | 0x4 // the stream and the section
		status200    = "\x88"
		literalField = "\x00\x01x\x01y" // counts 34
	)
	frame := func(kind, flags, stream byte, payload string) string {
		return string([]byte{0, 0, byte(len(payload)), kind, flags, 0, 0, 0, stream}) + payload
	}
	_, err := io.CopyN(io.Discard, conn, preface)
	for header := make([]byte, 9); err == nil && header[3] != headers; {
		if _, err = io.ReadFull(conn, header); err == nil {
			_, err = io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(header)>>8))
		}
	}
	// A pipe holds nothing: while this writes, the client must be heard.
	go io.Copy(io.Discard, conn)
	if err == nil {
		_, _ = io.WriteString(conn, frame(settings, 0, 0, "")+frame(headers, endsAll, 1, status200+strings.Repeat(literalField, 40)))
	}
}
