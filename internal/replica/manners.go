package replica

// way is how a server refuses a certificate.
type way int

const (
	byAlert way = iota
	bySilence
	byPage // of HTTP, after the handshake
)

// manners is how one server behaves.
type manners struct {
	examination examination
	way         way
	alerts      map[fault]uint8 // where no other is named: alert
	alert       uint8
	missing12   uint8 // the alert to a client without a certificate, TLS 1.2; zero: silence

	// tells leaves it to the application to refuse where a certificate is not
	// required: it answers 403 to a certificate that is not valid.
	tells bool
	// denies by page, not in the handshake, a certificate that is valid and
	// not on the list of those that are let in.
	denies bool
	// asksAnew demands by path in a second handshake; others asked in the
	// first one and answer 403.
	asksAnew         bool
	noPath           bool // demands by path not at all
	trustsAdvertised bool

	http2 bool
	// anyProtocol goes on where no protocol of the client's ALPN is spoken;
	// others end with alert 120. noProtocols knows no ALPN.
	anyProtocol, noProtocols bool
	// tooNew and tooOld are the alerts to a client whose versions are all
	// above or below; zero: silence.
	tooNew, tooOld uint8
	// plain answers a client that speaks HTTP without TLS; nil: silence.
	// resets ends such a connection by a reset.
	plain  []byte
	resets bool
	native bool // plain HTTP is answered by net/http itself

	server    string // the field Server of answers; empty: none
	forbidden page
}

const (
	alertHandshakeFailure    = 40
	alertBadCertificate      = 42
	alertUnsupported         = 43
	alertRevoked             = 44
	alertExpired             = 45
	alertUnknownCA           = 48
	alertAccessDenied        = 49
	alertDecodeError         = 50
	alertProtocolVersion     = 70
	alertInternalError       = 80
	alertCertificateRequired = 116
)

// opensslAlerts are what OpenSSL makes of the results of its verification
// (ssl_x509err2alert).
var opensslAlerts = map[fault]uint8{
	untrusted: alertUnknownCA, tooDeep: alertUnknownCA, unlisted: alertUnknownCA,
	wrongUsage: alertUnsupported, revoked: alertRevoked, expired: alertExpired, staleList: alertExpired,
}

// strict is OpenSSL at Debian's security level 2.
var strict = examination{rootsOnly: true, usage: true, minRSA: 2048, noSHA1: true, needsLists: true}

func with(e examination, change func(*examination)) examination {
	change(&e)
	return e
}

// openssl is a server by OpenSSL.
func openssl(change func(*manners)) *manners {
	m := &manners{examination: strict, alerts: opensslAlerts, alert: alertBadCertificate, missing12: alertHandshakeFailure,
		tooNew: alertProtocolVersion, tooOld: alertProtocolVersion, forbidden: plainPage}
	change(m)
	return m
}

// servers are the manners by name.
var servers = map[Name]*manners{
	Nginx: openssl(func(m *manners) {
		m.examination.depth = 1
		m.way, m.http2, m.denies, m.trustsAdvertised = byPage, true, true, true
		m.server, m.forbidden = "nginx", nginxPage
		m.plain = m.answer(400, nginxPlain)
	}),
	Apache: openssl(func(m *manners) {
		m.examination.depth = NoIntermediates
		m.alerts = map[fault]uint8{untrusted: alertUnknownCA, tooDeep: alertInternalError, unlisted: alertUnknownCA,
			wrongUsage: alertUnsupported, revoked: alertRevoked, expired: alertExpired, staleList: alertExpired}
		m.http2, m.denies, m.asksAnew, m.anyProtocol = true, true, true, true
		m.server, m.forbidden = "Apache", apachePage
		m.plain = m.answer(400, apachePlain)
	}),
	HAProxy: openssl(func(m *manners) {
		m.http2, m.denies, m.trustsAdvertised, m.anyProtocol = true, true, true, true
		m.forbidden = haproxyPage
	}),
	OpenSSL: openssl(func(m *manners) { m.examination.firstList, m.noPath = true, true }),
	Stunnel: openssl(func(m *manners) { m.noPath, m.noProtocols, m.resets = true, true, true }),
	Node: openssl(func(m *manners) {
		m.examination = with(strict, func(e *examination) { e.minRSA, e.firstList = 1024, true })
		m.way, m.http2, m.tells, m.denies = bySilence, true, true, true
	}),
	Java: {
		examination: examination{usage: true, needsLists: true}, way: bySilence,
		noProtocols: true, denies: true, forbidden: plainPage,
	},
	GnuTLS: {
		examination: examination{noSHA1: true}, alert: alertAccessDenied, missing12: alertDecodeError,
		noPath: true, noProtocols: true, tooNew: alertHandshakeFailure, tooOld: alertProtocolVersion, plain: gnutlsPlain,
		forbidden: plainPage,
	},
	Go: {
		examination: examination{byGo: true},
		alerts:      map[fault]uint8{untrusted: alertUnknownCA, expired: alertExpired}, alert: alertBadCertificate,
		missing12: alertHandshakeFailure, http2: true,
		tooNew: alertProtocolVersion, tooOld: alertProtocolVersion, native: true, forbidden: plainPage,
	},
}
