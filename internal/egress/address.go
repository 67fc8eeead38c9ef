// Package egress decides which hosts, ports and addresses may be connected to.
// It is pure: it resolves nothing and dials nothing.
package egress

import (
	"net/netip"
	"slices"
)

// special are the networks that are not of the public Internet, from the IANA
// registries of special-purpose addresses (RFC 6890, RFC 8190) and of multicast
// addresses.
var special = prefixes(
	"0.0.0.0/8",       // this network (RFC 791)
	"10.0.0.0/8",      // private use (RFC 1918)
	"100.64.0.0/10",   // shared address space of carriers (RFC 6598)
	"127.0.0.0/8",     // loopback (RFC 1122)
	"169.254.0.0/16",  // link-local (RFC 3927)
	"172.16.0.0/12",   // private use (RFC 1918)
	"192.0.0.0/24",    // protocol assignments (RFC 6890)
	"192.0.2.0/24",    // documentation (RFC 5737)
	"192.88.99.0/24",  // 6to4 relays, deprecated (RFC 7526)
	"192.168.0.0/16",  // private use (RFC 1918)
	"198.18.0.0/15",   // benchmarking (RFC 2544)
	"198.51.100.0/24", // documentation (RFC 5737)
	"203.0.113.0/24",  // documentation (RFC 5737)
	"224.0.0.0/4",     // multicast (RFC 1112)
	"240.0.0.0/4",     // reserved, and limited broadcast (RFC 1112, RFC 8190)

	"::/96",         // unspecified, loopback, IPv4-compatible (RFC 4291)
	"::ffff:0:0/96", // IPv4-mapped (RFC 4291)
	"64:ff9b::/96",  // NAT64 (RFC 6052)
	"64:ff9b:1::/48",
	"100::/64",      // discard (RFC 6666)
	"2001::/23",     // protocol assignments, Teredo among them (RFC 2928)
	"2001:db8::/32", // documentation (RFC 3849)
	"2002::/16",     // 6to4 (RFC 3056)
	"3fff::/20",     // documentation (RFC 9637)
	"fc00::/7",      // unique local (RFC 4193)
	"fe80::/10",     // link-local (RFC 4291)
	"fec0::/10",     // site-local, deprecated (RFC 3879)
	"ff00::/8",      // multicast (RFC 4291)
)

// global is all of IPv6 that is assigned for the public Internet (RFC 4291).
var global = netip.MustParsePrefix("2000::/3")

// metadata are the addresses at which clouds hand credentials to whoever asks
// from inside. Some are public by their number.
var metadata = addresses(
	"169.254.169.254", "fd00:ec2::254", // AWS, Azure, GCP, Oracle, OpenStack and others
	"169.254.170.2", "169.254.170.23", "fd00:ec2::23", // containers of AWS
	"fd20:ce::254",                      // GCP
	"168.63.129.16",                     // Azure
	"192.0.0.192", "fd00:c1::a9fe:a9fe", // Oracle
	"100.100.100.200",               // Alibaba
	"169.254.0.23", "169.254.10.10", // Tencent
	"169.254.42.42", "fd00:42::42", // Scaleway
	"fe80::a9fe:a9fe", "fd00:a9fe:a9fe::1", // OpenStack and Akamai, Akamai alone
)

func prefixes(texts ...string) (out []netip.Prefix) {
	for _, text := range texts {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

func addresses(texts ...string) (out []netip.Addr) {
	for _, text := range texts {
		out = append(out, netip.MustParseAddr(text))
	}
	return out
}

// plain brings an address to the form that the tables have: IPv4 is IPv4, also
// where it is mapped into IPv6, and a zone says nothing about where it leads.
// (Prefix.Contains is false for every address with a zone.)
func plain(a netip.Addr) netip.Addr { return a.WithZone("").Unmap() }

// IsPublic says whether an address, and every IPv4 address that is embedded in
// it, belongs to the public Internet.
func IsPublic(a netip.Addr) bool {
	a = plain(a)
	return isPublic(a) && !slices.ContainsFunc(embedded(a), func(v4 netip.Addr) bool { return !isPublic(v4) })
}

func isPublic(a netip.Addr) bool {
	return a.IsValid() && (a.Is4() || global.Contains(a)) && !within(special, a)
}

// IsMetadata says whether an address, or one that is embedded in it, is a
// cloud's metadata service.
func IsMetadata(a netip.Addr) bool {
	a = plain(a)
	return slices.Contains(metadata, a) ||
		slices.ContainsFunc(embedded(a), func(v4 netip.Addr) bool { return slices.Contains(metadata, v4) })
}

func within(networks []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(a) })
}
