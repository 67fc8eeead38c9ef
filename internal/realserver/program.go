package realserver

import (
	"os/user"
	"strings"
	"text/template"
)

// program says how a server's program is configured and run. command writes
// the configuration into the place and returns arguments and additions to the
// environment.
type program struct {
	binary  string // looked up in PATH
	debian  string // the package that brings it
	proxies bool   // passes requests on to the application behind
	logs    []string
	command func(*place) (args, env []string, err error)
}

var programs = map[Kind]program{
	Nginx:   {binary: "nginx", debian: "nginx-light", proxies: true, logs: []string{"error.log", "access.log"}, command: nginx},
	Apache:  {binary: "apache2", debian: "apache2", proxies: true, logs: []string{"error.log", "access.log"}, command: apache},
	HAProxy: {binary: "haproxy", debian: "haproxy", proxies: true, command: haproxy},
	OpenSSL: {binary: "openssl", debian: "openssl", command: openssl},
	Stunnel: {binary: "stunnel", debian: "stunnel4", proxies: true, command: stunnel},
	GnuTLS:  {binary: "gnutls-serv", debian: "gnutls-bin", command: gnutls},
	Node:    {binary: "node", debian: "nodejs", command: node},
	JDK:     {binary: "java", debian: "default-jdk-headless", command: jdk},
}

// fill executes a configuration's template.
func fill(t *template.Template, data any) ([]byte, error) {
	var b strings.Builder
	err := t.Execute(&b, data)
	return []byte(b.String()), err
}

func isRoot() bool {
	u, err := user.Current()
	return err == nil && u.Uid == "0"
}

// pemFiles are the files that most programs are configured with. A path is
// empty where there is nothing to put into the file.
type pemFiles struct {
	Certificate, Key, Trusted, Advertised, CRL string
}

func (p *place) writePEM() pemFiles {
	var f pemFiles
	f.Certificate = p.write("server.pem", p.Certificate)
	f.Key = p.write("server.key", p.Key)
	if len(p.ClientCAs) > 0 {
		f.Trusted = p.write("trusted.pem", p.ClientCAs)
	}
	if len(p.AdvertisedCAs) > 0 {
		f.Advertised = p.write("advertised.pem", p.AdvertisedCAs)
	}
	if len(p.CRL) > 0 {
		f.CRL = p.write("crl.pem", p.CRL)
	}
	return f
}
