// Package mtlshttp sends HTTP requests with client certificates and says what
// happened on the wire.
//
// A [Request] says what to send and who to be, as a Go value or as the JSON
// document of a workflow's HTTP module. An [Executor] turns it into an
// *http.Client, sends it, and returns a [Response]: status, headers, parsed
// data, the hops of redirects, and for each a [Receipt] of the TLS connection.
//
//	inv, err := mtlshttp.Extract(ctx, file, &mtlshttp.ExtractOptions{Password: password})
//	cred, err := inv.Credential()
//	resp, err := mtlshttp.Do(ctx, &mtlshttp.Request{URL: url, Identity: cred, Parse: true})
//
// # Credentials
//
// [Extract] opens a credential file whatever its format, and returns an
// [Inventory] of keys, certificates and the identities they make. A
// [Credential] is one identity; no rendering of it prints its key. A [Keychain]
// keeps credentials and roots by name, so that documents hold names and never
// keys.
//
// # Identity
//
// A client certificate is presented to the origin of the request's URL (scheme,
// host and port), and to others only where the request or the credential allows
// them by name. A redirect to anywhere else is followed without it, and without
// the secrets among the headers. Two identities never share a connection or a
// TLS session; equal settings always do.
//
// # Errors
//
// Every error is an [*Error] with a [Kind] to switch on, the [Phase] it happened
// in, whether to try again, and, where mutual TLS failed, a [Diagnosis]: the
// cause in one word, how sure it is, what was seen and what to do. What can be
// refused before a byte is sent is refused by [Request.Validate].
//
//	switch e := (*mtlshttp.Error)(nil); {
//	case errors.As(err, &e) && e.Kind == mtlshttp.KindTLSClientCert:
//		log.Print(e.Diagnosis.Advice)
//	}
//
// # Secrets
//
// A Request marshals completely and is as secret as what was put into it. URLs
// in errors, hops and logs have no user information and no query values.
//
// # What it is not
//
// It is no server and no certificate authority; [mtlstest] has both for tests.
// It is not affiliated with Adobe or Make.
//
// [mtlstest]: https://pkg.go.dev/github.com/mtlshttp/mtlshttp/mtlstest
package mtlshttp
