package realserver

import (
	"strconv"
)

// openssl runs s_server, which answers any GET with a page about the
// connection, one connection after another.
func openssl(p *place) (args, env []string, err error) {
	f := p.writePEM()
	args = []string{"s_server", "-accept", p.addr(), "-www",
		"-cert", f.Certificate, "-cert_chain", f.Certificate, "-key", f.Key,
		"-min_protocol", tlsv1dot(int(p.MinVersion) - 0x301), "-max_protocol", tlsv1dot(int(p.MaxVersion) - 0x301),
		"-alpn", "http/1.1", "-no-CApath", "-no-CAstore"}
	if f.Advertised != "" {
		args = append(args, "-CAfile", f.Advertised)
	} else {
		args = append(args, "-no-CAfile")
	}
	if f.Trusted != "" {
		args = append(args, "-verifyCAfile", f.Trusted)
	}
	depth, set := p.depth()
	if !set {
		depth = 100 // OpenSSL's own default
	}
	switch p.Demand {
	case DemandOptional:
		args = append(args, "-verify", strconv.Itoa(depth), "-verify_return_error")
	case DemandRequire:
		args = append(args, "-Verify", strconv.Itoa(depth), "-verify_return_error")
	}
	if set {
		args = append(args, "-verify_depth", strconv.Itoa(depth))
	}
	if f.CRL != "" {
		args = append(args, "-CRL", f.CRL, "-crl_check_all")
	}
	return args, nil, nil
}
