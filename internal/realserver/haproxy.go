package realserver

import (
	"bytes"
	"text/template"
)

// ca-file is what HAProxy names to clients; ca-verify-file, what it trusts
// without a word about it.
var haproxyConf = template.Must(template.New("haproxy").Parse(`global
  log stdout format raw local0
  maxconn 256
  nbthread 1
defaults
  mode http
  log global
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  log-format '"%HM %HP" %ST %sslv verify=%[ssl_c_verify] error=%[ssl_fc_err] subject="%[ssl_c_s_dn]"'
frontend tls
  bind {{.Addr}} ssl crt {{.PEM.Certificate}} ssl-min-ver {{.MinVersion}} ssl-max-ver {{.MaxVersion}} alpn {{if .HTTP2}}h2,{{end}}http/1.1
{{- if .Verify}} verify {{.Verify}} ca-file {{.PEM.Advertised}}{{if .Apart}} ca-verify-file {{.PEM.Trusted}}{{end}}{{if .PEM.CRL}} crl-file {{.PEM.CRL}}{{end}}{{end}}
  http-request set-header X-Client-Subject %[ssl_c_s_dn]
{{if .PerPath}}  http-request deny deny_status 403 if { path_beg {{.PerPath}} } !{ ssl_c_used }
{{end}}  default_backend application
backend application
  server one {{.Backend}}
`))

func haproxy(p *place) (args, env []string, err error) {
	verify := map[Demand]string{DemandOptional: "optional", DemandRequire: "required", DemandPerPath: "optional"}[p.Demand]
	w := p.webServer(verify)
	w.PEM.Certificate = p.write("both.pem", append(append([]byte(nil), p.Certificate...), p.Key...))
	conf, err := fill(haproxyConf, struct {
		webServer
		MinVersion, MaxVersion string
		Apart                  bool
	}{w, tlsv1dot(int(p.MinVersion) - 0x301), tlsv1dot(int(p.MaxVersion) - 0x301), !bytes.Equal(p.AdvertisedCAs, p.ClientCAs)})
	if err != nil {
		return nil, nil, err
	}
	return []string{"-db", "-f", p.write("haproxy.cfg", conf)}, nil, nil
}
