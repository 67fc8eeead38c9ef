package realserver

import (
	"crypto/tls"
	"fmt"
)

// list says how free a server is in the authorities that it names.
type list int

const (
	listIsTrust   list = iota // names exactly what it trusts
	listAddsTrust             // trusts what it names, and may trust more
	listApart                 // names what it is told to
)

// features is what a kind of server can be configured to do.
type features struct {
	http2, perPath, crl, depth bool
	list                       list
	emptyList                  bool
	pinLeaf                    bool
	post                       bool // answers a request with a body
}

var supported = map[Kind]features{
	Nginx:   {http2: true, perPath: true, crl: true, depth: true, list: listAddsTrust, post: true},
	Apache:  {http2: true, perPath: true, crl: true, depth: true, list: listApart, post: true},
	HAProxy: {http2: true, perPath: true, crl: true, list: listAddsTrust, post: true},
	OpenSSL: {crl: true, depth: true, list: listApart, emptyList: true},
	Stunnel: {crl: true, pinLeaf: true, post: true},
	GnuTLS:  {crl: true},
	Node:    {http2: true, perPath: true, crl: true, post: true},
	JDK:     {perPath: true, crl: true, list: listApart, emptyList: true, post: true},
	Go:      {http2: true, perPath: true, crl: true, depth: true, list: listApart, emptyList: true, post: true},
}

// UnsupportedError says what a kind of server cannot be configured to do.
type UnsupportedError struct {
	Kind    Kind
	Feature string
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("realserver: %s: not supported: %s", e.Kind, e.Feature)
}

// Check reports, without starting anything, whether the server can be what c
// describes. The error is an *UnsupportedError; a suite of many combinations
// leaves those out.
func (k Kind) Check(c Config) error {
	if p, ok := peers[k]; ok {
		return p.check(k, c)
	}
	can, ok := supported[k]
	missing := ""
	switch {
	case !ok:
		missing = "the kind is not known"
	case c.HTTP2 && !can.http2:
		missing = "HTTP/2"
	case c.Demand == DemandPerPath && !can.perPath:
		missing = "a demand per path"
	case c.CRL != nil && !can.crl:
		missing = "a revocation list"
	case c.Depth != 0 && !can.depth:
		missing = "a bound on the chain's depth"
	case c.PinLeaf && !can.pinLeaf:
		missing = "pinned client certificates"
	case c.AdvertisedCAs != nil && len(c.AdvertisedCAs) == 0 && !can.emptyList:
		missing = "a demand that names no authority"
	case len(c.AdvertisedCAs) > 0 && can.list == listIsTrust && string(c.AdvertisedCAs) != string(c.ClientCAs):
		missing = "a list of authorities other than the trusted ones"
	}
	if missing != "" {
		return &UnsupportedError{k, missing}
	}
	return nil
}

// AnswersPOST reports whether the server answers requests with a body.
func (k Kind) AnswersPOST() bool { return supported[k].post }

// AdvertisedAreTrusted reports whether the server also trusts the authorities
// that it advertises.
func (k Kind) AdvertisedAreTrusted() bool { return supported[k].list != listApart }

// InProcess reports whether the server runs inside the test process, where it
// needs neither a program nor MTLSHTTP_INTEGRATION.
func (k Kind) InProcess() bool {
	_, isPeer := peers[k]
	return isPeer || k == Go
}

func (p peer) check(k Kind, c Config) error {
	missing := ""
	switch {
	case c.Demand == DemandPerPath:
		missing = "a demand per path"
	case c.CRL != nil || c.Depth != 0 || c.PinLeaf:
		missing = "verification: a peer asks for a certificate and looks at none"
	case c.HTTP2 && p.http1:
		missing = "HTTP/2"
	case c.MaxVersion != 0 && c.MaxVersion < p.minVersion, p.maxVersion != 0 && c.MaxVersion > p.maxVersion:
		missing = tls.VersionName(c.MaxVersion)
	}
	if missing != "" {
		return &UnsupportedError{k, missing}
	}
	return nil
}
