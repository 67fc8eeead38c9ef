// Package testca makes certificates in memory: a root, intermediates, leaves of
// every key type that crypto/tls can use, revocation lists, and the files that
// people keep them in (PEM, DER, PKCS #12).
//
// It is for tests and demonstrations. Its keys live in memory alone and nothing
// of it belongs into a trust store. With ECDSA, the default, a root is made in
// well under a millisecond.
package testca
