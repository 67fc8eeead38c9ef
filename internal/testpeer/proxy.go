package testpeer

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Proxy is an HTTP proxy that remembers who asked for what.
type Proxy struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	refuse   int
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.requests = append(p.requests, r)
	refuse := p.refuse
	p.mu.Unlock()
	if refuse != 0 {
		w.WriteHeader(refuse)
		return
	}
	if r.Method != http.MethodConnect {
		w.Header().Set("X-Forwarded-By", "proxy")
		_, _ = io.WriteString(w, r.URL.String())
		return
	}
	there, err := net.Dial("tcp", r.Host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	here, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { _, _ = io.Copy(there, here); _ = there.Close() }()
	_, _ = io.Copy(here, there)
	_ = here.Close()
}

// Refuse answers all that comes with a status; 0 serves it.
func (p *Proxy) Refuse(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = status
}

// Seen are the requests so far.
func (p *Proxy) Seen() []*http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

// StartProxy starts one, over TLS if there is a config for it.
func StartProxy(t testing.TB, config *tls.Config) *Proxy {
	p := &Proxy{}
	p.Server = httptest.NewUnstartedServer(p)
	p.Config.ErrorLog = log.New(io.Discard, "", 0)
	if config == nil {
		p.Start()
	} else {
		p.TLS = config
		p.StartTLS()
	}
	t.Cleanup(p.Close)
	return p
}
