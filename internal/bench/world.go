package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/testca"
)

// world is the client's side: an authority, client certificates of it and the
// server's process.
type world struct {
	place
	ctx     context.Context
	ca      *testca.CA
	clients []*client
	input   io.Closer
	process *exec.Cmd
}

// client is one identity, as each contender wants it.
type client struct {
	pair       *testca.Pair
	credential *mtlshttp.Credential
	tls        tls.Certificate
}

func newWorld(ctx context.Context) (*world, error) {
	ca, err := testca.New(testca.Options{CommonName: "bench CA"})
	if err != nil {
		return nil, err
	}
	server, err := ca.Issue(testca.Leaf{CommonName: "127.0.0.1", IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, Usages: testca.ServerAuth})
	if err != nil {
		return nil, err
	}
	key, err := server.KeyPEM()
	if err != nil {
		return nil, err
	}
	w := &world{ctx: ctx, ca: ca}
	if err := w.start(orders{Certificate: server.CertificatePEM(), Key: key, Authority: ca.PEM()}); err != nil {
		return nil, err
	}
	if err := w.grow(1); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *world) start(o orders) error {
	path, err := os.Executable()
	if err != nil {
		return err
	}
	w.process = exec.CommandContext(w.ctx, path)
	w.process.Env = append(os.Environ(), serverEnv+"=1")
	w.process.Stderr = os.Stderr
	in, err := w.process.StdinPipe()
	if err != nil {
		return err
	}
	out, err := w.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := w.process.Start(); err != nil {
		return err
	}
	w.input = in
	err = errors.Join(json.NewEncoder(in).Encode(o), json.NewDecoder(out).Decode(&w.place))
	if err != nil {
		w.close()
		return fmt.Errorf("the server's process: %w", err)
	}
	return nil
}

// close ends the server's process.
func (w *world) close() {
	_ = w.input.Close()
	_ = w.process.Wait()
}

// grow makes identities until there are count.
func (w *world) grow(count int) error {
	for len(w.clients) < count {
		pair, err := w.ca.Issue(testca.Leaf{CommonName: fmt.Sprint("client ", len(w.clients)), Usages: testca.ClientAuth})
		if err != nil {
			return err
		}
		credential, err := mtlshttp.NewCredential(pair.Key, pair.Certificate)
		if err != nil {
			return err
		}
		w.clients = append(w.clients, &client{pair, credential,
			tls.Certificate{Certificate: [][]byte{pair.Certificate.Raw}, PrivateKey: pair.Key, Leaf: pair.Certificate}})
	}
	return nil
}

// roots trusts the server's authority alone.
func (w *world) roots() mtlshttp.Roots {
	return mtlshttp.Roots{Certificates: []*x509.Certificate{w.ca.Certificate}, Only: true}
}
