package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
)

const id = "spiffe://example.test/payments"

// workloadAPI is a SPIFFE Workload API that hands out what it is given.
type workloadAPI struct {
	workload.UnimplementedSpiffeWorkloadAPIServer
	svids chan *workload.X509SVIDResponse
	done  chan struct{}
}

func (w *workloadAPI) FetchX509SVID(_ *workload.X509SVIDRequest, stream grpc.ServerStreamingServer[workload.X509SVIDResponse]) error {
	for {
		select {
		case svid := <-w.svids:
			if err := stream.Send(svid); err != nil {
				return err
			}
		case <-stream.Context().Done():
			return nil
		case <-w.done:
			return nil
		}
	}
}

// startWorkloadAPI starts one that ends with the test, and returns its address.
func startWorkloadAPI(t *testing.T) (*workloadAPI, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &workloadAPI{svids: make(chan *workload.X509SVIDResponse, 1), done: make(chan struct{})}
	server := grpc.NewServer()
	workload.RegisterSpiffeWorkloadAPIServer(server, w)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() {
		close(w.done)
		server.Stop()
	})
	return w, "tcp://" + listener.Addr().String()
}

// domain is the authority of a trust domain.
type domain struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newDomain(t *testing.T) *domain {
	t.Helper()
	d := new(domain)
	d.certificate, d.key = d.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "example.test CA"}, IsCA: true,
		KeyUsage: x509.KeyUsageCertSign, URIs: []*url.URL{{Scheme: "spiffe", Host: "example.test"}}})
	return d
}

// svid issues an X.509 SVID as the Workload API hands it out.
func (d *domain) svid(t *testing.T, serial int64) *workload.X509SVIDResponse {
	t.Helper()
	c, key := d.sign(t, &x509.Certificate{SerialNumber: big.NewInt(serial), KeyUsage: x509.KeyUsageDigitalSignature,
		URIs: []*url.URL{{Scheme: "spiffe", Host: "example.test", Path: "/payments"}}})
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return &workload.X509SVIDResponse{Svids: []*workload.X509SVID{{SpiffeId: id, X509Svid: c.Raw, X509SvidKey: der, Bundle: d.certificate.Raw}}}
}

func (d *domain) sign(t *testing.T, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template.NotBefore, template.NotAfter, template.BasicConstraintsValid = time.Now().Add(-time.Minute), time.Now().Add(time.Hour), true
	if template.SerialNumber == nil {
		template.SerialNumber = big.NewInt(1)
	}
	parent, signer := d.certificate, d.key
	if parent == nil {
		parent, signer = template, key
	}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(t, err)
	c, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return c, key
}
