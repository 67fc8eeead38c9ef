package egress

import "net/netip"

var (
	compatible = netip.MustParsePrefix("::/96")
	translated = netip.MustParsePrefix("::ffff:0:0:0/96")
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
	nat64Local = netip.MustParsePrefix("64:ff9b:1::/48")
	sixToFour  = netip.MustParsePrefix("2002::/16")
	teredo     = netip.MustParsePrefix("2001::/32")

	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")
)

// embedded returns the IPv4 addresses to which a translator or a tunnel may
// carry what is sent to an IPv6 address.
func embedded(a netip.Addr) []netip.Addr {
	if !a.Is6() {
		return nil
	}
	b := a.As16()
	at := func(i ...int) netip.Addr { return netip.AddrFrom4([4]byte{b[i[0]], b[i[1]], b[i[2]], b[i[3]]}) }
	last := at(12, 13, 14, 15)
	var found []netip.Addr
	switch {
	case a.IsUnspecified(), a.IsLoopback(): // of IPv6 itself
	case compatible.Contains(a), translated.Contains(a), nat64.Contains(a): // RFC 4291, RFC 2765, RFC 6052
		found = append(found, last)
	case nat64Local.Contains(a): // RFC 8215; for any prefix length of RFC 6052
		for _, v4 := range []netip.Addr{at(6, 7, 9, 10), at(7, 9, 10, 11), at(9, 10, 11, 12), last} {
			if !thisNetwork.Contains(v4) { // the padding of another length
				found = append(found, v4)
			}
		}
	case sixToFour.Contains(a): // RFC 3056
		found = append(found, at(2, 3, 4, 5))
	case teredo.Contains(a): // RFC 4380: the server, and the client in complement
		found = append(found, at(4, 5, 6, 7), netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]}))
	}
	if (b[8] == 0 || b[8] == 2) && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe { // ISATAP, RFC 5214
		found = append(found, last)
	}
	return found
}
