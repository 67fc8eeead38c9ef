package realserver

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed JdkServer.java
var jdkServer []byte

func jdk(p *place) (args, env []string, err error) {
	f := p.writePEM()
	demand := map[Demand]string{DemandNone: "none", DemandRequire: "need"}[p.Demand]
	if demand == "" {
		demand = "want"
	}
	versions, err := json.Marshal(p.versionNames(tlsv1dot))
	if err != nil {
		return nil, nil, err
	}
	// Fewer passes of the compiler: the server lives for seconds.
	args = []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m",
		p.write("JdkServer.java", jdkServer),
		fmt.Sprint(p.port), demand, string(versions), "path=" + perPath(p.Config),
		"cert=" + f.Certificate, "key=" + f.Key, "trusted=" + f.Trusted, "advertised=" + f.Advertised, "crl=" + f.CRL}
	return args, nil, nil
}
