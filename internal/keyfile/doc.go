// Package keyfile reads credential files: bytes in, keys, certificates and
// matched identities out.
//
// [Extract] looks at the content, never at a name. It reads
//
//   - PKCS #12 (RFC 7292), in DER and BER, with the MACs of RFC 7292 and PBMAC1
//     (RFC 9579);
//   - PEM (RFC 7468) in any order, with anything between the blocks, as it
//     looks after mail programs, environment variables and editors;
//   - PKCS #8 and OneAsymmetricKey (RFC 5958), in clear and encrypted;
//   - PKCS #1 (RFC 8017), SEC 1 (RFC 5915), and OpenSSL's encryption of them
//     (RFC 1421 headers);
//   - OpenSSH private keys (PROTOCOL.key);
//   - JSON Web Keys and sets of them, with their certificates (RFC 7517);
//   - X.509 certificates (RFC 5280) and PKCS #7 bags of them (RFC 2315);
//   - Java keystores, JKS and JCEKS.
//
// What it cannot read it names: every failure is an [*Error] whose [Kind] says
// what to do about it, and whose message says what was found.
//
// Nothing in a file is trusted. Its size, nesting, number of objects and the
// cost of its key derivations are bounded by [Limits], and a derivation stops
// when the context does.
package keyfile
