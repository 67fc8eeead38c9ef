package mtlstest

import (
	"context"
	"net"

	"github.com/mtlshttp/mtlshttp/internal/memnet"
)

// Network is a network inside the process: servers listen at names and clients
// dial them, without sockets, so that a testing/synctest bubble sees who waits
// and its clock goes on. The zero value is ready; it is safe for concurrent use.
type Network struct{ inner memnet.Network }

// At makes a server listen at host:port of the network. The host is in the
// server's certificate; it is looked up nowhere.
func (n *Network) At(address string) Option {
	return func(o *options) { o.network, o.address = n, address }
}

// Dial connects to the server at host:port, for Executor.Dial or an
// http.Transport. Where none listens the error is ECONNREFUSED.
func (n *Network) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return n.inner.Dial(ctx, network, address)
}
