// Package tlsrecord writes single TLS records that crypto/tls would not: an
// alert of any number, at the moment when a client's certificate is looked at,
// and a handshake message that a server of crypto/tls never sends. A server
// under test so says what others say.
//
// The keys come from the key log (tls.Config.KeyLogWriter), which carries what
// is agreed before it is used:
//
//   - TLS 1.3: when a server reads the client's certificate, its own side
//     already writes under its application traffic secret (RFC 8446, section
//     A.2), and has written nothing under it yet. The first record so has
//     sequence number 0.
//   - TLS 1.2: when a server reads the client's certificate, nothing is
//     encrypted yet, so an alert is written as it is. After the handshake the
//     server has written one record, its Finished, under the keys that follow
//     from the master secret (RFC 5246, section 6.3).
//
// What is written so is unknown to crypto/tls, whose own count of records then
// is one behind: the connection must be closed after it.
package tlsrecord
