package wire

import "net/netip"

// guard refuses every loopback address.
func guard(err error) func(netip.AddrPort) error {
	return func(a netip.AddrPort) error {
		if a.Addr().IsLoopback() {
			return err
		}
		return nil
	}
}
