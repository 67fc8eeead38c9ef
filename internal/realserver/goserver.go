package realserver

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// startGo serves with net/http inside the test process.
func startGo(t testing.TB, listener net.Listener, c Config, out *log) (*backend, error) {
	config, err := goTLSConfig(c)
	if err != nil {
		return nil, err
	}
	app := &backend{addr: listener.Addr().String()}
	s := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del(subjectHeader)
			subject := ""
			if len(r.TLS.PeerCertificates) > 0 {
				subject = r.TLS.PeerCertificates[0].Subject.String()
				r.Header.Set(subjectHeader, subject)
			}
			fmt.Fprintf(out, "%s %s %q\n", r.Method, r.URL.Path, subject)
			if c.Demand == DemandPerPath && strings.HasPrefix(r.URL.Path, ProtectedPath) && subject == "" {
				http.Error(w, "a client certificate is required here", http.StatusForbidden)
				return
			}
			app.ServeHTTP(w, r)
		}),
		ErrorLog:          stdlog.New(out, "", 0),
		ReadHeaderTimeout: 10 * time.Second,
		Protocols:         new(http.Protocols),
	}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetHTTP2(c.HTTP2)
	if c.HTTP2 {
		config.NextProtos = []string{"h2", "http/1.1"}
	}
	serve(t, s, tls.NewListener(listener, config))
	return app, nil
}

func goTLSConfig(c Config) (*tls.Config, error) {
	pair, err := tls.X509KeyPair(c.Certificate, c.Key)
	if err != nil {
		return nil, fmt.Errorf("certificate of the server: %w", err)
	}
	config := &tls.Config{
		Certificates: []tls.Certificate{pair},
		MinVersion:   c.MinVersion,
		MaxVersion:   c.MaxVersion,
		NextProtos:   []string{"http/1.1"},
		ClientCAs:    pool(c.ClientCAs),
	}
	switch c.Demand {
	case DemandRequire:
		config.ClientAuth = tls.RequireAndVerifyClientCert
	case DemandOptional, DemandPerPath:
		config.ClientAuth = tls.VerifyClientCertIfGiven
	}
	if c.verifies() && !bytes.Equal(c.AdvertisedCAs, c.ClientCAs) {
		// crypto/tls names what it trusts, so trust has to be judged apart.
		config.ClientCAs = pool(c.AdvertisedCAs)
		config.ClientAuth = tls.RequestClientCert
		if c.Demand == DemandRequire {
			config.ClientAuth = tls.RequireAnyClientCert
		}
	}
	verify, err := newVerifier(c)
	if err != nil {
		return nil, err
	}
	config.VerifyConnection = verify
	return config, nil
}

// newVerifier judges a client's chain by what Config says beyond crypto/tls:
// authorities of its own, revocation, depth.
func newVerifier(c Config) (func(tls.ConnectionState) error, error) {
	revoked := map[string]bool{}
	for rest := c.CRL; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		list, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return nil, err
		}
		for _, entry := range list.RevokedCertificateEntries {
			revoked[string(list.RawIssuer)+entry.SerialNumber.String()] = true
		}
	}
	roots := pool(c.ClientCAs)
	depth, bounded := c.depth()
	return func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return nil
		}
		intermediates := x509.NewCertPool()
		for _, cert := range state.PeerCertificates[1:] {
			intermediates.AddCert(cert)
		}
		chains, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{
			Roots: roots, Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		})
		if err != nil {
			return err
		}
		for _, cert := range chains[0] {
			if revoked[string(cert.RawIssuer)+cert.SerialNumber.String()] {
				return errors.New("client certificate: revoked")
			}
		}
		if bounded && len(chains[0])-2 > depth {
			return errors.New("client certificate: chain too long")
		}
		return nil
	}, nil
}

func pool(certificates []byte) *x509.CertPool {
	p := x509.NewCertPool()
	p.AppendCertsFromPEM(certificates)
	return p
}

// pkcs8PEM gives a key the one form that every server reads.
func pkcs8PEM(key []byte) ([]byte, error) {
	block, _ := pem.Decode(key)
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	if block.Type == "PRIVATE KEY" {
		return pem.EncodeToMemory(block), nil
	}
	var parsed any
	var err error
	if parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
		var ec *ecdsa.PrivateKey
		if ec, err = x509.ParseECPrivateKey(block.Bytes); err != nil {
			return nil, fmt.Errorf("block %q is no key that Go reads", block.Type)
		}
		parsed = ec
	}
	der, err := x509.MarshalPKCS8PrivateKey(parsed)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
