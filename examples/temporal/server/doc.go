// Package server has the tests of the Temporal example against the real server,
// embedded, with its tables in memory. It is a module of its own so that the
// example does not depend on the server, and its tests have a tag because the
// server takes minutes to build:
//
//	go test -tags temporalserver -timeout 30m ./...
package server
