package realserver

import (
	"strings"
	"text/template"
)

var nginxConf = template.Must(template.New("nginx").Parse(`daemon off;
{{if .Root}}user root;
{{end}}pid nginx.pid;
worker_processes 1;
events { worker_connections 512; }
http {
  log_format tls '"$request" $status $ssl_protocol verify=$ssl_client_verify subject="$ssl_client_s_dn"';
  access_log access.log tls;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  client_max_body_size 0;
  server {
    listen {{.Addr}} ssl{{if .HTTP2}} http2{{end}};
    ssl_certificate {{.PEM.Certificate}};
    ssl_certificate_key {{.PEM.Key}};
    ssl_protocols {{.Versions}};
{{if .Verify}}    ssl_verify_client {{.Verify}};
    ssl_client_certificate {{.PEM.Advertised}};
    ssl_trusted_certificate {{.PEM.Trusted}};
{{if .DepthSet}}    ssl_verify_depth {{.DepthValue}};
{{end}}{{if .PEM.CRL}}    ssl_crl {{.PEM.CRL}};
{{end}}{{end}}    location / {
      proxy_pass http://{{.Backend}};
      proxy_set_header X-Client-Subject $ssl_client_s_dn;
    }
{{if .PerPath}}    location {{.PerPath}} {
      if ($ssl_client_verify != SUCCESS) { return 403; }
      proxy_pass http://{{.Backend}};
      proxy_set_header X-Client-Subject $ssl_client_s_dn;
    }
{{end}}  }
}
`))

func nginx(p *place) (args, env []string, err error) {
	verify := map[Demand]string{DemandOptional: "optional", DemandRequire: "on", DemandPerPath: "optional"}[p.Demand]
	conf, err := fill(nginxConf, p.webServer(verify))
	if err != nil {
		return nil, nil, err
	}
	return []string{"-p", p.dir, "-e", p.path("error.log"), "-c", p.write("nginx.conf", conf)}, nil, nil
}

// webServer is what the templates of nginx, Apache and HAProxy are filled with.
type webServer struct {
	Addr, Backend, Dir string
	PEM                pemFiles
	Verify             string // in the program's own words; empty: none
	Versions           string
	HTTP2, Root        bool
	PerPath            string // the protected path; empty: none
	DepthSet           bool
	DepthValue         int
}

func (p *place) webServer(verify string) webServer {
	w := webServer{
		Addr: p.addr(), Backend: p.backend, Dir: p.dir,
		PEM: p.writePEM(), Verify: verify,
		Versions: strings.Join(p.versionNames(func(minor int) string {
			return strings.TrimSuffix(tlsv1dot(minor), ".0") // TLS 1.0 is "TLSv1"
		}), " "),
		HTTP2: p.HTTP2, Root: isRoot(),
	}
	if p.Demand == DemandPerPath {
		w.PerPath = ProtectedPath
	}
	w.DepthValue, w.DepthSet = p.depth()
	return w
}
