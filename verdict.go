package mtlshttp

import (
	"errors"
	"net/http"

	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// repetition says when a request that failed may be sent again.
type repetition string

const (
	never repetition = "never"
	// anyMethod: nothing of the request has been sent, so any may.
	anyMethod repetition = "any request"
	// ifRepeatable: if the request is repeatable, or nothing of it was sent.
	ifRepeatable repetition = "if repeatable"
)

// verdict is the rule for a kind of fault; a reason of its own goes before the
// empty one, which stands for all the others.
type verdict struct {
	kind   Kind
	reason string
	again  repetition
	why    string
}

// verdicts has a row for each kind; docs/retries.md is written from it.
var verdicts = []verdict{
	{KindConfig, "", never, "The request or a credential is wrong, and will be."},
	{KindURL, "", never, "The URL is wrong, and will be."},
	{KindEgress, "", never, "The policy refuses the address; a rule does not pass by itself."},
	{KindDNS, "not-found", never, "The name server has answered: there is no such name."},
	{KindDNS, "", anyMethod, "The name server did not answer, or failed. Nothing was sent."},
	{KindConnect, "", anyMethod, "Nobody listened, or the way there was broken: servers restart, routes change. Nothing was sent."},
	{KindProxy, "tls", never, "The handshake with the proxy failed: certificates do not change by themselves."},
	{KindProxy, "status", never, "The proxy has decided: 403, 407. For the statuses below, see there."},
	{KindProxy, "refused", never, "A SOCKS proxy has decided: its rules, or the credentials."},
	{KindProxy, "", anyMethod, "The connection to the proxy broke before there was a tunnel. Nothing was sent to the server."},
	{KindTLSServerCert, "", never, "The server's certificate is not accepted; the same one will come again."},
	{KindTLSClientCert, "", never, "The server does not take our certificate, or there is none to show; the diagnosis says what to change."},
	{KindTLSHandshake, "", never, "The two sides do not agree on versions, suites or certificates; an end without a word mostly means the same."},
	{KindTimeout, "", ifRepeatable, "Servers are slow for a while; but what was sent may have been done."},
	{KindCanceled, "", never, "Whoever cancelled the request does not want it."},
	{KindBodySource, "", never, "The caller's reader failed, or cannot be read a second time."},
	{KindWrite, "", ifRepeatable, "The connection broke while the request was being sent; part of it may have arrived."},
	{KindProtocol, "empty-reply", ifRepeatable, "The server closed the connection without an answer: it may have been restarting, and may have done what was asked."},
	{KindProtocol, "", never, "What came back is not HTTP; the server would say it again."},
	{KindTruncated, "", ifRepeatable, "The connection broke during the answer; the request has been done at least in part."},
	{KindContentDecode, "", never, "The server's encoder is at fault, and will be."},
	{KindLimit, "memory", ifRepeatable, "The bodies of other requests filled what they share; they come to an end."},
	{KindLimit, "", never, "The answer is too large or too deep, and will be."},
	{KindParse, "", never, "The answer is not the JSON or XML that it should be; the bundle has it."},
	{KindRedirect, "", never, "The redirect must not be followed, today or tomorrow."},
	{KindStatus, "", never, "The server has decided. For the statuses below, see there."},
	{KindResource, "jar", never, "The jar's storage is the caller's to mend."},
	{KindResource, "system-roots", never, "The machine has no readable roots; they do not appear by themselves."},
	{KindResource, "transport", never, "The TLS setting cannot be made as it stands."},
	{KindResource, "", ifRepeatable, "Descriptors, ports and memory become free again."},
	{KindClosed, "", never, "The executor was closed."},
}

// passingStatus is a status that may pass by itself, if the request is
// repeatable.
type passingStatus struct {
	status int
	why    string
}

var passingStatuses = []passingStatus{
	{http.StatusRequestTimeout, "The server did not get the request in time."},
	{http.StatusTooEarly, "The server does not want the request in early data; there is none the next time."},
	{http.StatusTooManyRequests, "A later time will do; Retry-After says when."},
	{http.StatusInternalServerError, "Often a fault of the moment: a deployment, a dependency, a race."},
	{http.StatusBadGateway, "A gateway's backend failed; the next one may not."},
	{http.StatusServiceUnavailable, "The server says itself that it passes."},
	{http.StatusGatewayTimeout, "A gateway's backend was slow."},
}

// retryableStatus says whether a status may pass by itself.
func retryableStatus(status int) bool {
	for _, s := range passingStatuses {
		if s.status == status {
			return true
		}
	}
	return false
}

// repetitionOf is the rule for a fault.
func repetitionOf(kind Kind, reason string) repetition {
	again := never
	for _, v := range verdicts {
		if v.kind == kind && v.reason == reason {
			return v.again
		}
		if v.kind == kind && v.reason == "" {
			again = v.again
		}
	}
	return again
}

// mayRepeat says whether trying again may help and does no harm. A way through
// redirects is repeated from its beginning, so every request of it counts.
func (s *hopState) mayRepeat(e *Error, unsent bool) bool {
	if !s.earlier {
		return false
	}
	if e.Kind == KindProxy && retryableStatus(proxyStatus(e)) {
		return true // the proxy has passed nothing on
	}
	switch repetitionOf(e.Kind, e.Reason) {
	case anyMethod:
		return true
	case ifRepeatable:
		return unsent || s.repeatable
	}
	return false
}

// proxyStatus is what the proxy answered to CONNECT; 0 where it did not.
func proxyStatus(e *Error) int {
	var refusal *wire.ProxyError
	if errors.As(e.Err, &refusal) {
		return refusal.Status
	}
	return 0
}

// isRepeatable says whether a request may be done twice: its method is
// idempotent (RFC 9110, section 9.2.2), or it has a key by which the server
// knows it again.
func isRepeatable(req *http.Request) bool {
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodTrace:
		return true
	}
	return req.Header.Get("Idempotency-Key") != "" || req.Header.Get("X-Idempotency-Key") != ""
}
