package mtlshttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/testpeer"
)

// testCanariesInFaults sends a request that has all canaries to where it fails,
// in every way that comes easily, and looks at all that is left of it.
func testCanariesInFaults(t *testing.T) {
	c := newCanaries()
	credential, file, key := c.identity(t)
	require.Len(t, c, 12)
	srv := testpeer.ServeBytes(t)
	var logged bytes.Buffer
	level := &slog.HandlerOptions{Level: slog.LevelDebug}
	logger := slog.New(slog.NewJSONHandler(&logged, level))
	jar := new(mtlshttp.Jar)
	jar.SetCookies(&url.URL{Scheme: "http", Host: "a.test"}, []*http.Cookie{{Name: "jar", Value: c["cookie"]}})
	executors := map[string]*mtlshttp.Executor{
		"direct":     {Dial: srv.Dial, Logger: logger},
		"proxy":      {Dial: srv.Dial, Logger: logger, Proxy: &mtlshttp.Proxy{URL: "http://u:" + c["proxy password"] + "@proxy.test:3128"}},
		"bad proxy":  {Dial: srv.Dial, Logger: logger, Proxy: &mtlshttp.Proxy{URL: "ftp://u:" + c["proxy password"] + "@proxy.test"}},
		"no URL":     {Dial: srv.Dial, Logger: logger, Proxy: &mtlshttp.Proxy{URL: "http://u:" + c["proxy password"] + "@[proxy"}},
		"egress":     {Dial: srv.Dial, Logger: logger, Egress: mtlshttp.PublicOnly()},
		"no network": {Dial: refuseToDial, Logger: logger},
		"retries":    {Dial: srv.Dial, Logger: logger, Retry: &mtlshttp.RetryPolicy{Attempts: 2, Delay: 1}},
	}
	token := c["query key"]
	answers := []string{
		"", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 429 No\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{",
		"garbage\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
		"HTTP/1.1 302 Found\r\nLocation: http://u:" + c["URL password"] + "@[bad/?t=" + token + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 307 Found\r\nLocation: ftp://u:" + c["URL password"] + "@b.test/?t=" + token + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 307 Found\r\nLocation: http://u:" + c["URL password"] + "@b.test/?t=" + token + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: //b.test/?" + token + "#" + token + "\r\nContent-Length: 0\r\n\r\n",
	}
	failed := 0
	for name, e := range executors {
		s := &mtlshttp.Session{Executor: e, Jar: jar}
		for _, at := range []string{"http://a.test", "https://a.test", "http://[a.test", "ftp://a.test"} {
			for _, body := range []mtlshttp.Body{c.form(), c.multipart()} {
				for _, answer := range answers {
					r := c.requestOf(at, body)
					r.StatusErrors, r.Parse, r.Compressed, r.Redirect.All = true, true, true, true
					if at == "https://a.test" {
						r.Identity, r.Roots = credential, srv.CA.Roots()
					}
					if answer != "" {
						u := "/?api_key=" + token + "&" + token + "&key=" + token + "&list%5B0%5D=" + token
						srv.Say(u, answer)
					}
					resp, err := s.Do(t.Context(), r)
					client, clientErr := s.Client(t.Context(), r)
					if clientErr == nil {
						var answered *http.Response
						if answered, clientErr = client.Get("http://b.test/"); clientErr == nil {
							_ = answered.Body.Close()
						}
					}
					for _, v := range []any{resp, err, clientErr} {
						for _, text := range renderings(v) {
							c.free(t, name+" "+answer, text)
						}
					}
					if err != nil {
						failed++
						document, marshalErr := json.Marshal(withoutLocation(failureOf(t, err)))
						require.NoError(t, marshalErr)
						c.free(t, name+" "+answer, string(document))
					}
					c.free(t, "the log", logged.String())
					logged.Reset()
				}
			}
		}
		require.NoError(t, e.Close())
	}
	assert.Greater(t, failed, 200)

	for _, o := range []mtlshttp.ExtractOptions{{Password: []byte(c["P12 password"] + "x")}, {Password: []byte("x"), KeyPassword: []byte(c["P12 password"] + "x")}} {
		_, err := mtlshttp.Extract(t.Context(), file, &o)
		require.Error(t, err)
		c.free(t, "Extract", fmt.Sprintf("%v %+v %#v", err, err, err))
	}
	for _, data := range [][]byte{key, key[:len(key)/2], append([]byte(c["P12 password"]), key...)} {
		inv, err := mtlshttp.Extract(t.Context(), data, nil)
		if err == nil {
			_, err = inv.Credential()
		}
		require.Error(t, err)
		c.free(t, "Extract", fmt.Sprintf("%v %+v %#v %+v", err, err, err, inv))
	}
	_, err := mtlshttp.ReadKeychain([]byte(`{"a": {"file": 1, "password": "`+c["P12 password"]+`"}}`), "")
	require.Error(t, err)
	c.free(t, "ReadKeychain", err.Error())
	for _, document := range []string{`{"url": "x", "authPass": {"a": "%s"}}`, `{"url": "x", "headers": "%s"}`, `{"url": "x", "bodyType": "%s"`, `{"timeout": "%s"}`, `{"ca": ["%s"]}`} {
		err := new(mtlshttp.Request).UnmarshalJSON(fmt.Appendf(nil, document, c["client secret"]))
		require.Error(t, err, document)
		c.free(t, document, err.Error())
	}
}

// requestOf is request for what may be no URL.
func (c planted) requestOf(at string, body mtlshttp.Body) *mtlshttp.Request {
	r := c.request("http://a.test/", body)
	scheme, host, _ := strings.Cut(at, "://")
	r.URL = scheme + "://u:" + c["URL password"] + "@" + host + "/?api_key=" + c["query key"] + "&" + c["query key"]
	return r
}

// withoutLocation leaves out what the server itself has told of the secret: a
// bundle has the response's headers as they came.
func withoutLocation(e *mtlshttp.Error) *mtlshttp.Error {
	if e.Response == nil {
		return e
	}
	copied, bundle := *e, *e.Response
	bundle.Headers = slices.DeleteFunc(slices.Clone(bundle.Headers), func(h mtlshttp.Header) bool { return h.Name == "location" })
	copied.Response = &bundle
	return &copied
}

func refuseToDial(context.Context, string, string) (c net.Conn, err error) {
	return nil, errors.New("the network is down")
}
