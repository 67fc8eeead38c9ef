// Package realserver starts TLS servers for integration tests: the programs
// that people run (nginx, Apache, HAProxy, OpenSSL, stunnel, GnuTLS, Node.js,
// the JDK, Go) and peers that misbehave on purpose. Each listens on loopback
// alone, on a high port, with a configuration of its own in the test's temporary
// folder, and is gone when the test is.
//
// Programs are started where MTLSHTTP_INTEGRATION is set; then one that is not
// installed is a failure. Without the variable the test is skipped. The kinds
// that run inside the test process (Go, the peers) need no such permission.
//
// What each program can do, measured by this package's tests with the versions
// of Debian 12 (features.go holds the same as data; Kind.Check asks it):
//
//	            h2   optional  per path  CRL  depth  list apart  empty list  subject  POST
//	nginx       yes  yes       403       yes  yes    adds        no          yes      yes
//	apache      yes  yes       asks      yes  yes    yes         no          yes      yes
//	haproxy     yes  yes       403       yes  no     adds        no          yes      yes
//	openssl     no   yes       no        yes  yes    yes         yes         yes      no
//	stunnel     no   yes       no        yes  no     no          no          yes      yes
//	gnutls      no   yes       no        yes  no     no          no          yes      no
//	node        yes  yes       403       yes  no     no          no          yes      yes
//	jdk         no   yes       403       yes  no     yes         yes         yes      yes
//	go          yes  yes       403       yes  yes    yes         yes         yes      yes
//
// "Per path" is how a path under /protected/ demands a certificate that the
// rest of the server does not: Apache asks anew (TLS 1.2 renegotiation), the
// others asked in the handshake and answer 403. "List apart" is whether the
// authorities that the server names may differ from those it trusts; with
// "adds" those it names are trusted as well.
package realserver
