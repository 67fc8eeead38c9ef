package handshakes_test

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/realserver"
)

// twice are peers that lie, drop or speak no TLS to clients with which something
// is wrong, too.
func (b *bench) twice() (rows []peerRow) {
	for _, p := range protocols() {
		if (p.MinTLS == tls.VersionTLS13) != (p.HTTP == 2) {
			continue // half of them are enough
		}
		for _, s := range b.situations {
			if len(s.truth) == 0 || s.credential == nil || s.withheld || s.revoked || s.deep {
				continue
			}
			add := func(kind realserver.Kind, alert uint8, truth ...string) {
				rows = b.addPeer(rows, p, kind, realserver.DemandRequire, alert, s.credential, truth)
			}
			for alert, causes := range verdicts {
				add(realserver.PeerAlertAfterClientCertificate, alert, slices.Concat(s.truth, causes)...)
			}
			for _, kind := range []realserver.Kind{realserver.PeerCloseAfterClientCertificate, realserver.PeerResetAfterHandshake, realserver.PeerCloseAfterRequest} {
				add(kind, 0, append(slices.Clone(s.truth), "client-cert-rejected")...)
			}
			add(realserver.PeerGarbage, 0, "not-tls")
			add(realserver.PeerAlertAfterClientHello, 80, "closed-in-handshake")
		}
	}
	return rows
}

// troubledTwice are servers with two faults, or that have one and are called by
// clients with two.
func (b *bench) troubledTwice(kinds []realserver.Kind) (list []setup) {
	for _, kind := range kinds {
		for _, p := range protocols() {
			add := func(trouble string, change func(*realserver.Config)) {
				c := b.server(trouble, realserver.DemandRequire)
				c.MinVersion, c.MaxVersion, c.HTTP2 = p.MinTLS, p.MaxTLS, p.HTTP == 2
				change(&c)
				if kind.Check(c) == nil {
					list = append(list, setup{kind, c, trouble, p})
				}
			}
			add("", func(c *realserver.Config) { c.CRL = b.crls })
			add("", func(c *realserver.Config) { c.CRL, c.AdvertisedCAs = b.crls, b.advertised })
			add("", func(c *realserver.Config) { c.AdvertisedCAs, c.Depth = b.advertised, realserver.NoIntermediates })
			for trouble := range b.servers {
				if strings.Contains(trouble, "+") && p.HTTP == 1 {
					add(trouble, func(*realserver.Config) {})
				}
			}
		}
	}
	return list
}

// runTwice calls a server by clients with two faults, and by those with one if
// it has one of its own.
func (b *bench) runTwice(t *testing.T, s setup, into *ledger) {
	srv := realserver.Start(t, s.kind, s.config)
	situations := b.paired
	if s.trouble != "" {
		situations = situations[:1] // who calls makes no difference
	} else if s.config.AdvertisedCAs != nil {
		situations = slices.Concat(situations, b.situations)
	}
	for _, c := range situations {
		if c.revoked && s.config.CRL == nil {
			continue
		}
		r := &mtlshttp.Request{URL: srv.URL + "/", Identity: c.credential, Roots: b.roots(), Protocol: s.protocol, Timeout: 10 * time.Second}
		into.add(ask(t.Context(), s.String()+": "+c.name, r, s.truth(c), s.mayPass(c)))
	}
}
