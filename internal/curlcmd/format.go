package curlcmd

import (
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
	"github.com/mtlshttp/mtlshttp/internal/query"
	"github.com/mtlshttp/mtlshttp/internal/target"
)

// FormatOptions say how to write a command line. The zero value hides secrets.
type FormatOptions struct {
	// Secrets shows what is hidden otherwise: the values of secret headers,
	// user information in the URL, the passwords of -u and of key files.
	Secrets bool
	// Credential and CA are the files behind the document's names; nil: the
	// name is noted and the option left out.
	Credential *Credential
	CA         *CA
	Proxy      *Proxy
}

// Format writes a request document as a curl command line for sh. What curl
// cannot be told is noted. The error is of a document that is not JSON, or
// whose keys have other types than they should, and is an *Error or that of
// jsonvalue or query.
func Format(document []byte, o FormatOptions) (string, []Note, error) {
	value, err := jsonvalue.ParseOrdered(document, jsonvalue.Limits{})
	if err != nil {
		return "", nil, err
	}
	doc, ok := value.(jsonvalue.Object)
	if !ok {
		return "", nil, fail(Argument, "", "a request document is an object")
	}
	f := &formatter{doc: doc, options: o}
	if err := f.write(); err != nil {
		return "", nil, err
	}
	return "curl " + strings.Join(f.words, " "), f.notes, nil
}

type formatter struct {
	doc     jsonvalue.Object
	options FormatOptions
	words   []string
	notes   []Note
}

func (f *formatter) add(words ...string) {
	for _, w := range words {
		f.words = append(f.words, quote(w))
	}
}

func (f *formatter) note(key, text string) { f.notes = append(f.notes, Note{key, text}) }

// text is the value of an option of the document; "" where it has none.
func (f *formatter) text(key string) string {
	v, _ := f.doc.Get(key)
	return scalar(v)
}

func (f *formatter) on(key string, otherwise bool) bool {
	switch f.text(key) {
	case "true":
		return true
	case "false":
		return false
	}
	return otherwise
}

func (f *formatter) write() error {
	hasBody, err := f.body()
	if err != nil {
		return err
	}
	body := f.words
	f.words = nil
	f.method(hasBody)
	if err := f.url(); err != nil {
		return err
	}
	if err := f.headers(hasBody); err != nil {
		return err
	}
	f.words = append(f.words, body...)
	_, named := value(f.doc, "authPass").(jsonvalue.Object)
	if user, password := f.text("authUser"), f.text("authPass"); user+password != "" || named {
		if named {
			f.note("authPass", "the password is a secret that the document names; curl asks for it")
		} else if f.options.Secrets {
			user += ":" + password
		} else {
			f.note("authPass", "the password is hidden; curl asks for it")
		}
		f.add("-u", user)
	}
	f.identity()
	f.switches()
	f.rest()
	return nil
}

func (f *formatter) method(hasBody bool) {
	method := strings.ToUpper(orDefault(f.text("method"), "GET"))
	switch {
	case method == "HEAD" && !hasBody:
		f.add("-I")
	case method == "GET" && !hasBody, method == "POST" && hasBody:
	default:
		f.add("-X", method)
	}
}

func (f *formatter) url() error {
	u := strings.TrimSpace(f.text("url"))
	if scheme, _, _ := strings.Cut(strings.ToLower(u), "://"); scheme != "http" && scheme != "https" {
		return fail(Argument, "url", "it is neither http nor https, and curl speaks more")
	}
	if rows, given := f.doc.Get("qs"); given && rows != nil && rows != "" {
		pairs, err := pairsOf(rows, "name")
		if err != nil {
			return err
		}
		before, fragment, hasFragment := strings.Cut(u, "#")
		path, raw, _ := strings.Cut(before, "?")
		merged, err := query.Merge(raw, pairs, f.on("useQuerystring", false), 0)
		if err != nil {
			return err
		}
		if u = path; merged != "" {
			u += "?" + merged
		}
		if hasFragment {
			u += "#" + fragment
		}
	}
	if f.on("serializeUrl", false) {
		f.note("serializeUrl", "the URL is written as it is")
	}
	if !f.options.Secrets {
		u = hideUserInfo(u)
	}
	if _, rest, _ := strings.Cut(u, "://"); isGlob(rest) {
		f.add("-g")
	}
	f.add(u)
	return nil
}

func hideUserInfo(u string) string {
	scheme, rest, ok := strings.Cut(u, "://")
	if !ok {
		return u
	}
	end := strings.IndexAny(rest+"/", `/?#\`)
	if at := strings.LastIndexByte(rest[:end], '@'); at >= 0 {
		return scheme + "://" + hidden + rest[at:]
	}
	return u
}

func (f *formatter) headers(hasBody bool) error {
	var named []string
	if list, ok := value(f.doc, "secretHeaders").([]any); ok {
		for _, n := range list {
			named = append(named, scalar(n))
		}
	}
	accept := false
	rows, _ := f.doc.Get("headers")
	pairs, err := pairsOf(rows, "name")
	if err != nil {
		return err
	}
	for _, p := range pairs {
		values, isList := p.Value.([]any)
		if !isList {
			values = []any{p.Value}
		}
		for _, v := range values {
			text := scalar(v)
			if _, named := v.([]query.Pair); named {
				f.note("headers", "the value of "+p.Name+" is a secret that the document names")
				text = hidden
			}
			if strings.EqualFold(p.Name, "Accept") {
				accept = true
				if text == "*/*" && p.Name == "Accept" && len(values) == 1 {
					continue // curl sends it unasked
				}
			}
			if target.SecretHeader(p.Name, named) && !f.options.Secrets {
				text = hidden
			}
			f.header(p.Name, text)
		}
	}
	if !accept {
		f.add("-H", "Accept:")
	}
	f.contentType(hasBody, pairs)
	return nil
}

func (f *formatter) header(name, text string) {
	odd := func(r rune) bool {
		return !isPlain(r) && !strings.ContainsRune("!#$&'*^`|~", r) || strings.ContainsRune("@:=,/", r)
	}
	if name == "" || strings.ContainsFunc(name, odd) || hasControl(text) { // after @ a file's name would follow
		f.note("headers", "what cannot be sent as a header is left out")
		return
	}
	if text == "" {
		f.add("-H", name+";")
		return
	}
	f.add("-H", name+": "+text)
}

func (f *formatter) identity() {
	if name := f.text("credentials"); name != "" {
		if k := f.options.Credential; k != nil {
			f.credential(k)
		} else {
			f.note("credentials", "the client certificate is in a keychain; name its file with --cert")
		}
	}
	if f.on("useMtls", false) {
		f.note("useMtls", "the platform's certificate is the session's")
	}
	if ca := f.text("ca"); ca != "" {
		switch {
		case f.options.CA == nil:
			f.note("ca", "the authorities are not in a file; name one with --cacert")
		default:
			if !f.on("caOnly", false) {
				f.note("ca", "curl trusts these authorities alone, not the system's too")
			}
			f.add("--cacert", f.options.CA.File)
		}
	}
	if p := f.options.Proxy; p != nil {
		f.add("-x", p.URL)
		if p.User != "" {
			user := p.User
			if f.options.Secrets {
				user += ":" + string(p.Password)
			}
			f.add("-U", user)
		}
	}
}

func (f *formatter) credential(k *Credential) {
	file := orDefault(k.File, k.Certificate)
	f.add("--cert", escapeCert(file))
	if k.Type != "" {
		f.add("--cert-type", k.Type)
	}
	if k.PrivateKey != "" {
		f.add("--key", k.PrivateKey)
	}
	if k.KeyType != "" {
		f.add("--key-type", k.KeyType)
	}
	switch {
	case k.Password == nil:
	case f.options.Secrets:
		f.add("--pass", string(*k.Password))
	default:
		f.note("credentials", "the password is hidden; curl asks for it, or takes it with --pass")
	}
}

func escapeCert(file string) string {
	return strings.NewReplacer(`\`, `\\`, `:`, `\:`).Replace(file)
}

func (f *formatter) switches() {
	if f.on("handleErrors", false) {
		f.add("--fail-with-body")
	}
	if timeout := f.text("timeout"); timeout != "" {
		f.add("-m", timeout)
	}
	if !f.on("rejectUnauthorized", true) {
		f.add("-k")
	}
	f.redirects()
	if f.on("gzip", false) {
		f.add("--compressed")
	}
	protocol, _ := value(f.doc, "protocol").(jsonvalue.Object)
	if v := scalar(value(protocol, "minTls")); v != "" {
		f.add("--tlsv" + v)
	}
	if v := scalar(value(protocol, "maxTls")); v != "" {
		f.add("--tls-max", v)
	}
	switch scalar(value(protocol, "http")) {
	case "1":
		f.add("--http1.1")
	case "2":
		f.add("--http2")
	}
}

// redirects: without followAllRedirects the module follows all methods but
// four, and ten times at the most.
func (f *formatter) redirects() {
	follow := f.on("followRedirect", true)
	if !f.on("followAllRedirects", false) {
		switch strings.ToUpper(f.text("method")) {
		case "POST", "PUT", "PATCH", "DELETE":
			follow = false
		}
	}
	if !follow {
		return
	}
	f.add("-L")
	if most := orDefault(f.text("maxRedirects"), "10"); most != "50" {
		f.add("--max-redirs", most)
	}
}

// rest notes what has no option.
func (f *formatter) rest() {
	known := " credentials handleErrors url serializeUrl method headers qs useQuerystring bodyType contentType customContentType data formFields " +
		"formDataFields authUser authPass timeout ca caOnly rejectUnauthorized followRedirect followAllRedirects maxRedirects gzip useMtls " +
		"protocol secretHeaders parseResponse "
	for _, m := range f.doc {
		if m.Value == nil || m.Value == "" || m.Value == false || strings.Contains(known, " "+m.Name+" ") {
			continue
		}
		f.note(m.Name, "curl has no option for it")
	}
}

// quote writes a word so that sh reads it as it is.
func quote(s string) string {
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !isPlain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func isPlain(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_@%+=:,./-", r)
}
