package curlcmd

import (
	"slices"
	"strings"
	"sync"
)

// option is one option of curl.
type option struct {
	name  string // without its dashes
	short byte   // 0: none
	takes bool   // an argument
	// apply puts it into the request; a switch has the value off where it is
	// given as --no-…. Where apply is nil the option is noted with note, or
	// refused with refuse.
	apply  func(c *command, o *option, value string) error
	note   string
	refuse string
}

const (
	ofOutput  = "what becomes of the output is not part of a request"
	ofDisplay = "how curl talks is not part of a request"
	ofDialing = "how connections are made is the executor's"
	ofProxy   = "the proxy is the executor's"
	ofRetries = "retries are the executor's"
	ofTLS     = "this detail of TLS is the library's"
	ofOthers  = "of other protocols than HTTP"
	ofCurl    = "of curl itself"
	ofAuth    = "this way of authentication is not built"
)

// allOptions makes the table of all options; several have more than one name.
func allOptions() []option {
	return slices.Concat([]option{
		{name: "url", takes: true, apply: (*command).addURL},
		{name: "request", short: 'X', takes: true, apply: (*command).setMethod},
		{name: "head", short: 'I', apply: (*command).setHead},
		{name: "get", short: 'G', apply: (*command).setGet},
		{name: "header", short: 'H', takes: true, apply: (*command).addHeader},
		{name: "user-agent", short: 'A', takes: true, apply: (*command).setUserAgent},
		{name: "referer", short: 'e', takes: true, apply: (*command).setReferer},
		{name: "cookie", short: 'b', takes: true, apply: (*command).addCookie},
		{name: "range", short: 'r', takes: true, apply: (*command).setRange},
		{name: "user", short: 'u', takes: true, apply: (*command).setUser},
		{name: "oauth2-bearer", takes: true, apply: (*command).setBearer},
		{name: "data", short: 'd', takes: true, apply: (*command).addData},
		{name: "data-ascii", takes: true, apply: (*command).addData},
		{name: "data-binary", takes: true, apply: (*command).addData},
		{name: "data-raw", takes: true, apply: (*command).addData},
		{name: "data-urlencode", takes: true, apply: (*command).addData},
		{name: "json", takes: true, apply: (*command).addData},
		{name: "form", short: 'F', takes: true, apply: (*command).addForm},
		{name: "form-string", takes: true, apply: (*command).addForm},
		{name: "upload-file", short: 'T', takes: true, apply: (*command).setUpload},
		{name: "url-query", takes: true, apply: (*command).addQuery},
		{name: "globoff", short: 'g', apply: (*command).setGloboff},
		{name: "location", short: 'L', apply: (*command).setLocation},
		{name: "location-trusted", apply: (*command).setLocation},
		{name: "follow", apply: (*command).setLocation},
		{name: "max-redirs", takes: true, apply: (*command).setMaxRedirs},
		{name: "compressed", apply: setSwitch("gzip", true)},
		{name: "insecure", short: 'k', apply: setSwitch("rejectUnauthorized", false)},
		{name: "fail", short: 'f', apply: setSwitch("handleErrors", true)},
		{name: "fail-with-body", apply: setSwitch("handleErrors", true)},
		{name: "max-time", short: 'm', takes: true, apply: (*command).setTimeout},
		{name: "cert", short: 'E', takes: true, apply: (*command).setCert},
		{name: "cert-type", takes: true, apply: (*command).setCertType},
		{name: "key", takes: true, apply: (*command).setKey},
		{name: "key-type", takes: true, apply: (*command).setKeyType},
		{name: "pass", takes: true, apply: (*command).setPass},
		{name: "cacert", takes: true, apply: (*command).setCA},
		{name: "proxy", short: 'x', takes: true, apply: (*command).setProxy},
		{name: "socks5", takes: true, apply: (*command).setProxy},
		{name: "socks5-hostname", takes: true, apply: (*command).setProxy},
		{name: "proxy-user", short: 'U', takes: true, apply: (*command).setProxyUser},
		{name: "http1.1", apply: (*command).setHTTP},
		{name: "http2", apply: (*command).setHTTP},
		{name: "tlsv1.2", apply: (*command).setTLS},
		{name: "tlsv1.3", apply: (*command).setTLS},
		{name: "tls-max", takes: true, apply: (*command).setTLS},
	},
		noted("a 301, 302 or 303 turns the method into GET here, unless it is HEAD", "post301", "post302", "post303"),
		notedWith("these authorities are in a folder; name a file", "capath", "proxy-capath"),
		noted(ofOutput, "remote-name/O", "remote-name-all", "remote-header-name/J", "include/i", "create-dirs", "remote-time/R", "no-clobber",
			"remove-on-error", "xattr", "skip-existing", "show-headers"),
		notedWith(ofOutput, "output/o", "output-dir", "dump-header/D", "write-out/w", "etag-save", "create-file-mode", "max-filesize", "out-null"),
		noted(ofDisplay, "silent/s", "show-error/S", "verbose/v", "progress-bar/#", "no-progress-meter", "progress-meter", "no-buffer/N", "buffer",
			"styled-output", "trace-time", "trace-ids", "suppress-connect-headers", "fail-early", "parallel/Z", "parallel-immediate"),
		notedWith(ofDisplay, "stderr", "trace", "trace-ascii", "trace-config", "libcurl", "parallel-max", "parallel-max-host"),
		noted(ofDialing, "ipv4/4", "ipv6/6", "keepalive", "no-keepalive", "tcp-fastopen", "tcp-nodelay", "doh-cert-status", "doh-insecure",
			"mptcp", "haproxy-protocol", "disallow-username-in-url", "ignore-content-length", "http0.9", "raw", "path-as-is"),
		notedWith(ofDialing, "resolve", "connect-to", "connect-timeout", "interface", "local-port", "unix-socket", "abstract-unix-socket",
			"keepalive-time", "keepalive-cnt", "dns-servers", "dns-interface", "dns-ipv4-addr", "dns-ipv6-addr", "doh-url", "limit-rate", "speed-limit/Y",
			"speed-time/y", "happy-eyeballs-timeout-ms", "expect100-timeout", "haproxy-clientip", "alt-svc", "hsts", "rate", "ip-tos", "vlan-priority",
			"proto", "proto-redir", "proto-default"),
		noted(ofProxy, "proxytunnel/p", "proxy-anyauth", "proxy-basic", "proxy-digest", "proxy-insecure", "proxy-negotiate", "proxy-ntlm", "proxy-http2",
			"proxy-tlsv1", "proxy-ssl-allow-beast", "proxy-ssl-auto-client-cert", "proxy-ca-native", "socks5-basic", "socks5-gssapi", "socks5-gssapi-nec"),
		notedWith(ofProxy, "noproxy", "preproxy", "proxy-header", "proxy-cacert", "proxy-cert", "proxy-cert-type", "proxy-ciphers", "proxy-crlfile",
			"proxy-key", "proxy-key-type", "proxy-pass", "proxy-pinnedpubkey", "proxy-service-name", "proxy-tls13-ciphers", "proxy-tlsauthtype",
			"proxy-tlspassword", "proxy-tlsuser", "proxy1.0", "socks4", "socks4a", "socks5-gssapi-service"),
		noted(ofRetries, "retry-all-errors", "retry-connrefused"),
		notedWith(ofRetries, "retry", "retry-delay", "retry-max-time"),
		noted(ofTLS, "no-alpn", "alpn", "no-npn", "npn", "no-sessionid", "sessionid", "ssl-allow-beast", "ssl-no-revoke", "ssl-revoke-best-effort",
			"ssl-auto-client-cert", "false-start", "tlsv1/1", "tlsv1.0", "tlsv1.1", "sslv2/2", "sslv3/3", "cert-status", "ca-native", "dump-ca-embed", "tls-earlydata"),
		notedWith(ofTLS, "ciphers", "tls13-ciphers", "curves", "crlfile", "random-file", "egd-file", "sigalgs", "ech", "pinnedpubkey"),
		noted(ofCurl, "disable/q", "netrc/n", "netrc-optional", "basic", "junk-session-cookies/j", "tr-encoding", "form-escape", "anyauth"),
		notedWith(ofCurl, "netrc-file", "cookie-jar/c", "etag-compare", "time-cond/z"),
		noted(ofOthers, "append/a", "use-ascii/B", "list-only/l", "crlf", "disable-eprt", "disable-epsv", "ftp-create-dirs", "ftp-pasv", "ftp-pret",
			"ftp-skip-pasv-ip", "ftp-ssl-ccc", "ftp-ssl-control", "ssl", "ssl-reqd", "sasl-ir", "tftp-no-options", "compressed-ssh", "mail-rcpt-allowfails"),
		notedWith(ofOthers, "ftp-account", "ftp-alternative-to-user", "ftp-method", "ftp-port/P", "ftp-ssl-ccc-mode", "quote/Q", "telnet-option/t",
			"tftp-blksize", "mail-auth", "mail-from", "mail-rcpt", "login-options", "sasl-authzid", "krb", "hostpubmd5", "hostpubsha256", "pubkey",
			"knownhosts", "upload-flags", "ipfs-gateway"),
		refused(ofAuth, "digest", "ntlm", "ntlm-wb", "negotiate"),
		refusedWith(ofAuth, "aws-sigv4", "delegation", "service-name", "tlsauthtype", "tlsuser", "tlspassword", "engine"),
		refused("this version of HTTP is not spoken", "http1.0/0", "http2-prior-knowledge", "http3", "http3-only"),
		refusedWith("options in a file are not read", "config/K", "variable"),
		refusedWith("the target of the request line is the URL's", "request-target"),
		refusedWith("a part of an upload is not sent", "continue-at/C"),
		refused("one command line is one request", "next/:"),
		refused("this makes no request", "version/V", "manual/M"),
		refusedWith("this makes no request", "help/h"),
	)
}

func noted(text string, names ...string) []option {
	return group(names, option{note: text})
}

func notedWith(text string, names ...string) []option {
	return group(names, option{note: text, takes: true})
}

func refused(text string, names ...string) []option {
	return group(names, option{refuse: text})
}

func refusedWith(text string, names ...string) []option {
	return group(names, option{refuse: text, takes: true})
}

// group makes options of names such as output/o.
func group(names []string, like option) []option {
	out := make([]option, len(names))
	for i, name := range names {
		out[i] = like
		out[i].name = name
		if long, short, ok := strings.Cut(name, "/"); ok {
			out[i].name, out[i].short = long, short[0]
		}
	}
	return out
}

// table is the options and their names. It is filled when a command is first
// read: a variable with these functions as its value would keep all that they
// call in programs that read none.
var table struct {
	once    sync.Once
	options []option
	byName  map[string]*option
	byShort map[byte]*option
}

func fill() {
	table.options = allOptions()
	table.byName, table.byShort = map[string]*option{}, map[byte]*option{}
	for i := range table.options {
		o := &table.options[i]
		table.byName[o.name] = o
		if o.short != 0 {
			table.byShort[o.short] = o
		}
	}
}

func options() []option {
	table.once.Do(fill)
	return table.options
}

func byName() map[string]*option {
	table.once.Do(fill)
	return table.byName
}

func byShort() map[byte]*option {
	table.once.Do(fill)
	return table.byShort
}

// find looks an option up by its long name, or by the beginning of one, as curl
// does. On is false for --no-… of a switch.
func find(name string) (o *option, on bool, err error) {
	if o, ok := byName()[name]; ok {
		return o, true, nil
	}
	if rest, ok := strings.CutPrefix(name, "no-"); ok {
		if o, ok := byName()[rest]; ok && !o.takes {
			return o, false, nil
		}
	}
	all := options()
	for i := range all {
		if !strings.HasPrefix(all[i].name, name) || name == "" {
			continue
		}
		if o != nil {
			return nil, false, fail(Ambiguous, "--"+name, "the beginning of several options")
		}
		o = &all[i]
	}
	if o == nil {
		if before, _, ok := strings.Cut(name, "="); ok && byName()[before] != nil {
			return nil, false, fail(UnknownOption, "--"+before, "curl takes the value as the next word, not after =")
		}
		return nil, false, fail(UnknownOption, "--"+printable(name), "no option of curl")
	}
	return o, true, nil
}

// printable is an unknown option's name as errors say it: without what may be
// a value.
func printable(name string) string {
	name, _, _ = strings.Cut(name, "=")
	if len(name) > 40 {
		name = name[:40] + "…"
	}
	return strings.ToValidUTF8(name, "?")
}
