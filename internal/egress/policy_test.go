package egress

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func hosts(t *testing.T, texts ...string) (out []HostPattern) {
	for _, text := range texts {
		p, err := ParseHostPattern(text)
		require.NoError(t, err, text)
		out = append(out, p)
	}
	return out
}

func reason(err error) Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

// SSRF-15: hosts match on whole labels, as A-labels.
func TestSSRF15Hosts(t *testing.T) {
	p := &Policy{AllowHosts: hosts(t, "a.com", "*.b.com", "Bücher.example", "c.com:8443", "[2001:4860:4860::8888]", "8.8.8.8"),
		DenyHosts: hosts(t, "bad.b.com", "*.worse.b.com")}
	for _, c := range []struct {
		host, port string
		allowed    bool
	}{
		{"a.com", "443", true}, {"A.COM", "80", true}, {"a.com.", "443", true},
		{"evil-a.com", "443", false}, {"a.com.evil", "443", false}, {"x.a.com", "443", false}, {"acom", "443", false},
		{"x.b.com", "443", true}, {"x.y.b.com", "443", true}, {"b.com", "443", false}, {"xb.com", "443", false},
		{"bad.b.com", "443", false}, {"BAD.b.com.", "443", false}, {"x.worse.b.com", "443", false}, {"worse.b.com", "443", true},
		{"xn--bcher-kva.example", "443", true}, {"bucher.example", "443", false},
		{"c.com", "8443", true}, {"c.com", "443", false},
		{"2001:4860:4860::8888", "443", true}, {"2001:4860:4860::8844", "443", false},
		{"8.8.8.8", "53", true}, {"8.8.4.4", "53", false}, {"", "443", false},
	} {
		err := p.CheckHost(c.host, c.port)
		if c.allowed {
			assert.NoError(t, err, c)
		} else {
			assert.Equal(t, Host, reason(err), c)
		}
	}
	assert.Equal(t, Host, reason((&Policy{AllowHosts: []HostPattern{}}).CheckHost("a.com", "443")), "an empty list is not nil")
	for _, text := range []string{"", "*", "*.", "a b", "https://a.com", "::1", "a.com:99999", "*.1.2.3.4", "a..b", "[fe80::1%25eth0]"} {
		_, err := ParseHostPattern(text)
		assert.Error(t, err, text)
	}
}

// An IPv4 address is one host, in its own form and mapped into IPv6.
func TestMappedHosts(t *testing.T) {
	for _, pattern := range []string{"127.0.0.2", "[::ffff:127.0.0.2]", "[::FFFF:7f00:2]:*"} {
		for _, host := range []string{"127.0.0.2", "::ffff:7f00:2", "::ffff:127.0.0.2", "0:0:0:0:0:ffff:7f00:2"} {
			assert.Equal(t, Host, reason((&Policy{DenyHosts: hosts(t, pattern)}).CheckName(host, "443")), "%s, %s", pattern, host)
			assert.NoError(t, (&Policy{AllowHosts: hosts(t, pattern)}).CheckName(host, "443"), "%s, %s", pattern, host)
		}
		for _, host := range []string{"127.0.0.3", "::ffff:7f00:3", "::7f00:2", "64:ff9b::7f00:2"} {
			assert.NoError(t, (&Policy{DenyHosts: hosts(t, pattern)}).CheckName(host, "443"), "%s, %s", pattern, host)
		}
	}
	one := &Policy{DenyHosts: hosts(t, "[::ffff:127.0.0.2]:80")}
	assert.Equal(t, Host, reason(one.CheckName("::ffff:7f00:2", "80")))
	assert.NoError(t, one.CheckName("::ffff:7f00:2", "443"))
}

// SSRF-08: ports.
func TestSSRF08Ports(t *testing.T) {
	denying := &Policy{DenyPorts: []uint16{22, 25, 6379}}
	for port, allowed := range map[string]bool{"443": true, "22": false, "25": false, "6379": false, "0": false, "99999": false, "": false, "+80": false} {
		assert.Equal(t, allowed, denying.CheckHost("a.com", port) == nil, port)
	}
	only := &Policy{AllowPorts: []uint16{443, 22}, DenyPorts: []uint16{22}}
	for port, allowed := range map[uint16]bool{443: true, 80: false, 22: false, 0: false} {
		err := only.CheckAddress(netip.AddrPortFrom(netip.MustParseAddr("8.8.8.8"), port))
		assert.Equal(t, allowed, err == nil, port)
		if !allowed {
			assert.Equal(t, Port, reason(err))
		}
	}
}

func TestNetworks(t *testing.T) {
	networks := func(texts ...string) []netip.Prefix {
		out, err := Networks(prefixes(texts...))
		require.NoError(t, err)
		return out
	}
	for name, c := range map[string]struct {
		policy           Policy
		allowed, refused []string
	}{
		"beside the public ones": {Policy{AllowNetworks: networks("10.1.0.0/16", "fd12::/16")},
			[]string{"10.1.2.3", "::ffff:10.1.2.3", "fd12::1", "8.8.8.8"}, []string{"10.2.0.1", "127.0.0.1", "fd13::1"}},
		"these alone": {Policy{AllowNetworks: networks("10.1.0.0/16", "8.8.8.0/24"), NetworksOnly: true},
			[]string{"10.1.2.3", "8.8.8.8"}, []string{"8.8.4.4", "2606:4700:4700::1111", "10.2.0.1"}},
		"but not these": {Policy{AllowNetworks: networks("10.0.0.0/8"), DenyNetworks: networks("10.9.0.0/16", "8.8.8.8/32")},
			[]string{"10.8.0.1", "8.8.4.4"}, []string{"10.9.0.1", "8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"}},
		"a mapped network is IPv4": {Policy{AllowNetworks: networks("::ffff:10.0.0.0/104"), DenyNetworks: networks("::ffff:8.0.0.0/104")},
			[]string{"10.1.2.3", "9.9.9.9"}, []string{"8.8.8.8", "192.168.0.1"}},
		"a translator leads to what is in it": {Policy{AllowNetworks: networks("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")},
			[]string{"64:ff9b::8.8.8.8", "64:ff9b:1::8.8.8.8", "2002:808:808::1"},
			[]string{"64:ff9b::10.0.0.1", "64:ff9b:1::10.0.0.1", "64:ff9b:1:a00:0:100::", "2002:7f00:1::1"}},
		"loopback of IPv6 alone": {Policy{AllowNetworks: networks("::1/128")}, []string{"::1"}, []string{"127.0.0.1", "::2", "::"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, text := range c.allowed {
				assert.NoError(t, c.policy.CheckAddress(netip.AddrPortFrom(netip.MustParseAddr(text), 443)), text)
				assert.NoError(t, c.policy.CheckHost(netip.MustParseAddr(text).String(), "443"), text)
			}
			for _, text := range c.refused {
				assert.Equal(t, Address, reason(c.policy.CheckAddress(netip.AddrPortFrom(netip.MustParseAddr(text), 443))), text)
				assert.Equal(t, Address, reason(c.policy.CheckHost(netip.MustParseAddr(text).String(), "443")), text)
			}
		})
	}
	_, err := Networks([]netip.Prefix{{}})
	assert.Error(t, err)
}

// Whatever an address is, every way of writing it has one verdict, and no
// policy lets a metadata service through.
func FuzzCheckAddress(f *testing.F) {
	for _, text := range []string{"127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2606:4700::1", "fe80::1%eth0"} {
		f.Add(text)
	}
	everything := &Policy{AllowNetworks: prefixes("0.0.0.0/0", "::/0")}
	public := new(Policy)
	f.Fuzz(func(t *testing.T, text string) {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return
		}
		ap := netip.AddrPortFrom(a, 443)
		bare := netip.AddrPortFrom(netip.AddrFrom16(a.As16()), 443)
		assert.Equal(t, public.CheckAddress(ap), public.CheckAddress(bare))
		assert.Equal(t, IsPublic(a) && !IsMetadata(a), public.CheckAddress(ap) == nil)
		assert.Equal(t, IsMetadata(a), everything.CheckAddress(ap) != nil)
	})
}
