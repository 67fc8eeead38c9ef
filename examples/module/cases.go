package main

import "net/http"

// readyCase is a request whose outcome teaches something.
type readyCase struct {
	ID       string         `json:"id"`
	Title    string         `json:"title"`
	Summary  string         `json:"summary"`
	Look     string         `json:"look"` // where to look, once it has run
	Document map[string]any `json:"document"`

	// cause is what the diagnosis has to name; empty: it works.
	cause string
}

func address(host, path string) string { return "https://" + host + path }

// readyCases are in the order in which they explain themselves.
var readyCases = []readyCase{
	{
		ID: "works", Title: "It works",
		Summary:  "The server demands a client certificate, gets one that it accepts, and answers.",
		Look:     "Both chains end at an authority that the other side trusts. Click a field of the bundle for the path that a next step maps it by.",
		Document: request(bankHost, "/accounts", goodClient),
	},
	{
		ID: "missing", Title: "No certificate",
		Summary:  "The same request without credentials.",
		Look:     "The server names the authorities that it accepts. With TLS 1.3 the handshake seems to succeed; the refusal comes after it.",
		Document: request(bankHost, "/accounts", ""), cause: "client-cert-missing",
	},
	{
		ID: "wrong-authority", Title: "Wrong authority",
		Summary:  "A certificate, but one that another authority has signed.",
		Look:     "Left, the chain ends at an authority that is not on the server's list.",
		Document: request(bankHost, "/accounts", strangerClient), cause: "client-cert-untrusted",
	},
	{
		ID: "expired", Title: "Expired certificate",
		Summary:  "The right authority, but the certificate ended yesterday.",
		Look:     "This credential insists on being sent, to show the server's view. One of your own is refused before anything leaves.",
		Document: request(bankHost, "/accounts", expiredClient), cause: "client-cert-expired",
	},
	{
		ID: "no-intermediate", Title: "Missing intermediate",
		Summary:  "The certificate's issuer is below the authority that the server knows, and its own certificate is not sent along.",
		Look:     "The chain has a gap. A credential file with the whole chain closes it.",
		Document: request(bankHost, "/accounts", shortClient), cause: "client-cert-untrusted",
	},
	{
		ID: "unknown-server", Title: "Unknown server authority",
		Summary:  "The server's certificate comes from a private authority, and nothing says to trust it.",
		Look:     "Now it is our side that refuses, before it was asked for any certificate. The field for self-signed certificates is empty.",
		Document: without(request(bankHost, "/accounts", goodClient), "ca"), cause: "server-cert-untrusted",
	},
	{
		ID: "wrong-name", Title: "Server with another name",
		Summary:  "The address says www.bank.test, the certificate says bank.test.",
		Look:     "Nothing was sent: whoever answers under another name may be somebody else.",
		Document: request(aliasHost, "/accounts", goodClient), cause: "server-name-mismatch",
	},
	{
		ID: "redirect", Title: "Redirect to another host",
		Summary:  "The bank redirects to a partner, which asks for a certificate as well.",
		Look:     "Under Hops, the second one: the certificate was withheld, because it was not meant for this host.",
		Document: request(bankHost, "/moved", goodClient),
	},
	{
		ID: "not-asked", Title: "The server never asks",
		Summary:  "A proxy ends TLS in front of the service and does not ask for certificates. The service refuses who has none.",
		Look:     "The answer speaks of a missing certificate. The receipt says that none was asked for, so nothing on this side can help.",
		Document: request(officeHost, "/", goodClient), cause: "client-cert-not-requested",
	},
	{
		ID: "transfer", Title: "A long transfer",
		Summary:  "24 MB that take eight seconds.",
		Look:     "Watch it, or stop it half-way: the error says in which phase it ended. Of large bodies the page shows the beginning, and saves the whole.",
		Document: with(without(request(bankHost, "/statement", goodClient), "parseResponse"), "timeout", 60),
	},
}

func request(host, path, credentials string) map[string]any {
	document := map[string]any{"url": address(host, path), "method": "get", "ca": exampleRoots, "parseResponse": true}
	return with(document, "credentials", credentials)
}

func with(document map[string]any, key string, value any) map[string]any {
	if value != "" {
		document[key] = value
	}
	return document
}

func without(document map[string]any, key string) map[string]any {
	delete(document, key)
	return document
}

func (s *server) cases(w http.ResponseWriter, _ *http.Request) { answer(w, readyCases) }
