package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"

	"github.com/andybalholm/brotli"
	"github.com/carlmjohnson/requests"
	"github.com/clbanning/mxj/v2"
	"github.com/hashicorp/go-retryablehttp"
	"github.com/klauspost/compress/zstd"
	"resty.dev/v3"

	"github.com/mtlshttp/mtlshttp"
)

// exchange is one request, described for all contenders.
type exchange struct {
	method, path string
	body         []byte
	parse        parsing
	coding       string // that the server uses
	http2        bool
	cookies      bool // sends the 20 of a jar, which a first request fills
}

type parsing int

const (
	toNothing parsing = iota
	toJSON            // values with exact numbers
	toRawJSON         // validated text
	toXML
)

// contender is a way to do an exchange over and over. What open returns does it
// once and gives the parsed value; what it held is given back by close.
type contender struct {
	name string
	open func(w *world, x exchange) (do func(context.Context) (any, error), close func(), err error)
}

var (
	ours       = contender{"mtlshttp", openOurs}
	tuned      = contender{"net/http, tuned", openTuned}
	tunedAgain = contender{"net/http, again", openTuned}
	naive      = contender{"net/http, a transport each", openNaive}
	restyV3    = contender{"resty v3", openResty}
	builder    = contender{"carlmjohnson/requests", openRequests}
	retryable  = contender{"go-retryablehttp", openRetryable}
)

// fillingPath is what fills a jar.
const fillingPath = "/cookies/20"

// request is the exchange as ours.
func (w *world) request(x exchange) *mtlshttp.Request {
	r := &mtlshttp.Request{Method: x.method, URL: w.URL + x.path, Identity: w.clients[0].credential, Roots: w.roots(),
		Parse: x.parse == toJSON || x.parse == toXML, Compressed: x.coding != "", ShareCookies: x.cookies,
		Protocol: mtlshttp.Protocol{HTTP: 1, MinTLS: tls.VersionTLS13}}
	if x.http2 {
		r.Protocol.HTTP = 2
	}
	if x.body != nil {
		r.Body = mtlshttp.Raw("application/json", x.body)
	}
	return r
}

func openOurs(w *world, x exchange) (func(context.Context) (any, error), func(), error) {
	e := new(mtlshttp.Executor)
	s := &mtlshttp.Session{Executor: e, Jar: new(mtlshttp.Jar)}
	r := w.request(x)
	if x.cookies {
		filling := *r
		filling.URL = w.URL + fillingPath
		if _, err := s.Do(w.ctx, &filling); err != nil {
			return nil, nil, err
		}
	}
	return func(ctx context.Context) (any, error) {
		resp, err := s.Do(ctx, r)
		switch {
		case err != nil:
			return nil, err
		case x.parse == toRawJSON:
			return resp.RawJSON()
		}
		return resp.Data, nil
	}, func() { _ = e.Close() }, nil
}

// tuned is net/http as a careful engineer sets it up: one transport.
func (w *world) tuned(c *client, x exchange) (*http.Client, func()) {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!x.http2)
	protocols.SetHTTP2(x.http2)
	transport := &http.Transport{Protocols: protocols, MaxIdleConnsPerHost: 256, TLSClientConfig: &tls.Config{
		Certificates: []tls.Certificate{c.tls}, RootCAs: w.ca.Pool(), MinVersion: tls.VersionTLS13, ClientSessionCache: tls.NewLRUClientSessionCache(0)}}
	client := &http.Client{Transport: transport}
	if x.cookies {
		client.Jar, _ = cookiejar.New(nil)
	}
	return client, transport.CloseIdleConnections
}

func (w *world) plain(ctx context.Context, x exchange) (*http.Request, error) {
	method := x.method
	if method == "" {
		method = http.MethodGet
	}
	var body io.Reader
	if x.body != nil {
		body = bytes.NewReader(x.body)
	}
	req, err := http.NewRequestWithContext(ctx, method, w.URL+x.path, body)
	if err != nil {
		return nil, err
	}
	if x.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if x.coding != "" {
		req.Header.Set("Accept-Encoding", x.coding)
	}
	return req, nil
}

// bound is what a careful engineer reads at most.
const bound = 64 << 20

func openTuned(w *world, x exchange) (func(context.Context) (any, error), func(), error) {
	client, done := w.tuned(w.clients[0], x)
	if x.cookies {
		if _, err := fetch(w.ctx, client, w.URL+fillingPath); err != nil {
			return nil, nil, err
		}
	}
	return func(ctx context.Context) (any, error) { return w.roundTrip(ctx, client, x) }, done, nil
}

func (w *world) roundTrip(ctx context.Context, client *http.Client, x exchange) (any, error) {
	req, err := w.plain(ctx, x)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := decoded(resp.Body, x.coding)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(body, bound))
	if err != nil {
		return nil, err
	}
	return x.value(data)
}

func openNaive(w *world, x exchange) (func(context.Context) (any, error), func(), error) {
	return func(ctx context.Context) (any, error) {
		client, done := w.tuned(w.clients[0], x)
		defer done()
		return w.roundTrip(ctx, client, x)
	}, func() {}, nil
}

// decoded takes the content coding off, as its library's page shows.
func decoded(r io.Reader, coding string) (io.Reader, error) {
	switch coding {
	case "gzip":
		return gzip.NewReader(r)
	case "br":
		return brotli.NewReader(r), nil
	case "zstd":
		d, err := zstd.NewReader(r)
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return r, nil
}

// value parses as net/http's users do.
func (x exchange) value(data []byte) (any, error) {
	switch x.parse {
	case toJSON, toRawJSON:
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.UseNumber()
		var v any
		err := decoder.Decode(&v)
		return v, err
	case toXML:
		return mxj.NewMapXml(data)
	}
	return data, nil
}

func openResty(w *world, x exchange) (func(context.Context) (any, error), func(), error) {
	inner, done := w.tuned(w.clients[0], x)
	client := resty.NewWithClient(inner)
	return func(ctx context.Context) (any, error) {
			r := client.R().SetContext(ctx).SetMethod(http.MethodGet).SetURL(w.URL + x.path)
			if x.body != nil {
				r.SetMethod(x.method).SetHeader("Content-Type", "application/json").SetBody(x.body)
			}
			resp, err := r.Send()
			if err != nil {
				return nil, err
			}
			return x.value(resp.Bytes())
		}, func() {
			_ = client.Close()
			done()
		}, nil
}

func openRequests(w *world, x exchange) (func(context.Context) (any, error), func(), error) {
	client, done := w.tuned(w.clients[0], x)
	return func(ctx context.Context) (any, error) {
		var body bytes.Buffer
		b := requests.URL(w.URL + x.path).Client(client).ToBytesBuffer(&body)
		if x.body != nil {
			b.Method(x.method).BodyBytes(x.body).ContentType("application/json")
		}
		if err := b.Fetch(ctx); err != nil {
			return nil, err
		}
		return x.value(body.Bytes())
	}, done, nil
}

func openRetryable(w *world, x exchange) (func(context.Context) (any, error), func(), error) {
	inner, done := w.tuned(w.clients[0], x)
	client := retryablehttp.NewClient()
	client.HTTPClient = inner
	client.Logger = nil
	return func(ctx context.Context) (any, error) {
		plain, err := w.plain(ctx, x)
		if err != nil {
			return nil, err
		}
		req, err := retryablehttp.FromRequest(plain)
		if err != nil {
			return nil, err
		}
		resp, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(io.LimitReader(resp.Body, bound))
		if err != nil {
			return nil, err
		}
		return x.value(data)
	}, done, nil
}

// fetch is a GET with a client, for what is not measured.
func fetch(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, bound))
}
