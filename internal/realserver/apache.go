package realserver

import (
	"strings"
	"text/template"
)

// A demand for one path is made after the request was read: by renegotiation on
// TLS 1.2, which HTTP/2 forbids, and on TLS 1.3 by post-handshake
// authentication, where the client offered it.
var apacheConf = template.Must(template.New("apache").Parse(`ServerRoot "{{.Dir}}"
DefaultRuntimeDir "{{.Dir}}"
PidFile apache.pid
ServerName localhost
Listen {{.Addr}} https
{{if .Root}}User nobody
Group nogroup
{{end}}LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
StartServers 1
ServerLimit 1
ThreadsPerChild 32
MaxRequestWorkers 32
ErrorLog error.log
LogLevel warn ssl:info
LogFormat "\"%r\" %>s %{SSL_PROTOCOL}x verify=%{SSL_CLIENT_VERIFY}x subject=\"%{SSL_CLIENT_S_DN}x\"" tls
CustomLog access.log tls
Protocols {{if .HTTP2}}h2 {{end}}http/1.1
SSLEngine on
SSLSessionCache shmcb:{{.Dir}}/sessions(102400)
SSLCertificateFile {{.PEM.Certificate}}
SSLCertificateKeyFile {{.PEM.Key}}
SSLProtocol -all +{{.Versions}}
{{if .Verify}}SSLCACertificateFile {{.PEM.Trusted}}
SSLCADNRequestFile {{.PEM.Advertised}}
{{if .DepthSet}}SSLVerifyDepth {{.DepthValue}}
{{end}}{{if .PEM.CRL}}SSLCARevocationFile {{.PEM.CRL}}
SSLCARevocationCheck chain
{{end}}{{if .PerPath}}<Location "{{.PerPath}}">
  SSLVerifyClient {{.Verify}}
</Location>
{{else}}SSLVerifyClient {{.Verify}}
{{end}}{{end}}RequestHeader set X-Client-Subject "expr=%{SSL_CLIENT_S_DN}"
ProxyPass "/" "http://{{.Backend}}/"
`))

func apache(p *place) (args, env []string, err error) {
	verify := map[Demand]string{DemandOptional: "optional", DemandRequire: "require", DemandPerPath: "require"}[p.Demand]
	w := p.webServer(verify)
	w.Versions = strings.ReplaceAll(w.Versions, " ", " +") // each one is added to none
	w.DepthValue++                                         // mod_ssl counts the root too
	conf, err := fill(apacheConf, w)
	if err != nil {
		return nil, nil, err
	}
	return []string{"-DFOREGROUND", "-f", p.write("apache.conf", conf)}, nil, nil
}
