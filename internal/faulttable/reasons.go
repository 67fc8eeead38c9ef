package main

// reasons says, for ids that no test bears, why: mostly that they are processes
// outside of go test, and what runs them; and of ids whose tests leave out a part,
// which part.
var reasons = map[string]string{
	"FLT-10": "in part: the dial's error is given; using up the ports would take the machine's",
	"FLT-22": "in part: chunks win; net/http removes the length without a word, so there is no warning and the connection is kept",
	"SUP-01": "a process: `.ci/run vuln` runs govulncheck where its database can be reached",
	"SUP-04": "a process: `.ci/run race` runs the race detector, shuffled; goleak ends the tests of every package that has goroutines",
	"SUP-08": "in part: `.ci/run soak` takes a minute, ten before a release; the row's thirty are for whoever has the time",
	"SUP-07": "a measurement, not a test: `go test -cover -coverpkg ./... ./...`, and mutation testing by hand",
	"SUP-09": "a process: `.ci/run integration` runs TestIntegrationCurl, which compares with a curl that is installed",
	"SUP-11": "a process: `.ci/run cross` builds and vets for the other systems; one machine runs the tests of one",
}
