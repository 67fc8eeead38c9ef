package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// The ready-made servers have names that exist in this program alone: .test
// belongs to nobody (RFC 6761).
const (
	bankHost    = "bank.test"     // demands a client certificate
	aliasHost   = "www.bank.test" // the same server, whose certificate lacks this name
	partnerHost = "partner.test"  // asks for one, and does without
	officeHost  = "office.test"   // never asks, and refuses those who show none
)

// Entries of the keychain that the ready-made cases use.
const (
	goodClient      = "Example client"
	expiredClient   = "Expired client"
	strangerClient  = "Client of another authority"
	shortClient     = "Client without its intermediate"
	exampleRoots    = "Example authority"
	samplePassword  = "sesame"
	transferSize    = 24 << 20
	transferSeconds = 8
)

// world is an authority and the servers of the ready-made cases.
type world struct {
	ca      *mtlstest.CA
	client  *mtlstest.Identity
	servers []*httptest.Server
	// addresses are where the names lead, by host:port.
	addresses map[string]string
}

func newWorld() (*world, error) {
	ca, err := mtlstest.NewCA()
	if err != nil {
		return nil, err
	}
	w := &world{ca: ca, addresses: map[string]string{}}
	if w.client, err = ca.Issue(mtlstest.Client{Name: "Example client", Intermediate: true}); err != nil {
		return nil, err
	}
	bank := http.NewServeMux()
	bank.HandleFunc("/accounts", accounts)
	bank.HandleFunc("GET /statement", statement)
	bank.Handle("GET /moved", http.RedirectHandler("https://"+partnerHost+"/accounts", http.StatusFound))
	for _, s := range []struct {
		handler http.Handler
		asks    tls.ClientAuthType
		hosts   []string // the certificate is for the first
	}{
		{bank, tls.RequireAndVerifyClientCert, []string{bankHost, aliasHost}},
		{http.HandlerFunc(partner), tls.VerifyClientCertIfGiven, []string{partnerHost}},
		{http.HandlerFunc(office), tls.NoClientCert, []string{officeHost}},
	} {
		if err := w.start(s.handler, s.asks, s.hosts); err != nil {
			w.Close()
			return nil, err
		}
	}
	return w, nil
}

func (w *world) start(handler http.Handler, asks tls.ClientAuthType, hosts []string) error {
	config, err := w.ca.ServerConfig(hosts[0])
	if err != nil {
		return err
	}
	config.ClientAuth = asks
	// The authority is sent along, for the picture of the chain.
	config.Certificates[0].Certificate = append(config.Certificates[0].Certificate, w.ca.Roots().Certificates[0].Raw)
	srv := httptest.NewUnstartedServer(handler)
	srv.TLS, srv.EnableHTTP2 = config, true
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are what it is for
	srv.StartTLS()
	w.servers = append(w.servers, srv)
	for _, host := range hosts {
		w.addresses[host+":443"] = srv.Listener.Addr().String()
	}
	return nil
}

func (w *world) Close() {
	for _, srv := range w.servers {
		srv.CloseClientConnections()
		srv.Close()
	}
}

// Has says whether an address leads to one of the servers.
func (w *world) Has(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" {
		return false
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return w.addresses[strings.ToLower(u.Hostname())+":"+port] != ""
}

// Dial connects to the servers and to nothing else.
func (w *world) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	to := w.addresses[strings.ToLower(address)]
	if to == "" {
		return nil, errors.New("the ready-made cases lead to none but their own servers")
	}
	return new(net.Dialer).DialContext(ctx, network, to)
}

// furnish adds the credentials that the cases use.
func (w *world) furnish(s *store) error {
	for name, client := range map[string]mtlstest.Client{
		expiredClient:  {Name: "Example client", Expired: true},
		strangerClient: {Name: "Example client", Stranger: true},
		shortClient:    {Name: "Example client", OmitIntermediate: true},
	} {
		id, err := w.ca.Issue(client)
		if err != nil {
			return err
		}
		if err := s.put(name, &entry{credential: id.Credential, sample: true}); err != nil {
			return err
		}
	}
	return errors.Join(s.put(goodClient, &entry{credential: w.client.Credential, sample: true}),
		s.put(exampleRoots, &entry{roots: w.ca.Roots().Certificates, sample: true}))
}

// writeSamples writes the example client's files, for the Extract dialog.
func (w *world) writeSamples(folder string) error {
	p12, err := w.client.PKCS12(samplePassword)
	if err != nil {
		return err
	}
	certificate, key, err := w.client.PEM()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		"client.p12": p12, "client.pem": certificate, "client-key.pem": key, "authority.pem": w.ca.PEM(),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// caller is whom a server saw.
func caller(r *http.Request) any {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil
	}
	return r.TLS.PeerCertificates[0].Subject.String()
}

func accounts(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: "visit", Value: "1", Path: "/", Secure: true, HttpOnly: true})
	reply(w, http.StatusOK, map[string]any{
		"caller": caller(r),
		"accounts": []map[string]any{
			{"id": "EX-1001", "owner": map[string]any{"name": "Ada Byron", "since": 1843}, "balance": json.Number("9007199254740993"), "currency": "EUR", "open": true},
			{"id": "EX-1002", "owner": map[string]any{"name": "Emil Post", "since": 1921}, "balance": json.Number("1250.75"), "currency": "EUR", "open": false},
		},
		"next": nil,
	})
}

func partner(w http.ResponseWriter, r *http.Request) {
	reply(w, http.StatusOK, map[string]any{"caller": caller(r), "note": "This host asked for a certificate too. It was not meant for it, so none was shown."})
}

func office(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusForbidden, map[string]any{"error": "a client certificate is required"})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// statement is large and slow, to be watched and stopped.
func statement(w http.ResponseWriter, r *http.Request) {
	const pieces = transferSeconds * 10
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="statement.csv"`)
	w.Header().Set("Content-Length", strconv.Itoa(transferSize))
	line := fmt.Sprintf("%-63s\n", "2026-11-21,EX-1001,card payment,12.50,EUR")
	piece := []byte(strings.Repeat(line, transferSize/pieces/len(line)+1))
	pace := time.NewTicker(time.Second * transferSeconds / pieces)
	defer pace.Stop()
	for left := transferSize; left > 0; {
		n := min(left, len(piece))
		if _, err := w.Write(piece[:n]); err != nil {
			return
		}
		left -= n
		_ = http.NewResponseController(w).Flush()
		select {
		case <-pace.C:
		case <-r.Context().Done():
			return
		}
	}
}
