package realserver

import (
	_ "embed"
	"encoding/json"
)

//go:embed node_server.js
var nodeServer []byte

func node(p *place) (args, env []string, err error) {
	options, err := json.Marshal(map[string]any{
		"host": "127.0.0.1", "port": p.port, "http2": p.HTTP2,
		"cert": string(p.Certificate), "key": string(p.Key), "ca": string(p.ClientCAs), "crl": string(p.CRL),
		"minVersion": tlsv1dot(int(p.MinVersion) - 0x301), "maxVersion": tlsv1dot(int(p.MaxVersion) - 0x301),
		"asks": p.verifies(), "refuses": p.Demand == DemandRequire,
		"optional": p.Demand == DemandOptional, "protectedPath": perPath(p.Config),
	})
	if err != nil {
		return nil, nil, err
	}
	return []string{p.write("server.js", nodeServer), p.write("options.json", options)}, nil, nil
}

// perPath is the path that demands a certificate; empty: none does.
func perPath(c Config) string {
	if c.Demand == DemandPerPath {
		return ProtectedPath
	}
	return ""
}
