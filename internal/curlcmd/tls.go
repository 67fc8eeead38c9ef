package curlcmd

import (
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// setCert takes file[:password]. A backslash makes a colon or backslash plain,
// and the colon of a Windows drive is one.
func (c *command) setCert(o *option, value string) error {
	if strings.HasPrefix(strings.ToLower(value), "pkcs11:") {
		return fail(Unsupported, o.flag(), "keys in tokens are not reached from here")
	}
	file, password, has := splitCert(value)
	if file == "" {
		return fail(Argument, o.flag(), "a file is expected")
	}
	c.cert = file
	if has {
		c.pass = newSecret(password)
	}
	return nil
}

func splitCert(value string) (file, password string, has bool) {
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		switch ch := value[i]; {
		case ch == '\\' && i+1 < len(value) && (value[i+1] == ':' || value[i+1] == '\\'):
			i++
			b.WriteByte(value[i])
		case ch == ':' && isDrive(value, i):
			b.WriteByte(ch)
		case ch == ':':
			return b.String(), value[i+1:], true
		default:
			b.WriteByte(ch)
		}
	}
	return b.String(), "", false
}

// isDrive says whether the colon at i belongs to C:\ or C:/.
func isDrive(value string, i int) bool {
	if i != 1 || i+1 == len(value) || value[i+1] != '\\' && value[i+1] != '/' {
		return false
	}
	c := value[0] | 0x20
	return 'a' <= c && c <= 'z'
}

func newSecret(s string) *Secret {
	secret := Secret(s)
	return &secret
}

func (c *command) setCertType(o *option, value string) error {
	t, err := fileType(o, value)
	c.certType = t
	return err
}

func (c *command) setKeyType(o *option, value string) error {
	t, err := fileType(o, value)
	c.keyType = t
	return err
}

func fileType(o *option, value string) (string, error) {
	switch t := strings.ToUpper(value); t {
	case "PEM", "DER", "P12":
		return t, nil
	case "ENG", "PROV":
		return "", fail(Unsupported, o.flag(), "keys in engines are not reached from here")
	}
	return "", fail(Argument, o.flag(), "PEM, DER or P12 is expected")
}

func (c *command) setKey(o *option, value string) error {
	if strings.HasPrefix(strings.ToLower(value), "pkcs11:") {
		return fail(Unsupported, o.flag(), "keys in tokens are not reached from here")
	}
	c.key = value
	return nil
}

func (c *command) setPass(_ *option, value string) error {
	c.pass = newSecret(value)
	return nil
}

func (c *command) setCA(_ *option, value string) error {
	c.ca = value
	return nil
}

// credential makes one keychain entry of --cert, --key and --pass.
func (c *command) credential() error {
	if c.cert == "" {
		if c.key != "" {
			return fail(Conflict, "--key", "a key without its certificate: --cert is missing")
		}
		if c.pass != nil {
			c.note("--pass", "there is no key that it could open")
		}
		return nil
	}
	k := &Credential{Name: orDefault(c.options.CredentialName, "client"), Type: c.certType, KeyType: c.keyType, Password: c.pass}
	if c.key != "" && c.key != c.cert && c.certType != "P12" {
		k.Certificate, k.PrivateKey = c.cert, c.key
	} else {
		if c.key != "" && c.certType == "P12" {
			c.note("--key", "the P12 file has its own key, which is used")
		}
		k.File = c.cert
	}
	c.result.Credential = k
	return nil
}

func (c *command) setHTTP(o *option, value string) error {
	c.http1 = o.name == "http1.1" && value != off
	if o.name == "http2" {
		c.note(o.flag(), "HTTP/2 is offered anyway, and HTTP/1.1 beside it")
	}
	return nil
}

func (c *command) setTLS(o *option, value string) error {
	switch {
	case value == off:
		c.minTLS = ""
	case o.name == "tlsv1.2":
		c.minTLS = "1.2"
	case o.name == "tlsv1.3":
		c.minTLS = "1.3"
	case value == "1.2" || value == "1.3":
		c.maxTLS = value
	case value == "default":
		c.maxTLS = ""
	case value == "1.0" || value == "1.1":
		return fail(Unsupported, o.flag(), "TLS 1.2 is the least")
	default:
		return fail(Argument, o.flag(), "a version of TLS is expected")
	}
	return nil
}

func (c *command) protocol() []jsonvalue.Member {
	var p jsonvalue.Object
	if c.minTLS != "" {
		p = append(p, jsonvalue.Member{Name: "minTls", Value: c.minTLS})
	}
	if c.maxTLS != "" {
		p = append(p, jsonvalue.Member{Name: "maxTls", Value: c.maxTLS})
	}
	if c.http1 {
		p = append(p, jsonvalue.Member{Name: "http", Value: 1})
	}
	if p == nil {
		return nil
	}
	return []jsonvalue.Member{{Name: "protocol", Value: p}}
}

// setProxy takes [scheme://][user:password@]host[:port].
func (c *command) setProxy(o *option, value string) error {
	c.note(o.flag(), ofProxy)
	scheme, rest, ok := strings.Cut(value, "://")
	switch {
	case value == "":
		c.result.Proxy = nil
		return nil
	case o.name == "socks5" && !ok:
		scheme, rest = "socks5", value
	case o.name == "socks5-hostname" && !ok:
		scheme, rest = "socks5h", value
	case !ok:
		scheme, rest = "http", value
	}
	p := &Proxy{}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		user, password, _ := strings.Cut(rest[:i], ":")
		p.User, p.Password, rest = user, Secret(password), rest[i+1:]
	}
	p.URL = scheme + "://" + rest
	c.result.Proxy = p
	return nil
}

func (c *command) setProxyUser(o *option, value string) error {
	c.note(o.flag(), ofProxy)
	c.proxyUser = value
	return nil
}
