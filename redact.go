package mtlshttp

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/mtlshttp/mtlshttp/internal/target"
)

// What may be shown of a request, in errors, logs and dumps, is decided here
// alone, for whole URLs and headers by internal/target: of URLs neither user
// information nor the values of the query, of headers no value of one that is
// secret by name, of bodies and basic authentication nothing. Names are shown.
//
// fmt calls no method on an unexported field of a caller's struct: what is kept
// in one is shown as it is.

// redacted stands for what is not shown.
const redacted = "***"

// Redacted returns a copy for logs that holds no secret: it says which headers,
// parameters and parts there are, and shows the values of headers that are not
// secret. An Identity becomes its description, in Credentials; a body that is a
// reader becomes text. The copy marshals, and is not for sending.
func (r *Request) Redacted() *Request {
	c := *r
	c.Method, c.URL, c.Credentials = shown(r.Method), target.RedactText(r.URL), shownName(r.Credentials)
	c.Jar = shownName(r.Jar)
	c.Headers = nil
	secret := r.secretNames()
	for _, h := range r.Headers {
		c.Headers = append(c.Headers, h.redacted(secret))
	}
	c.HeaderSecrets = nil
	for _, h := range r.HeaderSecrets {
		c.HeaderSecrets = append(c.HeaderSecrets, HeaderSecret{shown(h.Name), shownName(h.Secret)})
	}
	c.Query = redactParams(r.Query)
	c.Auth = r.Auth.redacted()
	c.Secret, c.Origins = nil, nil
	for _, name := range r.Secret {
		c.Secret = append(c.Secret, shown(name))
	}
	for _, origin := range r.Origins {
		c.Origins = append(c.Origins, shownName(origin))
	}
	c.Body = r.Body.redacted()
	if r.Identity != nil {
		c.Identity, c.Credentials = nil, r.Identity.String()
	}
	c.Roots = r.Roots.redacted()
	c.Output, c.Progress, c.Sign, c.Extra = Output{}, nil, nil, nil
	for name := range r.Extra {
		if c.Extra == nil {
			c.Extra = make(map[string]json.RawMessage)
		}
		c.Extra[shown(name)] = json.RawMessage(`"` + redacted + `"`)
	}
	return &c
}

// shown is text that can be printed anywhere: what is no UTF-8 is replaced.
func shown(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// shownName is a name that people gave something, and nothing of a key or file
// that was pasted in its place.
func shownName(s string) string {
	if len(s) > 255 || hasControl(s) || strings.Contains(s, "-----") {
		return redacted
	}
	return shown(s)
}

// printable escapes what a terminal or a log would act upon: control
// characters, line breaks, marks that turn the direction of text.
func printable(s string) string {
	var b strings.Builder
	for _, r := range shown(s) {
		switch {
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			for _, unit := range utf16.AppendRune(nil, r) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		}
	}
	return b.String()
}

func (h Header) redacted(secret []string) Header {
	value := shown(h.Value)
	switch {
	case h.Value == "":
	case target.SecretHeader(h.Name, secret):
		value = redacted
	case strings.Contains(h.Value, "://"): // Referer, Location, Link, and whatever else leads somewhere
		value = target.RedactText(h.Value)
	}
	return Header{shown(h.Name), value}
}

func redactParams(params []Param) []Param {
	if params == nil {
		return nil
	}
	out := make([]Param, len(params))
	for i, p := range params {
		out[i] = Param{shown(p.Name), redacted}
	}
	return out
}

// redacted hides the user too: services take an API key for one.
func (a *BasicAuth) redacted() *BasicAuth {
	if a == nil {
		return nil
	}
	if a.Secret != "" {
		return &BasicAuth{User: redacted, Secret: shownName(a.Secret)}
	}
	return &BasicAuth{User: redacted, Password: redacted}
}

func (r Roots) redacted() Roots {
	out := Roots{Name: shownName(r.Name), Only: r.Only}
	if r.PEM != "" || len(r.Certificates) > 0 {
		out.PEM = redacted // it may have a key beside the certificates
	}
	for range r.CRLs {
		out.CRLs = append(out.CRLs, []byte(redacted))
	}
	return out
}

func (b Body) redacted() Body {
	switch b.kind {
	case bodyNone:
		return b
	case bodyForm:
		return Form(redactParams(b.params)...)
	case bodyMultipart:
		out := Body{kind: bodyMultipart}
		for _, p := range b.parts {
			out.parts = append(out.parts, p.redacted())
		}
		return out
	}
	return Text(shown(b.contentType), redacted)
}

func (p Part) redacted() Part {
	out := Part{Name: shown(p.Name), FileName: shown(p.FileName), ContentType: shown(p.ContentType)}
	switch {
	case !p.isFile():
		out.Value = redacted
	case p.Path != "":
		out.Path = shownName(p.Path)
	default:
		out.Data = []byte(redacted)
	}
	return out
}

// The renderings. Each type has String and, so that no verb of fmt and no
// slog.Handler sees more, Format and LogValue, on values as on pointers.

// String is the document of Redacted, in one line.
func (r Request) String() string {
	document, err := r.Redacted().MarshalJSON()
	if err != nil {
		return printable(fmt.Sprintf("%s %s", r.method(), target.RedactText(r.URL)))
	}
	return printable(string(document))
}

// Format is String for every verb.
func (r Request) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, r.String()) }

// LogValue is String.
func (r Request) LogValue() slog.Value { return slog.StringValue(r.String()) }

// String is the header with its value, unless it is secret by its name. It does
// not know Request.Secret.
func (h Header) String() string {
	h = h.redacted(nil)
	return printable(h.Name + ": " + h.Value)
}

// Format is String for every verb.
func (h Header) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, h.String()) }

// LogValue is String.
func (h Header) LogValue() slog.Value { return slog.StringValue(h.String()) }

// String is the names, of the header and of the secret.
func (h HeaderSecret) String() string {
	return printable(h.Name) + ": secret " + printable(shownName(h.Secret))
}

// Format is String for every verb.
func (h HeaderSecret) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, h.String()) }

// LogValue is String.
func (h HeaderSecret) LogValue() slog.Value { return slog.StringValue(h.String()) }

// MarshalJSON fails: it stands in the document of a Request alone.
func (h HeaderSecret) MarshalJSON() ([]byte, error) {
	return nil, fault(KindConfig, "headers", "not-serialisable", "a secret's name is written with its request")
}

// String is the name alone.
func (p Param) String() string { return printable(p.Name) + "=" + redacted }

// Format is String for every verb.
func (p Param) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, p.String()) }

// LogValue is String.
func (p Param) LogValue() slog.Value { return slog.StringValue(p.String()) }

// String shows neither user nor password.
func (BasicAuth) String() string { return "basic authentication" }

// Format is String for every verb.
func (a BasicAuth) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, a.String()) }

// LogValue is String.
func (a BasicAuth) LogValue() slog.Value { return slog.StringValue(a.String()) }

// MarshalJSON fails: a password stands in the document of a Request alone.
func (a BasicAuth) MarshalJSON() ([]byte, error) {
	return nil, fault(KindConfig, "authPass", "not-serialisable", "basic authentication is written with its request")
}

// String says what sort of body it is.
func (b Body) String() string {
	switch b.kind {
	case bodyNone:
		return "no body"
	case bodyForm:
		return fmt.Sprintf("form %v", b.params)
	case bodyMultipart:
		return fmt.Sprintf("multipart %v", b.parts)
	case bodyReader:
		return "body from a reader"
	}
	return printable("body " + b.contentType)
}

// Format is String for every verb.
func (b Body) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, b.String()) }

// LogValue is String.
func (b Body) LogValue() slog.Value { return slog.StringValue(b.String()) }

// String is the part's name and, of a file, its own.
func (p Part) String() string {
	if p = p.redacted(); p.FileName != "" || p.Path != "" {
		return printable(fmt.Sprintf("%s=%s%s", p.Name, p.FileName, p.Path))
	}
	return printable(p.Name) + "=" + redacted
}

// Format is String for every verb.
func (p Part) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, p.String()) }

// LogValue is String.
func (p Part) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalJSON fails: a part stands in the document of a Request alone.
func (p Part) MarshalJSON() ([]byte, error) {
	return nil, fault(KindConfig, "formDataFields", "not-serialisable", "a part is written with its request")
}

// MarshalJSON fails: a parameter stands in the document of a Request alone.
func (p Param) MarshalJSON() ([]byte, error) {
	return nil, fault(KindConfig, "qs", "not-serialisable", "a parameter is written with its request")
}

// MarshalJSON fails: roots stand in the document of a Request alone, and what was
// pasted there may have a key beside the certificates.
func (r Roots) MarshalJSON() ([]byte, error) {
	return nil, fault(KindConfig, "ca", "not-serialisable", "roots are written with their request")
}

// String says where the authorities come from.
func (r Roots) String() string {
	text := fmt.Sprintf("roots %q", shownName(r.Name))
	if r.PEM != "" {
		text += " and PEM"
	}
	return fmt.Sprintf("%s and %d certificates", text, len(r.Certificates))
}

// Format is String for every verb.
func (r Roots) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, r.String()) }

// LogValue is String.
func (r Roots) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Format is String for every verb.
func (p Proxy) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, p.String()) }

// LogValue is String.
func (p Proxy) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalJSON fails: an address with a password is in no document that this
// package writes.
func (p Proxy) MarshalJSON() ([]byte, error) {
	return nil, fault(KindConfig, "proxy", "not-serialisable", "a proxy's address may hold a password and is not written")
}

// Format shows whether there are passwords, for every verb.
func (o ExtractOptions) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "passwords given: %t, of the key: %t", o.Password != nil, o.KeyPassword != nil)
}

// LogValue is what Format shows.
func (o ExtractOptions) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(o)) }

// MarshalJSON fails: passwords are in no document that this package writes.
func (o ExtractOptions) MarshalJSON() ([]byte, error) {
	return nil, fault(KindConfig, "", "not-serialisable", "passwords are not written")
}

// LogValue is String.
func (f CredentialFiles) LogValue() slog.Value { return slog.StringValue(f.String()) }

// LogValue lists the names.
func (k *Keychain) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(k)) }

// Format says what the executor connects through, for every verb.
func (e *Executor) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "executor, %s", e.Proxy.String()) }

// LogValue is what Format shows.
func (e *Executor) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(e)) }

// Format names the platform identity, for every verb.
func (s Session) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "session, platform %q, jar %t", s.Platform, s.Jar != nil)
}

// LogValue is what Format shows.
func (s Session) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(s)) }

// String sums the bundle up, without headers and body.
func (r Response) String() string {
	return printable(fmt.Sprintf("%d %s, %d bytes, %s", r.StatusCode, r.ContentType, r.FileSize, r.URL))
}

// Format is String for every verb.
func (r Response) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, r.String()) }

// LogValue is String.
func (r Response) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Format is Response.String, for every verb.
func (s Stream) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "stream of %v", s.Response) }

// LogValue is what Format shows.
func (s Stream) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(s)) }

// LogValue is String.
func (m Module) LogValue() slog.Value { return slog.StringValue(m.String()) }

// LogValue is the scenario's name with the modules.
func (s Scenario) LogValue() slog.Value {
	return slog.StringValue(fmt.Sprintf("scenario %q, %v", s.Name, s.Modules))
}

// LogValue is the request's.
func (c CurlCommand) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c.Request)) }

// Format is Error for every verb: of headers and body of a response, which may
// stand beside it, nothing is shown.
func (e Error) Format(s fmt.State, verb rune) {
	if verb == 'q' {
		fmt.Fprintf(s, "%q", e.Error())
		return
	}
	_, _ = io.WriteString(s, e.Error())
}

// LogValue is a group of what can be searched for.
func (e Error) LogValue() slog.Value {
	return slog.GroupValue(slog.String("kind", string(e.Kind)), slog.String("reason", e.Reason), slog.String("phase", string(e.Phase)),
		slog.String("field", e.Field), slog.String("url", e.URL), slog.Bool("retryable", e.Retryable), slog.String("message", e.Error()))
}
