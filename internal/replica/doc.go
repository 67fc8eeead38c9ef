// Package replica refuses clients as the servers do that people run: the same
// alert, page, reset or silence, at the same moment, over TLS 1.2 and 1.3,
// HTTP/1.1 and 2. It is for tests, and is itself tested against the programs.
//
// What each does, measured with the versions of Debian 12:
//
//	           no certificate   wrong certificate                     another path of refusal
//	nginx      page 400         page 400                              403 by path
//	apache     alert 40, 116    alert by OpenSSL; depth 80            asks anew by path: TLS 1.2 HelloRequest,
//	                                                                  TLS 1.3 403, HTTP/2 HTTP_1_1_REQUIRED
//	haproxy    alert 40, 116    alert by OpenSSL                      403 by path
//	openssl    alert 40, 116    alert by OpenSSL
//	stunnel    alert 40, 116    alert by OpenSSL
//	node       alert 40, 116    ends the connection                   403 where it only asks
//	java       ends             ends the connection                   403 by path
//	gnutls     alert 50, 116    alert 49
//	go         alert 40, 116    alert 42, 45, 48                      403 by path
//
// "Alert 40, 116" is by TLS 1.2 and 1.3. "Alert by OpenSSL" is 48 for a chain
// that leads nowhere, 45 expired, 44 revoked, 43 another usage, 42 weak or not
// yet valid. Java is com.sun.net.httpserver; openssl is s_server; gnutls is
// gnutls-serv.
//
// Differences that are left: Apache and Go's crypto/tls disagree on how to tell
// a client that only speaks HTTP/2; a handshake that Apache asks for is never
// completed; what ends a connection closes it, where the programs close or
// reset it at random.
package replica
