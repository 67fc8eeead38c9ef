package handshakes_test

import (
	"context"
	"crypto"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/corpus"
	"github.com/mtlshttp/mtlshttp/internal/testca"
)

func TestConformance(t *testing.T) { t.Run("badssl", conformBadSSL) }

const badDomain = "badssl.test"

// badVerdict is what should come of a row; the zero value: it works.
type badVerdict struct {
	kind  mtlshttp.Kind
	cause string
}

// badServer is a server block of the corpus, rebuilt.
type badServer struct {
	host     string
	includes []string // what it takes from elsewhere, without path and ending
}

// badSSL rebuilds what the corpus only names: the certificates and the TLS
// settings that its server blocks include.
type badSSL struct {
	t                     *testing.T
	folder                string        // of the corpus; "": it is not at hand
	root, sub, other, old *testca.CA    // old has signed with SHA-1
	key                   crypto.Signer // RSA, since some suites need it; of all leaves whose key does not matter
	settings              map[string]badSetting
}

// badSetting is one include: how it changes a server, and what comes of it.
type badSetting struct {
	want  badVerdict
	serve func(host string, c *tls.Config)
}

func newBadSSL(t *testing.T) *badSSL {
	b := &badSSL{t: t}
	var err error
	b.key, err = testca.NewKey(testca.RSA2048)
	require.NoError(t, err)
	ca := func(parent *testca.CA, o testca.Options) *testca.CA {
		made, err := testca.New(o)
		if parent != nil {
			made, err = parent.Intermediate(o)
		}
		require.NoError(t, err)
		return made
	}
	b.root = ca(nil, testca.Options{CommonName: "BadSSL Root", Key: testca.RSA2048})
	b.sub = ca(b.root, testca.Options{CommonName: "BadSSL Intermediate", Key: testca.RSA2048})
	b.other = ca(ca(nil, testca.Options{CommonName: "BadSSL Untrusted Root"}), testca.Options{})
	b.old = ca(b.root, testca.Options{CommonName: "BadSSL Old Intermediate", Signature: testca.SignatureSHA1})
	serverCert := func(cause string) badVerdict { return badVerdict{mtlshttp.KindTLSServerCert, cause} }
	handshake := func(cause string) badVerdict { return badVerdict{mtlshttp.KindTLSHandshake, cause} }
	valid := b.with(b.sub, testca.Leaf{})
	suites := func(ids ...uint16) func(string, *tls.Config) {
		return func(_ string, c *tls.Config) { c.MaxVersion, c.CipherSuites = tls.VersionTLS12, ids }
	}
	version := func(v uint16) func(string, *tls.Config) {
		return func(_ string, c *tls.Config) { c.MinVersion, c.MaxVersion = v, v }
	}
	asks := func(_ string, c *tls.Config) {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, b.root.Pool()
	}
	dated := func(signature testca.Signature, key testca.KeyType) func(string, *tls.Config) {
		return b.with(b.sub, testca.Leaf{Signature: signature, Key: key})
	}
	b.settings = map[string]badSetting{
		"tls-defaults": {}, "tls-mozilla-intermediate": {}, "tls-mozilla-old": {},
		"wildcard-normal": {serve: valid}, "wildcard-rsa2048": {serve: dated("", testca.RSA2048)}, "wildcard-rsa3072": {serve: dated("", testca.RSA3072)},
		"wildcard-rsa4096": {serve: dated("", testca.RSA4096)}, "wildcard-ecc256": {serve: valid}, "wildcard-ecc384": {serve: dated("", testca.ECDSAP384)},
		"wildcard-sha384":         {serve: b.with(ca(b.root, testca.Options{Key: testca.ECDSAP384}), testca.Leaf{})},
		"wildcard-sha512":         {serve: b.with(ca(b.root, testca.Options{Key: testca.ECDSAP521}), testca.Leaf{})},
		"wildcard-rsa1024":        {serve: dated("", testca.RSA1024)}, // crypto/x509 takes it
		"wildcard-expired":        {serverCert("server-cert-expired"), b.with(b.sub, testca.Leaf{NotAfter: time.Now().Add(yesterday)})},
		"wildcard-self-signed":    {serverCert("server-cert-self-signed"), b.selfSigned},
		"wildcard-untrusted-root": {serverCert("server-cert-untrusted"), b.with(b.other, testca.Leaf{})},
		"wildcard-incomplete-chain": {serverCert("server-intermediate-missing"), func(host string, c *tls.Config) {
			valid(host, c)
			c.Certificates[0].Certificate = c.Certificates[0].Certificate[:1]
		}},
		"wildcard-sha1-2016":         {serverCert("server-cert-weak"), dated(testca.SignatureSHA1, "")},
		"wildcard-sha1-2017":         {serverCert("server-cert-weak"), dated(testca.SignatureSHA1, "")},
		"wildcard-sha1-intermediate": {serverCert("server-cert-weak"), b.with(b.old, testca.Leaf{})},
		"wildcard-md5": {serverCert("server-cert-weak"), func(host string, c *tls.Config) {
			dated(testca.SignatureSHA1, "")(host, c)
			c.Certificates[0].Certificate[0] = b.signedWithMD5(c.Certificates[0].Certificate[0])
		}},
		"subdomain-revoked":        {serverCert("server-cert-revoked"), valid},
		"subdomain-no-san":         {serverCert("server-name-mismatch"), b.with(b.sub, testca.Leaf{Template: func(c *x509.Certificate) { c.DNSNames = nil }})},
		"subdomain-no-subject":     {serve: b.with(b.sub, testca.Leaf{Template: func(c *x509.Certificate) { c.Subject.CommonName = "" }})},
		"subdomain-no-common-name": {serve: b.with(b.sub, testca.Leaf{Template: func(c *x509.Certificate) { c.Subject.CommonName, c.Subject.Organization = "", []string{"BadSSL"} }})},
		"subdomain-1000-sans":      {serve: b.manyNames("subdomain-1000-sans.conf", 1_000)},
		"subdomain-10000-sans":     {serve: b.manyNames("subdomain-10000-sans.conf", 10_000)},
		"subdomain-reversed-chain": {serve: func(host string, c *tls.Config) {
			valid(host, c)
			c.Certificates[0].Certificate = [][]byte{c.Certificates[0].Certificate[0], b.root.Certificate.Raw, b.sub.Certificate.Raw}
		}},
		"tls-cbc":            {serve: suites(tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA)},
		"tls-mozilla-modern": {serve: suites(tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256)},
		"tls-3des":           {handshake("no-common-cipher"), suites(tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA)},
		"tls-rc4":            {handshake("no-common-cipher"), suites(tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA, tls.TLS_RSA_WITH_RC4_128_SHA)},
		"tls-static-rsa":     {handshake("no-common-cipher"), suites(tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_128_CBC_SHA)},
		"tls-v1-0":           {handshake("protocol-version"), version(tls.VersionTLS10)},
		"tls-v1-1":           {handshake("protocol-version"), version(tls.VersionTLS11)},
		"tls-v1-2":           {serve: version(tls.VersionTLS12)},
		"ssl-v3":             {want: handshake("protocol-version")}, // an answer of old: see oldAnswers
		"ssl-v2":             {want: handshake("closed-in-handshake")},
		// Both demand a certificate; who has one is let in by the first.
		"client-normal":       {badVerdict{mtlshttp.KindTLSClientCert, "client-cert-missing"}, asks},
		"client-cert-missing": {badVerdict{mtlshttp.KindTLSClientCert, "client-cert-missing"}, asks},
	}
	for _, fine := range []string{"extended-validation", "invalid-expected-sct", "no-sct", "preloaded-expect-ct", "xn--n1aae7f7o"} {
		b.settings["subdomain-"+fine] = badSetting{serve: valid}
	}
	for _, foreign := range []string{"blocked-interception", "known-interception", "captive-portal", "dsdtestprovider", "edellroot",
		"mitm-software", "preact-cli", "superfish", "webpack-dev-server"} { // their roots are on some machines, not here
		b.settings["subdomain-"+foreign] = badSetting{serverCert("server-cert-untrusted"), b.with(b.other, testca.Leaf{})}
	}
	return b
}

// oldAnswers are what servers say that speak what crypto/tls does not: the
// first bytes after a client's hello. An SSL 3.0 server answers with a hello of
// its own version; one without a common suite, by alert 40.
var oldAnswers = map[string][]byte{
	"ssl-v3":   {22, 3, 0, 0, 12, 2, 0, 0, 8, 3, 0, 1, 2, 3, 4, 5, 6},
	"ssl-v2":   {},
	"tls-null": badAlert, "tls-rc4-md5": badAlert,
	"tls-dh480": badAlert, "tls-dh512": badAlert, "tls-dh1024": badAlert, "tls-dh2048": badAlert,
	"tls-dh-composite": badAlert, "tls-dh-small-subgroup": badAlert,
}

var badAlert = []byte{21, 3, 3, 0, 2, 2, 40}

func (b *badSSL) with(issuer *testca.CA, l testca.Leaf) func(string, *tls.Config) {
	return func(host string, c *tls.Config) {
		leaf := l
		leaf.CommonName = host
		leaf.DNSNames = []string{badDomain, "*." + badDomain}
		if leaf.Key == "" && leaf.Signer == nil {
			leaf.Signer = b.key
		}
		pair, err := issuer.Issue(leaf)
		require.NoError(b.t, err)
		c.Certificates = []tls.Certificate{pair.TLS()}
	}
}

func (b *badSSL) selfSigned(host string, c *tls.Config) {
	pair, err := testca.SelfSigned(testca.Leaf{CommonName: host, DNSNames: []string{"*." + badDomain}}, nil)
	require.NoError(b.t, err)
	c.Certificates = []tls.Certificate{pair.TLS()}
}

// manyNames takes the names from the corpus's request for the certificate, or
// makes as many.
func (b *badSSL) manyNames(file string, count int) func(string, *tls.Config) {
	return func(host string, c *tls.Config) {
		if b.folder == "" {
			b.with(b.sub, testca.Leaf{Template: func(c *x509.Certificate) {
				for i := range count {
					c.DNSNames = append(c.DNSNames, fmt.Sprintf("name%d.%s", i, badDomain))
				}
			}})(host, c)
			return
		}
		text, err := os.ReadFile(filepath.Join(b.folder, "certs", "src", "conf", file))
		require.NoError(b.t, err)
		var names []string
		for _, m := range regexp.MustCompile(`DNS\.\d+ = (\S+)`).FindAllStringSubmatch(string(text), -1) {
			names = append(names, strings.ReplaceAll(m[1], "__DOMAIN__", badDomain))
		}
		b.with(b.sub, testca.Leaf{Template: func(c *x509.Certificate) { c.DNSNames = names }})(host, c)
	}
}

// signedWithMD5 signs a certificate of SHA-1 anew: the two algorithms' names
// differ in one byte.
func (b *badSSL) signedWithMD5(der []byte) []byte {
	var c struct {
		TBS, Algorithm asn1.RawValue
		Signature      asn1.BitString
	}
	sha1WithRSA, md5WithRSA := "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"
	_, err := asn1.Unmarshal([]byte(strings.ReplaceAll(string(der), sha1WithRSA, md5WithRSA)), &c)
	require.NoError(b.t, err)
	sum := md5.Sum(c.TBS.FullBytes)
	c.Signature.Bytes, err = rsa.SignPKCS1v15(rand.Reader, b.sub.Key.(*rsa.PrivateKey), crypto.MD5, sum[:])
	require.NoError(b.t, err)
	der, err = asn1.Marshal(c)
	require.NoError(b.t, err)
	return der
}

var (
	badBlock   = regexp.MustCompile(`(?s)server \{(.*?)\n\}`)
	badListen  = regexp.MustCompile(`listen (\d+)`)
	badName    = regexp.MustCompile(`server_name ([^;]+);`)
	badInclude = regexp.MustCompile(`nginx-includes/([a-z0-9-]+)\.conf`)
)

// servers reads the blocks of the corpus that speak TLS.
func (b *badSSL) servers() []badServer {
	var list []badServer
	for _, folder := range []string{"domains", "domains-local-only"} {
		err := filepath.WalkDir(filepath.Join(b.folder, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			for _, block := range badBlock.FindAllString(string(text), -1) {
				if listen := badListen.FindStringSubmatch(block); listen == nil || listen[1] == "80" {
					continue
				}
				s := badServer{host: strings.ReplaceAll(badName.FindStringSubmatch(block)[1], "{{ site.domain }}", badDomain)}
				for _, m := range badInclude.FindAllStringSubmatch(block, -1) {
					s.includes = append(s.includes, m[1])
				}
				list = append(list, s)
			}
			return err
		})
		require.NoError(b.t, err)
	}
	return list
}

// conformBadSSL is TestBadSSLTable over the whole corpus: each server block is rebuilt on loopback
// and called by its name. What is bad fails, with its kind and its cause; what
// is not, works.
func conformBadSSL(t *testing.T) {
	folder := corpus.Folder(t, "badssl", "")
	b := newBadSSL(t)
	b.folder = folder
	list, err := b.sub.RevocationList()
	require.NoError(t, err)
	passed, total := 0, 0
	var failing []string
	for _, s := range b.servers() {
		want, config, old := badVerdict{}, &tls.Config{MinVersion: tls.VersionTLS10}, []byte(nil)
		var unknown string
		for _, name := range s.includes {
			setting, ok := b.settings[name]
			answer, isOld := oldAnswers[name]
			switch {
			case isOld && !ok:
				setting.want = badVerdict{mtlshttp.KindTLSHandshake, "no-common-cipher"}
			case !ok:
				unknown = name
			}
			if isOld {
				old = answer
			}
			if setting.serve != nil {
				setting.serve(s.host, config)
			}
			if setting.want != (badVerdict{}) {
				want = setting.want
			}
		}
		if label, ok := strings.CutSuffix(s.host, "."+badDomain); ok && strings.Contains(label, ".") { // no wildcard goes that deep
			want = badVerdict{mtlshttp.KindTLSServerCert, "server-name-mismatch"}
		}
		if unknown == "wildcard-rsa512" || unknown == "wildcard-rsa8192" {
			continue // see TestBadSSLByOpenSSL
		}
		require.Empty(t, unknown, "%s includes what is not rebuilt", s.host)
		revoked := list
		if want.cause == "server-cert-revoked" {
			revoked, err = b.sub.RevocationList(config.Certificates[0].Leaf)
			require.NoError(t, err)
		}
		total++
		if got := b.call(s.host, config, old, revoked); got == want {
			passed++
		} else {
			failing = append(failing, s.host+" ("+strings.Join(s.includes, " ")+"): "+string(got.kind)+" "+got.cause)
		}
	}
	corpus.Report(t, "badssl", passed, total, failing)
	assert.Empty(t, failing)
	assert.Greater(t, total, 80)
}

// call serves one block and asks it for a page.
func (b *badSSL) call(host string, config *tls.Config, old, revoked []byte) badVerdict {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b.t, err)
	if old != nil {
		defer answerWith(listener, old)()
	} else {
		srv := &http.Server{ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute,
			Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
		served := make(chan error)
		go func() { served <- srv.Serve(tls.NewListener(listener, config)) }()
		defer func() { _ = srv.Close(); <-served }()
	}
	e := &mtlshttp.Executor{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, listener.Addr().String())
	}}
	defer e.Close()
	_, err = e.Do(b.t.Context(), &mtlshttp.Request{URL: "https://" + host + "/", Timeout: 10 * time.Second,
		Roots: mtlshttp.Roots{Certificates: []*x509.Certificate{b.root.Certificate}, Only: true, CRLs: [][]byte{revoked}}})
	if err == nil {
		return badVerdict{}
	}
	failure := failureOf(b.t, err)
	got := badVerdict{kind: failure.Kind}
	if failure.Diagnosis != nil {
		got.cause = failure.Diagnosis.Cause
	}
	return got
}

// answerWith answers one client's hello with fixed bytes and closes.
func answerWith(listener net.Listener, answer []byte) (stop func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = conn.Read(make([]byte, 16<<10))
		_, _ = conn.Write(answer)
	}()
	return func() { _ = listener.Close(); <-done }
}
