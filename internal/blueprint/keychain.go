package blueprint

import (
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// Keychain is a credential that a module refers to by its id.
type Keychain struct {
	Parameter string `json:"parameter"` // which names it: key, auth, apiKeyKeychain, …
	// Kind is what it holds: clientcertauth, cacert, basicauth, apikeyauth,
	// oauth or proxy; of another type, the type as the export says it.
	Kind  string `json:"kind"`
	ID    string `json:"id"`
	Label string `json:"label,omitempty"` // what people call it
}

const (
	clientCert = "clientcertauth"
	caCert     = "cacert"
	basicAuth  = "basicauth"
	apiKey     = "apikeyauth"
	oAuth      = "oauth"
	proxyKey   = "proxy"
	pendingTLS = "tls" // a client certificate or an authority, by the expression of tlsType
)

// keychainKind is what the parameter refers to, or "" where it is none. The
// editor's metadata says it; hand-written modules have none, so the
// parameter's and the module's names must do.
func (b *builder) keychainKind(parameter string) string {
	kind := b.types[parameter]
	if _, of, ok := strings.Cut(kind, "keychain:"); ok {
		return of
	}
	if strings.HasPrefix(kind, "account:") {
		return oAuth
	}
	switch parameter {
	case "apiKeyKeychain":
		return apiKey
	case "basicAuthKeychain":
		return basicAuth
	case "oAuthAccount", "account", "__IMTCONN__":
		return oAuth
	case "proxyKeychain":
		return proxyKey
	}
	lower := strings.ToLower(parameter)
	if b.version == 4 {
		return b.tlsKeychainKind(lower)
	}
	switch lower {
	case "key", "auth", "keychain", "cert", "certificate", "credentials", "clientcert", "clientcertificate":
		return b.moduleKind()
	}
	return ""
}

// parameterTypes are the types of a module's parameters where the editor left
// them in the metadata.
func parameterTypes(module jsonvalue.Object) map[string]string {
	list, _ := lookup(module, "metadata", "parameters").([]any)
	types := make(map[string]string, len(list))
	for _, item := range list {
		name, _ := lookup(item, "name").(string)
		types[name], _ = lookup(item, "type").(string)
	}
	return types
}

// tlsKeychainKind tells version 4's two keychains of certificates apart: by
// their names, and where those do not say it, by tlsType.
func (b *builder) tlsKeychainKind(lower string) string {
	if !strings.Contains(lower, "keychain") {
		return ""
	}
	switch {
	case strings.Contains(lower, "cacert"), strings.Contains(lower, "selfsigned"):
		return caCert
	case strings.Contains(lower, "cert"), strings.Contains(lower, "mtls"):
		return clientCert
	}
	tlsType := lookup(b.m.parameters, "tlsType")
	if hasExpression(tlsType) {
		return pendingTLS
	}
	switch plain(tlsType) {
	case "mTls":
		return clientCert
	case "tls":
		return caCert
	}
	return ""
}

// moduleKind is what the modules of version 3 are named for.
func (b *builder) moduleKind() string {
	switch name := b.m.Name; {
	case strings.Contains(name, "Cert"):
		return clientCert
	case strings.Contains(name, "BasicAuth"):
		return basicAuth
	case strings.Contains(name, "APIKey"):
		return apiKey
	case strings.Contains(name, "OAuth"):
		return oAuth
	}
	return ""
}

// keychain takes the parameter's value as the id of a keychain.
func (b *builder) keychain(parameter, kind string, v any, path string) {
	if id, isNumber := number(v); missing(v) || isNumber && id == 0 {
		b.note(NoteNoEffect, path, "no keychain is chosen")
		return
	}
	id, ok := scalar(v)
	if _, isBool := v.(bool); !ok || isBool {
		b.fault(FaultType, path, "", "a keychain's id is a number or text, not %s", typeName(v))
		return
	}
	label, _ := lookup(b.m.object, "metadata", "restore", "parameters", parameter, "label").(string)
	b.m.Keychains = append(b.m.Keychains, Keychain{Parameter: parameter, Kind: kind, ID: id, Label: label})
	switch kind {
	case clientCert:
		if b.has("credentials") {
			b.fault(FaultConflict, path, "credentials", "a second client certificate")
			return
		}
		b.m.Credentials = id
		b.put("credentials", idText(v), path)
	case caCert:
		b.put("ca", idText(v), path)
	case pendingTLS:
		b.note(NotePending, path, "what the keychain is for waits for the expression of tlsType")
		b.list("credentials", v, path)
	case proxyKey:
		b.note(NoteProxy, path, "the module goes through a proxy, which is the executor's to set")
	case basicAuth, apiKey, oAuth:
		b.note(NoteKeychain, path, "credentials of kind %s are in a keychain that no export holds", kind)
	default:
		b.note(NoteKeychain, path, "a keychain of a kind that the document has no key for")
	}
}

// idText keeps an expression one, and makes a number the name that it is.
func idText(v any) any {
	if s, ok := v.(string); ok {
		return s
	}
	return identifier(v)
}

// requireKeychain faults a module for a credential that has none.
func (b *builder) requireKeychain(kind, path string) {
	for _, k := range b.m.Keychains {
		if k.Kind == kind || kind == oAuth && strings.HasPrefix(k.Kind, oAuth) {
			return
		}
	}
	field := ""
	if kind == clientCert {
		field = "credentials"
	}
	b.fault(FaultNoCredential, path, field, "the module needs a keychain of kind %s and names none", kind)
}
