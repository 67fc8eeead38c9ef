package handshakes_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/realserver"
)

// setup is a server to be started and the protocols by which it is called.
type setup struct {
	kind     realserver.Kind
	config   realserver.Config
	trouble  string // the cause that its certificate is made for
	protocol mtlshttp.Protocol
}

func (s setup) String() string {
	version := strings.ReplaceAll(tls.VersionName(s.config.MaxVersion), " ", "")
	name := fmt.Sprintf("%s/%s,HTTP%d", s.kind, version, s.protocol.HTTP)
	for _, detail := range []struct {
		set  bool
		name string
	}{{s.config.Demand != "", string(s.config.Demand)}, {s.config.CRL != nil, "crl"}, {s.config.AdvertisedCAs != nil, "list apart"},
		{s.config.Depth != 0, fmt.Sprintf("depth %d", s.config.Depth)}, {s.trouble != "", s.trouble},
		{s.config.Alert != 0, fmt.Sprintf("alert %d", s.config.Alert)}, {s.config.MinVersion != s.config.MaxVersion, "both versions"}} {
		if detail.set {
			name += "," + detail.name
		}
	}
	return name
}

// truth are the causes of which one is right, by what the server was set up to
// do and what the client comes with; none: the row should succeed.
func (s setup) truth(c situation) []string {
	switch d := s.config.Demand; {
	case s.trouble != "":
		return strings.Split(s.trouble, "+")
	case d == realserver.DemandNone:
		return nil
	case d == realserver.DemandPerPath && s.kind == realserver.Apache:
		if s.config.MaxVersion == tls.VersionTLS13 && s.protocol.HTTP == 1 {
			return []string{"post-handshake-auth-required"}
		}
		return []string{"renegotiation-required", "post-handshake-auth-required"}
	case d == realserver.DemandOptional && c.credential == nil,
		c.revoked && s.config.CRL == nil:
		return nil
	case c.deep && s.config.CRL == nil && (s.config.Depth > 0 || s.config.Depth == 0 && s.kind != realserver.Apache):
		return nil // Apache alone takes no intermediate unless told so
	}
	return c.truth
}

// mayPass says whether a row with something wrong may succeed all the same.
func (s setup) mayPass(c situation) bool {
	return c.lenient || c.withheld && s.config.Demand == realserver.DemandOptional || c.deep ||
		s.kind == realserver.Node && s.config.Demand == realserver.DemandOptional
}

// row is one exchange and what became of it.
type row struct {
	name      string
	truth     []string
	mayPass   bool
	status    int
	err       *mtlshttp.Error
	diagnosis *mtlshttp.Diagnosis
}

func (r row) failed() bool { return r.err != nil || r.status >= 400 }

func (r row) sure() bool {
	return r.diagnosis != nil && (r.diagnosis.Confidence == "certain" || r.diagnosis.Confidence == "high")
}

// alerted says whether the peer gave a reason.
func (r row) alerted() bool { return strings.Contains(r.diagnosis.Seen, "the peer sent alert") }

func (r row) right() bool { return r.diagnosis != nil && slices.Contains(r.truth, r.diagnosis.Cause) }

func (r row) String() string {
	got := "no diagnosis"
	if d := r.diagnosis; d != nil {
		got = fmt.Sprintf("%s (%s): %s", d.Cause, d.Confidence, d.Seen)
	}
	kind := fmt.Sprint(r.status)
	if r.err != nil {
		kind = string(r.err.Kind) + "(" + r.err.Reason + ") " + fmt.Sprint(r.err.Err)
	}
	return fmt.Sprintf("%s: want %v, got %s [%s]", r.name, r.truth, got, kind)
}

// ask makes one exchange by an executor of its own.
func ask(ctx context.Context, name string, r *mtlshttp.Request, truth []string, mayPass bool) row {
	out := row{name: name, truth: truth, mayPass: mayPass}
	resp, err := mtlshttp.Do(ctx, r)
	if resp != nil {
		out.status, out.diagnosis = resp.StatusCode, resp.Diagnosis
	}
	if errors.As(err, &out.err) {
		out.diagnosis = out.err.Diagnosis
	}
	return out
}

// ledger collects rows of servers that run side by side.
type ledger struct {
	mu   sync.Mutex
	rows []row
}

func (c *ledger) add(r row) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rows = append(c.rows, r)
}

// judge prints the figures and holds them to what is promised.
func (c *ledger) judge(t *testing.T, title string) {
	failing, sure := c.judgeCauses(t, title)
	assert.GreaterOrEqual(t, float64(sure), 0.75*float64(failing), "at high confidence")
}

// judgeCauses is judge for rows of which many have nothing to be sure about.
func (c *ledger) judgeCauses(t *testing.T, title string) (failing, sure int) {
	healthy, right, wrong := 0, 0, 0
	for _, r := range c.rows {
		if !r.failed() {
			healthy++
			assert.Nil(t, r.diagnosis, "a healthy row has a diagnosis: %v", r)
			assert.True(t, len(r.truth) == 0 || r.mayPass, "a row should have failed: %v", r)
			continue
		}
		assert.NotEmpty(t, r.truth, "a row should have succeeded: %v", r)
		if r.sure() {
			sure++
		}
		switch {
		case r.right():
			right++
			assertKindAgrees(t, r)
		case r.sure():
			wrong++
			t.Log("wrong: ", r)
		default:
			t.Log("missed: ", r)
		}
	}
	failing = len(c.rows) - healthy
	fmt.Printf("%s: %d of %d, %d wrong; %d at high confidence or above; %d healthy\n", title, right, failing, wrong, sure, healthy)
	assert.Zero(t, wrong, "wrong causes at high confidence")
	assert.GreaterOrEqual(t, float64(right), 0.95*float64(failing), "right causes")
	return failing, sure
}

// assertKindAgrees holds an error's kind to the group of its cause.
func assertKindAgrees(t *testing.T, r row) {
	t.Helper()
	if r.err == nil {
		return
	}
	cause, kind := r.diagnosis.Cause, r.err.Kind
	switch {
	case strings.HasPrefix(cause, "server-"):
		assert.Equal(t, mtlshttp.KindTLSServerCert, kind, "%v", r)
	case cause == "client-cert-not-requested":
	case strings.HasPrefix(cause, "client-"):
		assert.Equal(t, mtlshttp.KindTLSClientCert, kind, "%v", r)
	case cause == "timeout-in-handshake":
		assert.Equal(t, mtlshttp.KindTimeout, kind, "%v", r)
	}
}

// protocols are the versions of TLS and HTTP that every server is called by.
func protocols() []mtlshttp.Protocol {
	var list []mtlshttp.Protocol
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, http := range []int{1, 2} {
			list = append(list, mtlshttp.Protocol{MinTLS: version, MaxTLS: version, HTTP: http})
		}
	}
	return list
}

// setups are all servers of the suite, of these kinds.
func (b *bench) setups(kinds []realserver.Kind) []setup {
	var list []setup
	for _, kind := range kinds {
		for _, p := range protocols() {
			add := func(trouble string, demand realserver.Demand, change func(*realserver.Config)) {
				c := b.server(trouble, demand)
				c.MinVersion, c.MaxVersion, c.HTTP2 = p.MinTLS, p.MaxTLS, p.HTTP == 2
				if change != nil {
					change(&c)
				}
				if kind.Check(c) == nil {
					list = append(list, setup{kind, c, trouble, p})
				}
			}
			add("", realserver.DemandNone, nil)
			add("", realserver.DemandRequire, nil)
			add("", realserver.DemandOptional, nil)
			add("", realserver.DemandPerPath, nil)
			add("", realserver.DemandRequire, func(c *realserver.Config) { c.CRL = b.crls })
			add("", realserver.DemandRequire, func(c *realserver.Config) { c.AdvertisedCAs = b.advertised })
			add("", realserver.DemandRequire, func(c *realserver.Config) { c.Depth = 3 })
			add("", realserver.DemandRequire, func(c *realserver.Config) { c.Depth = realserver.NoIntermediates })
			for trouble := range b.servers {
				if trouble != "" && !strings.Contains(trouble, "+") && p.HTTP == 1 {
					add(trouble, realserver.DemandRequire, nil)
				}
			}
		}
	}
	return list
}

// run starts a server and calls it in every situation.
func (b *bench) run(t *testing.T, s setup, into *ledger) {
	srv := realserver.Start(t, s.kind, s.config)
	path := "/"
	if s.config.Demand == realserver.DemandPerPath {
		path = realserver.ProtectedPath
	}
	for i, c := range b.situations {
		if s.trouble != "" && i > 1 || c.revoked && s.config.CRL == nil {
			continue // who calls makes no difference
		}
		r := &mtlshttp.Request{URL: srv.URL + path, Identity: c.credential, Roots: b.roots(), Protocol: s.protocol, Timeout: 10 * time.Second}
		into.add(ask(t.Context(), s.String()+": "+c.name, r, s.truth(c), s.mayPass(c)))
	}
	b.misaddressed(t, s, srv, into)
}

// misaddressed calls a server by what it does not speak: plain HTTP, another
// version of TLS, another of HTTP.
func (b *bench) misaddressed(t *testing.T, s setup, srv *realserver.Server, into *ledger) {
	if s.config.Demand != realserver.DemandRequire || s.trouble != "" || s.config.CRL != nil || s.config.Depth != 0 || s.config.AdvertisedCAs != nil {
		return
	}
	valid := b.situations[1].credential
	plain := &mtlshttp.Request{URL: "http://" + srv.Addr + "/", Timeout: 10 * time.Second}
	into.add(ask(t.Context(), s.String()+": http to the TLS port", plain, []string{"tls-on-plain-port"}, false))
	other := s.protocol
	other.MinTLS, other.MaxTLS = tls.VersionTLS12+tls.VersionTLS13-s.protocol.MinTLS, tls.VersionTLS12+tls.VersionTLS13-s.protocol.MaxTLS
	r := &mtlshttp.Request{URL: srv.URL + "/", Identity: valid, Roots: b.roots(), Protocol: other, Timeout: 10 * time.Second}
	into.add(ask(t.Context(), s.String()+": another TLS version", r, []string{"protocol-version"}, false))
	if !s.config.HTTP2 {
		only := s.protocol
		only.HTTP = 2
		r := &mtlshttp.Request{URL: srv.URL + "/", Identity: valid, Roots: b.roots(), Protocol: only, Timeout: 10 * time.Second}
		into.add(ask(t.Context(), s.String()+": HTTP/2 alone", r, []string{"alpn-mismatch"}, false))
	}
}

// TLS-08 and TLS-19: the servers that people run, Go's own, and peers that misbehave, in every
// situation of a client. Without MTLSHTTP_INTEGRATION only what runs inside this
// process is called.
func TestDiagnosis(t *testing.T) {
	kinds := []realserver.Kind{realserver.Go}
	if os.Getenv("MTLSHTTP_INTEGRATION") != "" {
		kinds = realserver.Kinds()
	}
	b, into := newBench(t), new(ledger)
	t.Run("servers", func(t *testing.T) {
		for _, s := range b.setups(kinds) {
			t.Run(s.String(), func(t *testing.T) {
				t.Parallel()
				b.run(t, s, into)
			})
		}
	})
	into.judge(t, "diagnosis of servers")
	servers := len(into.rows)
	t.Run("peers", func(t *testing.T) {
		for i, p := range b.peers() {
			t.Run(fmt.Sprintf("%d: %v", i, p.setup), func(t *testing.T) {
				t.Parallel()
				b.runPeer(t, p, into)
			})
		}
	})
	judgeSilence(t, into.rows[servers:])
	into.judge(t, "diagnosis")
}

// Two faults at once, of the client and of the peer, of two of the client's, of
// two of the server's: any of them is a right cause, and no other is said surely.
func TestDiagnosisOfTwoFaults(t *testing.T) {
	kinds := []realserver.Kind{realserver.Go}
	if os.Getenv("MTLSHTTP_INTEGRATION") != "" {
		kinds = realserver.Kinds()
	}
	b, into := newBench(t), new(ledger)
	t.Run("rows", func(t *testing.T) {
		for i, p := range b.twice() {
			t.Run(fmt.Sprintf("%d: %v", i, p.setup), func(t *testing.T) {
				t.Parallel()
				b.runPeer(t, p, into)
			})
		}
		for _, s := range b.troubledTwice(kinds) {
			t.Run(s.String(), func(t *testing.T) {
				t.Parallel()
				b.runTwice(t, s, into)
			})
		}
	})
	into.judgeCauses(t, "diagnosis of two faults")
}
