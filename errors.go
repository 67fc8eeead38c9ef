package mtlshttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what sort of fault an Error is. A Kind is itself an error, so that
// errors.Is(err, mtlshttp.KindTimeout) works.
type Kind string

// The kinds of faults.
const (
	// KindConfig: the request or a credential cannot be used as it stands.
	// Reason is a reason of extraction (wrong-password, key-mismatch, …) or
	// names the fault; Field names the field.
	KindConfig Kind = "config"
	// KindURL: the URL is missing, malformed, or neither http nor https.
	KindURL Kind = "url"
	// KindEgress: the egress policy refused the address.
	KindEgress Kind = "egress"
	// KindDNS: the host's name was not resolved.
	KindDNS Kind = "dns"
	// KindConnect: no TCP connection came about.
	KindConnect Kind = "connect"
	// KindProxy: the proxy refused or failed.
	KindProxy Kind = "proxy"
	// KindTLSServerCert: the server's certificate was not accepted here.
	KindTLSServerCert Kind = "tls-server-cert"
	// KindTLSClientCert: the client certificate was missing, withheld or
	// refused by the server.
	KindTLSClientCert Kind = "tls-client-cert"
	// KindTLSHandshake: the handshake failed otherwise.
	KindTLSHandshake Kind = "tls-handshake"
	// KindTimeout: the deadline passed; Phase says in what.
	// errors.Is(err, context.DeadlineExceeded) holds.
	KindTimeout Kind = "timeout"
	// KindCanceled: the context was cancelled; its cause is kept.
	KindCanceled Kind = "canceled"
	// KindBodySource: the request body's own reader failed.
	KindBodySource Kind = "body-source"
	// KindWrite: the request could not be written.
	KindWrite Kind = "write"
	// KindProtocol: what came back is not HTTP as it should be.
	KindProtocol Kind = "protocol"
	// KindTruncated: the response ended early.
	KindTruncated Kind = "truncated"
	// KindContentDecode: the response's content coding is corrupt.
	KindContentDecode Kind = "content-decode"
	// KindLimit: a limit was passed; Reason names it.
	KindLimit Kind = "limit"
	// KindParse: the body is not the JSON or XML that it should be; the
	// bundle stands beside the error with the raw text.
	KindParse Kind = "parse"
	// KindRedirect: a redirect was not followed that should have been.
	KindRedirect Kind = "redirect"
	// KindStatus: the status is an error and StatusErrors is on.
	KindStatus Kind = "status"
	// KindResource: this machine lacks something: descriptors, disk, ports.
	KindResource Kind = "resource"
	// KindClosed: the executor is closed.
	KindClosed Kind = "closed"
)

// Error returns the kind's name.
func (k Kind) Error() string { return string(k) }

// Phase is what a request was doing when it failed, one of: validate resolve
// dns connect proxy tls write-headers write-body wait headers body decode parse
// redirect backoff.
type Phase string

const (
	phaseValidate Phase = "validate"
	phaseResolve  Phase = "resolve"
	phaseDNS      Phase = "dns"
	phaseConnect  Phase = "connect"
	phaseProxy    Phase = "proxy"
	phaseTLS      Phase = "tls"
	phaseHeaders  Phase = "headers"
	phaseBody     Phase = "body"
	phaseDecode   Phase = "decode"
	phaseParse    Phase = "parse"
	phaseRedirect Phase = "redirect"
	phaseBackoff  Phase = "backoff"
)

// Error is the one error type of this package. No field and no rendering of it
// holds a secret: URLs are redacted, values of headers and bodies are left out.
type Error struct {
	Kind   Kind
	Reason string // narrows the kind: a limit's name, an extraction kind, …
	Phase  Phase
	Type   string // the module family's name: ConnectionError, DataError, …
	Field  string // of the request document, where one is at fault
	URL    string // redacted

	// Retryable says that trying again may help and does no harm: the fault
	// may pass, and nothing was sent, or the method is idempotent, or there
	// is an Idempotency-Key. docs/retries.md gives the reason for each kind.
	Retryable bool
	// RetryAfter is the server's wish, zero where it has none.
	RetryAfter time.Duration
	// Attempt counts from 1; 0 where nothing was tried.
	Attempt int

	Hops      []Hop      // that were made, the failed one included
	Diagnosis *Diagnosis // of a failed TLS exchange, else nil
	Response  *Response  // once a status line arrived, else nil
	Err       error      // the cause, for errors.Is and errors.As
	Faults    []*Error   // every fault that Validate found, where more than one
}

// Error describes the fault in one line.
func (e *Error) Error() string { return "mtlshttp: " + e.message() }

// message is the fault in one line, without the package's name.
func (e *Error) message() string {
	var b strings.Builder
	b.WriteString(string(e.Kind))
	if e.Reason != "" {
		b.WriteString("(" + e.Reason + ")")
	}
	if e.Field != "" {
		b.WriteString(": " + e.Field)
	}
	if e.URL != "" {
		b.WriteString(": " + e.URL)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	for _, f := range e.Faults[min(1, len(e.Faults)):] {
		b.WriteString("; " + f.message())
	}
	if d := e.Diagnosis; d != nil {
		fmt.Fprintf(&b, " [%s: %s]", d.Cause, d.Seen)
	}
	return b.String()
}

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// Timeout implements net.Error.
func (e *Error) Timeout() bool { return e.Kind == KindTimeout }

// Temporary implements net.Error; it is Retryable.
func (e *Error) Temporary() bool { return e.Retryable }

// Receipt returns the last hop's receipt, nil where nothing was dialed.
func (e *Error) Receipt() *Receipt { return lastReceipt(e.Hops) }

// MarshalJSON writes the error as documents carry it.
func (e *Error) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Kind       Kind       `json:"kind"`
		Reason     string     `json:"reason,omitempty"`
		Field      string     `json:"field,omitempty"`
		Phase      Phase      `json:"phase,omitempty"`
		Type       string     `json:"type,omitempty"`
		URL        string     `json:"url,omitempty"`
		Message    string     `json:"message"`
		Retryable  bool       `json:"retryable"`
		RetryAfter float64    `json:"retryAfter,omitempty"` // in seconds
		Attempt    int        `json:"attempt,omitempty"`
		Diagnosis  *Diagnosis `json:"diagnosis,omitempty"`
		Receipt    *Receipt   `json:"receipt,omitempty"`
		Hops       []Hop      `json:"hops,omitempty"`
		Response   *Response  `json:"response,omitempty"`
		Faults     []*Error   `json:"faults,omitempty"`
	}{e.Kind, e.Reason, e.Field, e.Phase, e.Type, e.URL, e.message(), e.Retryable, e.RetryAfter.Seconds(),
		e.Attempt, e.Diagnosis, e.Receipt(), e.Hops, e.Response, e.Faults})
}

// asError finds the *Error in err, whatever net/http has wrapped around it.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// fault is an error of the request itself, by field.
func fault(kind Kind, field, reason, format string, args ...any) *Error {
	return &Error{Kind: kind, Reason: reason, Phase: phaseValidate, Type: typeName(kind, 0), Field: field, Err: fmt.Errorf(format, args...)}
}

// interrupted is the error for a context that ended, or nil for one that did
// not.
func interrupted(ctx context.Context, phase Phase) *Error {
	if ctx.Err() == nil {
		return nil
	}
	if wasClosed(ctx) {
		e := closedError()
		e.Phase = phase
		return e
	}
	kind := KindCanceled
	err := context.Cause(ctx)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		kind = KindTimeout
	}
	if !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%w: %w", ctx.Err(), err) // in one line
	}
	return &Error{Kind: kind, Phase: phase, Type: typeName(kind, 0), Err: err}
}

// typeName is the module family's name for a fault, by which its error
// handlers (Break, Resume, Ignore, Rollback, Commit) are driven.
func typeName(kind Kind, status int) string {
	switch kind {
	case KindConfig, KindURL:
		return "InvalidConfigurationError"
	case KindEgress, KindDNS, KindConnect, KindProxy, KindTLSServerCert, KindTLSClientCert, KindTLSHandshake,
		KindWrite, KindProtocol, KindTruncated:
		return "ConnectionError"
	case KindTimeout:
		return "ModuleTimeoutError"
	case KindParse, KindContentDecode, KindBodySource:
		return "DataError"
	case KindLimit:
		return "MaxFileSizeExceededError"
	case KindStatus:
		return statusType(status)
	}
	return "RuntimeError"
}

func statusType(status int) string {
	switch status {
	case 400, 404:
		return "BundleValidationError"
	case 401, 403:
		return "AccountValidationError"
	case 429:
		return "RateLimitError"
	case 503, 504:
		return "ConnectionError"
	}
	return "RuntimeError"
}
