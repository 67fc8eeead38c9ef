package mtlshttp

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// SecretSource finds the value of a secret by its name, so that a request and
// its document hold names alone. The value is what is sent, to the byte; an
// empty one is a fault. An error of it is returned from the request as kind
// config, reason no-secret, unless it is an *Error itself; its text must not
// hold the value. It is called for every request, from many goroutines.
type SecretSource interface {
	Secret(ctx context.Context, name string) (string, error)
}

// HeaderSecret is a header whose value is a secret's, by the name of the
// secret. It never crosses an origin and its value is never shown.
type HeaderSecret struct {
	Name   string // the header's
	Secret string // the secret's
}

// reasonNoSecret is the reason where a name leads to no secret.
const reasonNoSecret = "no-secret"

// secretFaults are those of the secrets that the request names.
func (r *Request) secretFaults() (faults []*Error) {
	if a := r.Auth; a != nil && a.Secret != "" && a.Password != "" {
		faults = append(faults, fault(KindConfig, "authPass", "ambiguous", "both a password and the name of a secret are set"))
	}
	for i, h := range r.HeaderSecrets {
		add := func(reason, format string, args ...any) {
			faults = append(faults, fault(KindConfig, r.headerSecretField(i), reason, format, args...))
		}
		name := http.CanonicalHeaderKey(h.Name)
		switch why, is := managed[name]; {
		case !httpguts.ValidHeaderFieldName(h.Name):
			add("header", "not a header name")
		case is:
			add("header", "%s cannot be set: %s", name, why)
		case name == "Host":
			add("header", "Host is no secret")
		case h.Secret == "":
			add(reasonNoSecret, "%s names no secret", name)
		case r.setsTwice(i):
			add("ambiguous", "%s is set twice", name)
		}
	}
	return faults
}

// headerSecretField is the field of a document: the rows with secrets are
// written after the others.
func (r *Request) headerSecretField(i int) string {
	return "headers[" + strconv.Itoa(len(r.Headers)+i) + "]"
}

func (r *Request) setsTwice(i int) bool {
	name := r.HeaderSecrets[i].Name
	return isHeaderSecret(r.HeaderSecrets[:i], name) ||
		slices.ContainsFunc(r.Headers, func(h Header) bool { return strings.EqualFold(h.Name, name) })
}

func isHeaderSecret(list []HeaderSecret, name string) bool {
	return slices.ContainsFunc(list, func(h HeaderSecret) bool { return strings.EqualFold(h.Name, name) })
}

// secretNames are the names of the headers that the request says are secret.
func (r *Request) secretNames() []string {
	names := slices.Clip(r.Secret)
	for _, h := range r.HeaderSecrets {
		names = append(names, h.Name)
	}
	return names
}

// secretValues is what the secrets that a request names are at one time.
type secretValues struct {
	source  SecretSource
	auth    *BasicAuth // nil: the request's has no name
	headers []Header
}

// secretValues asks for the secrets that the request names; nil: it names none.
func (r *Request) secretValues(ctx context.Context, source SecretSource, limits *Limits) (*secretValues, error) {
	if len(r.HeaderSecrets) == 0 && (r.Auth == nil || r.Auth.Secret == "") {
		return nil, nil
	}
	v := &secretValues{source: source}
	if a := r.Auth; a != nil && a.Secret != "" {
		password, err := secretOf(ctx, source, "authPass", a.Secret)
		if err != nil {
			return nil, err
		}
		if hasControl(password) {
			return nil, secretFault("authPass", "header", "the password has a control character; it may be a line break at the secret's end")
		}
		v.auth = &BasicAuth{User: a.User, Password: password}
	}
	for i, h := range r.HeaderSecrets {
		field := r.headerSecretField(i)
		value, err := secretOf(ctx, source, field, h.Secret)
		if err != nil {
			return nil, err
		}
		if !httpguts.ValidHeaderFieldValue(value) {
			return nil, secretFault(field, "header", "the value of %s has a control character; it may be a line break at the secret's end",
				http.CanonicalHeaderKey(h.Name))
		}
		v.headers = append(v.headers, Header{h.Name, value})
	}
	if err := headerLimit(append(slices.Clip(r.Headers), v.headers...), *limits); err != nil {
		return nil, err
	}
	return v, nil
}

func secretOf(ctx context.Context, source SecretSource, field, name string) (string, error) {
	if source == nil {
		return "", secretFault(field, reasonNoSecret, "there is no source to find the secret %q in", shownName(name))
	}
	value, err := source.Secret(ctx, name)
	switch {
	case err != nil:
		return "", resolveError(field, reasonNoSecret, fmt.Errorf("the secret %q: %w", shownName(name), err))
	case value == "":
		return "", secretFault(field, reasonNoSecret, "the secret %q is empty", shownName(name))
	}
	return value, nil
}

func secretFault(field, reason, format string, args ...any) *Error {
	e := fault(KindConfig, field, reason, format, args...)
	e.Phase = phaseResolve
	return e
}
