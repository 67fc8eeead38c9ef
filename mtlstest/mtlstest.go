// Package mtlstest makes mutual TLS in unit tests short: a CA, client
// credentials of every sort, good and bad, and servers that demand them, all in
// memory. It takes some milliseconds and needs no files.
//
//	srv := mtlstest.NewServer(t, handler)
//	resp, err := mtlshttp.Do(ctx, srv.Request("/path"))
//
// The server demands a client certificate from its own CA. Request carries a
// valid one; Issue makes others:
//
//	r := srv.Request("/path")
//	r.Identity = srv.Issue(t, mtlstest.Client{Expired: true})
//
// # Servers
//
// NewServer starts one and Demand turns an httptest.Server of yours into one.
// Options say what it wants, Optional, Protect, Allow, Revoke, and how it
// refuses: Refuse, Stall, and Like, by which it refuses as nginx does, or
// another, with the same alert, page or silence. What needs no test, such as a
// demonstration, begins with NewCA and CA.Serve.
//
// # Time
//
// Inside a testing/synctest bubble certificates begin and end by the bubble's
// clock. A Network in the place of sockets keeps the bubble's goroutines where
// it can see them, and CA.Renew renews a keychain's credential all along, so
// that a year of expiry and rotation is over in a moment.
//
// The guide is docs/testing.md in the module's repository.
package mtlstest
