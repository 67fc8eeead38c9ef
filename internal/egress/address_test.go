package egress

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// boundaries are the networks that are not public: within, the first address,
// some inside and the last; and their neighbours that are public.
var boundaries = []struct{ network, within, beside string }{
	{"0.0.0.0/8", "0.0.0.0 0.0.0.1 0.127.3.4 0.255.255.255", "1.0.0.0"},
	{"10.0.0.0/8", "10.0.0.0 10.1.2.3 10.255.255.255", "9.255.255.255 11.0.0.0"},
	{"100.64.0.0/10", "100.64.0.0 100.100.1.1 100.127.255.255", "100.63.255.255 100.128.0.0"},
	{"127.0.0.0/8", "127.0.0.0 127.0.0.1 127.99.0.1 127.255.255.255", "126.255.255.255 128.0.0.0"},
	{"169.254.0.0/16", "169.254.0.0 169.254.10.10 169.254.255.255", "169.253.255.255 169.255.0.0"},
	{"172.16.0.0/12", "172.16.0.0 172.20.1.1 172.31.255.255", "172.15.255.255 172.32.0.0"},
	{"192.0.0.0/24", "192.0.0.0 192.0.0.8 192.0.0.255", "191.255.255.255 192.0.1.0"},
	{"192.0.2.0/24", "192.0.2.0 192.0.2.77 192.0.2.255", "192.0.1.255 192.0.3.0"},
	{"192.88.99.0/24", "192.88.99.0 192.88.99.1 192.88.99.255", "192.88.98.255 192.88.100.0"},
	{"192.168.0.0/16", "192.168.0.0 192.168.1.1 192.168.255.255", "192.167.255.255 192.169.0.0"},
	{"198.18.0.0/15", "198.18.0.0 198.19.0.0 198.19.255.255", "198.17.255.255 198.20.0.0"},
	{"198.51.100.0/24", "198.51.100.0 198.51.100.9 198.51.100.255", "198.51.99.255 198.51.101.0"},
	{"203.0.113.0/24", "203.0.113.0 203.0.113.9 203.0.113.255", "203.0.112.255 203.0.114.0"},
	{"224.0.0.0/4", "224.0.0.0 232.1.1.1 239.255.255.255", "223.255.255.255"},
	{"240.0.0.0/4", "240.0.0.0 250.1.1.1 255.255.255.254 255.255.255.255", ""},
	{"::/128", ":: ::%eth0", ""},
	{"::1/128", "::1 ::1%lo", ""},
	{"::/96", "::2 ::127.0.0.1 ::8.8.8.8 ::255.255.255.255 ::fffe:ffff:ffff", ""},
	{"::ffff:0:0/96 is IPv4", "::ffff:0.0.0.0 ::ffff:7f00:1 ::ffff:10.0.0.1%eth0 ::ffff:255.255.255.255", "::ffff:8.8.8.8"},
	{"64:ff9b::/96", "64:ff9b:: 64:ff9b::8.8.8.8 64:ff9b::10.0.0.1 64:ff9b::ffff:ffff", ""},
	{"64:ff9b:1::/48", "64:ff9b:1:: 64:ff9b:1::8.8.8.8 64:ff9b:1:ffff:ffff:ffff:ffff:ffff", ""},
	{"100::/64", "100:: 100::1 100::ffff:ffff:ffff:ffff", ""},
	{"2001::/23", "2001:: 2001:20::1 2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2001:200::"},
	{"2001:db8::/32", "2001:db8:: 2001:db8:1::1 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
		"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff 2001:db9::"},
	{"2002::/16", "2002:: 2002:808:808::1 2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2003::"},
	{"3fff::/20", "3fff:: 3fff:800::1 3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff 3fff:1000::"},
	{"outside of 2000::/3", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 4000:: 5f00::1 8000::1", "2000:: 3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	{"fc00::/7", "fc00:: fd12:3456::1 fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""},
	{"fe80::/10", "fe80:: fe80::1%eth0 febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""},
	{"fec0::/10", "fec0:: fec0:1::1 feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""},
	{"ff00::/8", "ff00:: ff02::1 ff0e::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""},
	{"ISATAP", "2600::5efe:10.0.0.1 2600::200:5efe:127.0.0.1", "2600::5efe:8.8.8.8 2600::5eff:a00:1"},
	{"public services", "", "8.8.8.8 1.1.1.1 2606:4700:4700::1111 2001:4860:4860::8888"},
}

// SSRF-02 and SSRF-16.
func TestSSRF02Boundaries(t *testing.T) {
	public := new(Policy)
	denied, allowed := 0, 0
	for _, b := range boundaries {
		for _, text := range strings.Fields(b.within) {
			a := netip.MustParseAddr(text)
			assert.False(t, IsPublic(a), "%s in %s", text, b.network)
			assert.Error(t, public.CheckAddress(netip.AddrPortFrom(a, 443)), "%s in %s", text, b.network)
			denied++
		}
		for _, text := range strings.Fields(b.beside) {
			a := netip.MustParseAddr(text)
			assert.True(t, IsPublic(a), "%s beside %s", text, b.network)
			assert.NoError(t, public.CheckAddress(netip.AddrPortFrom(a, 443)), "%s beside %s", text, b.network)
			allowed++
		}
	}
	t.Logf("%d addresses denied, %d allowed", denied, allowed)
	assert.GreaterOrEqual(t, denied+allowed, 90)
	assert.Error(t, public.CheckAddress(netip.AddrPort{}), "what is no address is not public")
}

// Every deny network has its first, its last and one more address in the table.
func TestSSRF02TableIsComplete(t *testing.T) {
	for _, network := range special {
		inside := 0
		first, last := false, false
		for _, b := range boundaries {
			for _, text := range strings.Fields(b.within) {
				a := netip.MustParseAddr(text).WithZone("")
				if !network.Contains(a) {
					continue
				}
				inside++
				first = first || a == network.Addr()
				last = last || !network.Contains(a.Next())
			}
		}
		assert.True(t, inside >= 3 && first && last, "%s: %d addresses, first %t, last %t", network, inside, first, last)
	}
}

// SSRF-03: metadata services stay out whatever is allowed, in every form.
func TestSSRF03Metadata(t *testing.T) {
	everything := &Policy{AllowNetworks: prefixes("0.0.0.0/0", "::/0", "169.254.169.254/32", "168.63.129.16/32")}
	for _, text := range []string{
		"169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192",
		"169.254.170.2", "169.254.170.23", "fd00:ec2::23", "fd20:ce::254", "169.254.0.23", "169.254.42.42",
		"fd00:42::42", "fd00:c1::a9fe:a9fe", "fd00:a9fe:a9fe::1", "fe80::a9fe:a9fe", "fe80::a9fe:a9fe%eth0", "169.254.10.10",
		"fd00:ec2::254%eth0", "::ffff:169.254.169.254", "::ffff:0:169.254.169.254", "::169.254.169.254",
		"64:ff9b::169.254.169.254", "64:ff9b::168.63.129.16", "64:ff9b:1::169.254.169.254",
		"64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1:a9:fe:a9fe::", "64:ff9b:1:1:a9:fea9:fe00:0", "2002:a9fe:a9fe::1",
		"2001:0:a9fe:a9fe::", "2001::5601:5601", "2600::5efe:169.254.169.254",
	} {
		a := netip.MustParseAddr(text)
		assert.True(t, IsMetadata(a), text)
		assert.ErrorContains(t, everything.CheckAddress(netip.AddrPortFrom(a, 80)), "address", text)
	}
	for _, text := range []string{"169.254.169.253", "10.0.0.1", "fd00:ec2::255", "64:ff9b::10.0.0.1", "::1", "8.8.8.8"} {
		a := netip.MustParseAddr(text)
		assert.False(t, IsMetadata(a), text)
		assert.NoError(t, everything.CheckAddress(netip.AddrPortFrom(a, 80)), text)
	}
	for _, name := range []string{"metadata.google.internal", "metadata.goog", "instance-data"} {
		assert.Error(t, everything.CheckHost(name, "80"), name)
	}
	assert.NoError(t, everything.CheckHost("metadata.google.internal.example", "80"))
}
