package realserver

import (
	"fmt"
	"strings"
)

func stunnel(p *place) (args, env []string, err error) {
	f := p.writePEM()
	var b strings.Builder
	fmt.Fprintf(&b, "foreground = yes\npid =\nsyslog = no\ndebug = info\n")
	fmt.Fprintf(&b, "[tls]\naccept = %s\nconnect = %s\n", p.addr(), p.backend)
	fmt.Fprintf(&b, "cert = %s\nkey = %s\n", f.Certificate, f.Key)
	fmt.Fprintf(&b, "sslVersionMin = %s\nsslVersionMax = %s\n", tlsv1dot(int(p.MinVersion)-0x301), tlsv1dot(int(p.MaxVersion)-0x301))
	if p.verifies() {
		fmt.Fprintf(&b, "CAfile = %s\n", f.Trusted)
	}
	switch {
	case p.Demand == DemandOptional:
		b.WriteString("verify = 1\n") // verifyChain would imply requireCert
	case p.Demand == DemandRequire && p.PinLeaf:
		b.WriteString("verifyPeer = yes\n")
	case p.Demand == DemandRequire:
		b.WriteString("verifyChain = yes\n")
	}
	if f.CRL != "" {
		fmt.Fprintf(&b, "CRLfile = %s\n", f.CRL)
	}
	return []string{p.write("stunnel.conf", []byte(b.String()))}, nil, nil
}
