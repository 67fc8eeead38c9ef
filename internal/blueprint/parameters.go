package blueprint

import (
	"slices"
	"strings"
)

// v4Parameters are the parameters of version 4 beside its keychains.
var v4Parameters = []string{"authenticationType", "tlsType", "apiKeyKeychain", "basicAuthKeychain", "oAuthAccount", "proxyKeychain"}

// readParameters reads what is fixed when a scenario is built: handleErrors,
// keychains, version 4's kinds of authentication and TLS.
func (b *builder) readParameters() {
	base := join(b.m.Route, "parameters")
	for _, p := range b.m.parameters {
		path := join(base, p.Name)
		if b.version == 3 {
			b.v3Parameter(p.Name, p.Value, path)
		} else {
			b.v4Parameter(p.Name, p.Value, path)
		}
	}
	if b.version == 3 && b.moduleKind() != "" {
		b.requireKeychain(b.moduleKind(), base)
	}
	if b.version == 4 {
		b.requireV4Keychains(base)
	}
}

func (b *builder) v3Parameter(name string, v any, path string) {
	switch kind := b.keychainKind(name); {
	case name == "handleErrors":
		b.bool(name, v, path)
	case name == "useNewZLibDeCompress":
		b.note(NoteHidden, path, "chooses the module's decompressor; the library has one that reads both")
	case kind != "":
		b.keychain(name, kind, v, path)
	case slices.Contains(v3KeyNames, name):
		b.misplaced(name, v, path)
	default:
		b.unknown(name, path, []string{"handleErrors"})
	}
}

func (b *builder) v4Parameter(name string, v any, path string) {
	switch kind := b.keychainKind(name); {
	case name == "authenticationType":
		if s, ok := text(v); !missing(v) && !hasExpression(v) && (!ok || !slices.Contains([]string{"noAuth", "apiKey", "basicAuth", "oAuth"}, s)) {
			b.fault(FaultValue, path, "", "not one of noAuth, apiKey, basicAuth, oAuth")
			return
		}
		if missing(v) || plain(v) == "noAuth" {
			b.note(NoteNoEffect, path, "no authentication")
			return
		}
		b.note(NoteKeychain, path, "the kind of authentication; the credentials are in a keychain")
	case name == "tlsType":
		b.tlsType(v, path)
	case kind != "":
		b.keychain(name, kind, v, path)
	case slices.Contains(v4KeyNames(), name):
		b.misplaced(name, v, path)
	default:
		b.unknown(name, path, v4Parameters)
	}
}

// tlsType: mTls presents a certificate of the keychain that is named beside it
// or, where none is, the platform's; tls trusts a self-signed one.
func (b *builder) tlsType(v any, path string) {
	s, ok := text(v)
	switch {
	case missing(v):
		b.note(NoteNoEffect, path, "ordinary TLS")
	case hasExpression(v):
		b.note(NotePending, path, "the kind of TLS waits for its expression")
		b.list("useMtls", v, path)
	case s == "mTls" && b.hasTLSKeychain(clientCert):
		b.sources = append(b.sources, FieldSource{"credentials", path})
	case s == "mTls":
		b.put("useMtls", true, path)
	case s == "tls":
		b.sources = append(b.sources, FieldSource{"ca", path})
	case ok && strings.EqualFold(s, "mtls"):
		b.fault(FaultValue, path, "useMtls", "not mTls or tls; did you mean mTls?")
	default:
		b.fault(FaultValue, path, "", "not mTls or tls")
	}
}

// hasTLSKeychain says whether a parameter names a keychain of the kind.
func (b *builder) hasTLSKeychain(kind string) bool {
	for _, p := range b.m.parameters {
		id, isNumber := number(p.Value)
		if b.keychainKind(p.Name) == kind && !missing(p.Value) && !(isNumber && id == 0) {
			return true
		}
	}
	return false
}

func (b *builder) requireV4Keychains(base string) {
	kinds := map[any]string{"apiKey": apiKey, "basicAuth": basicAuth, "oAuth": oAuth}
	if kind := kinds[plain(lookup(b.m.parameters, "authenticationType"))]; kind != "" {
		b.requireKeychain(kind, join(base, "authenticationType"))
	}
	if plain(lookup(b.m.parameters, "tlsType")) == "tls" {
		b.requireKeychain(caCert, join(base, "tlsType"))
	}
}

// misplaced takes a key of the mapper that stands in the parameters as meant,
// unless the mapper has it too.
func (b *builder) misplaced(name string, v any, path string) {
	b.fault(FaultMisplaced, path, "", "%s belongs into mapper, not into parameters", name)
	if _, ok := b.m.mapper.Get(name); !ok {
		b.mapperKey(name, v, path)
	}
}

// misplacedParameter takes a parameter that stands in the mapper as meant: what
// asks for a client certificate is not to be passed over.
func (b *builder) misplacedParameter(name string, v any, path string) bool {
	if !slices.Contains(v4Parameters, name) && b.keychainKind(name) == "" {
		return false
	}
	b.fault(FaultMisplaced, path, "", "%s belongs into parameters, not into mapper", name)
	if _, ok := b.m.parameters.Get(name); !ok {
		b.v4Parameter(name, v, path)
	}
	return true
}

// unknown accounts for a key that no table has: a fault where it looks like a
// mistake, else a note.
func (b *builder) unknown(name, path string, known []string) {
	if meant, ok := b.otherVersion(name); ok {
		b.fault(FaultOtherVersion, path, "", "%s is a key of version %d; version %d has %s", name, 7-b.version, b.version, meant)
		return
	}
	if near := nearest(name, known); near != "" {
		b.fault(FaultUnknownKey, path, near, "not a key of the module; did you mean %s?", near)
		return
	}
	if meant := usual[strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))]; meant != "" {
		field := meant
		if other := renamed[meant]; b.version == 4 && other != "" {
			meant = other
		}
		b.fault(FaultUnknownKey, path, field, "not a key of the module; did you mean %s?", meant)
		return
	}
	b.note(NoteUnknownKey, path, "not a known key of the module; it is not sent")
}

// otherVersion says what a key of the other version is called in this one.
func (b *builder) otherVersion(name string) (string, bool) {
	if b.version == 4 {
		meant, ok := renamed[name]
		return meant, ok
	}
	for three, four := range renamed {
		if four == name && name != "allowRedirects" && name != "tlsType" && name != "authenticationType" {
			return three, true
		}
	}
	switch name {
	case "allowRedirects":
		return "followRedirect and followAllRedirects", true
	case "jsonStringBodyContent", "dataStructureBodyContent", "rawBodyContent":
		return "data with bodyType raw", true
	case "inputMethod", "bodyDataStructure":
		return "bodyType and contentType", true
	case "tlsType":
		return "useMtls", true
	case "authenticationType":
		return "a module for each kind of authentication", true
	}
	return "", false
}
