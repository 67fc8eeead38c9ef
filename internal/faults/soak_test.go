package faults_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/slack"
	"github.com/mtlshttp/mtlshttp/internal/testca"
)

// soakEnv says how long the soak lasts: one minute in CI, ten before a release.
const soakEnv = "MTLSHTTP_SOAK"

const (
	soakRate     = 200 // requests a second, of a machine that can
	soakInFlight = 100
	soakFaults   = 20 // one of so many goes wrong
	soakRotation = 2 * time.Second
)

// soakTenants are the names under which requests are sent; the last has no
// certificate.
var soakTenants = []string{"alice", "bob", "carol", ""}

// soakFault is what goes wrong with a request.
type soakFault int

const (
	soakNothing soakFault = iota
	soakNoAnswer
	soakHalfABody
	soakStall
	soakUnavailable
	soakBadCoding
	soakCancelled
	soakFaultKinds
)

// kinds are those that the fault may be told as; none: it is an answer.
func (f soakFault) kinds() []mtlshttp.Kind {
	switch f {
	case soakNoAnswer:
		return []mtlshttp.Kind{mtlshttp.KindProtocol, mtlshttp.KindTLSClientCert, mtlshttp.KindWrite}
	case soakHalfABody: // over HTTP/2 the end may come before we have looked at the beginning
		return []mtlshttp.Kind{mtlshttp.KindTruncated, mtlshttp.KindProtocol}
	case soakStall:
		return []mtlshttp.Kind{mtlshttp.KindTimeout}
	case soakBadCoding:
		return []mtlshttp.Kind{mtlshttp.KindContentDecode}
	case soakCancelled:
		return []mtlshttp.Kind{mtlshttp.KindCanceled}
	}
	return nil
}

// soakBody is the answer to one request and no other.
func soakBody(number int64, caller string) []byte {
	random := rand.New(rand.NewPCG(8, uint64(number)))
	body := make([]byte, random.IntN(16<<10))
	for i := range body {
		body[i] = byte(random.Uint32())
	}
	return append(body, fmt.Sprintf("%d for %q", number, caller)...)
}

func serveSoak(t *testing.T) (url string, ca *testca.CA) {
	ca, err := testca.New(testca.Options{})
	require.NoError(t, err)
	pair, err := ca.Issue(testca.Leaf{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	require.NoError(t, err)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(answerSoak))
	srv.EnableHTTP2 = true
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{pair.TLS()}, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: ca.Pool()}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.URL, ca
}

func answerSoak(w http.ResponseWriter, r *http.Request) {
	caller, seen := "", ""
	if certs := r.TLS.PeerCertificates; len(certs) > 0 {
		sum := sha256.Sum256(certs[0].Raw)
		caller, seen = certs[0].Subject.CommonName, hex.EncodeToString(sum[:])
	}
	number, _ := strconv.ParseInt(r.URL.Query().Get("n"), 10, 64)
	fault, _ := strconv.Atoi(r.URL.Query().Get("fault"))
	sent, err := io.ReadAll(r.Body)
	if err != nil || r.Method == http.MethodPost && !bytes.Equal(sent, soakBody(-number, "")) {
		http.Error(w, "not the body that was sent", http.StatusBadRequest)
		return
	}
	body := soakBody(number, caller)
	w.Header().Set("X-Seen", seen)
	switch soakFault(fault) {
	case soakNoAnswer:
		panic(http.ErrAbortHandler)
	case soakHalfABody:
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case soakStall, soakCancelled:
		<-r.Context().Done()
	case soakUnavailable:
		w.WriteHeader(http.StatusServiceUnavailable)
	case soakBadCoding:
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, "no gzip at all, but announced as that")
	default:
		_, _ = w.Write(body)
	}
}

// soak is a run and what it counts.
type soak struct {
	url     string
	e       *mtlshttp.Executor
	roots   mtlshttp.Roots
	clients map[string]*http.Client

	requests, faults, bodies, identities, unexpected, rotations atomic.Int64

	mu   sync.Mutex
	said []string // the first of what was not expected
}

func (s *soak) wrong(count *atomic.Int64, format string, args ...any) {
	count.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.said) < 10 {
		s.said = append(s.said, fmt.Sprintf(format, args...))
	}
}

func (s *soak) request(number int64, tenant string, fault soakFault) *mtlshttp.Request {
	r := &mtlshttp.Request{URL: fmt.Sprintf("%s/?n=%d&fault=%d", s.url, number, fault), Credentials: tenant, Roots: s.roots,
		Protocol: mtlshttp.Protocol{HTTP: 1 + int(number%2)}, Compressed: true, Timeout: time.Minute}
	if number%3 == 0 {
		r.Method, r.Body = http.MethodPost, mtlshttp.Raw("application/octet-stream", soakBody(-number, ""))
	}
	return r
}

// send sends one request, by Do or by a client that was handed out at the
// beginning, and compares all that came of it.
func (s *soak) send(ctx context.Context, number int64) {
	tenant, fault := soakTenants[number%int64(len(soakTenants))], soakNothing
	if random := rand.New(rand.NewPCG(9, uint64(number))); random.IntN(soakFaults) == 0 {
		fault = 1 + soakFault(random.IntN(int(soakFaultKinds-1)))
		s.faults.Add(1)
	}
	switch fault {
	case soakStall:
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 200*time.Millisecond)
		defer cancel()
	case soakCancelled:
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer time.AfterFunc(200*time.Millisecond, cancel).Stop()
		defer cancel()
	}
	s.requests.Add(1)
	if number%10 == 7 && fault == soakNothing {
		s.sendByClient(ctx, number, tenant)
		return
	}
	resp, err := s.e.Do(ctx, s.request(number, tenant, fault))
	switch kinds := fault.kinds(); {
	case kinds != nil:
		if !slices.ContainsFunc(kinds, func(k mtlshttp.Kind) bool { return err != nil && asKind(err) == k }) {
			s.wrong(&s.unexpected, "fault %d: %v", fault, err)
		}
	case err != nil:
		s.wrong(&s.unexpected, "no fault: %v", err)
	case fault == soakUnavailable:
		if resp.StatusCode != http.StatusServiceUnavailable {
			s.wrong(&s.unexpected, "status %d for 503", resp.StatusCode)
		}
	default:
		s.compare(number, tenant, resp.StatusCode, resp.Bytes(), resp.Header("X-Seen"), resp.Receipt)
	}
}

func (s *soak) sendByClient(ctx context.Context, number int64, tenant string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/?n=%d", s.url, number), nil)
	if err != nil {
		s.wrong(&s.unexpected, "%v", err)
		return
	}
	resp, err := s.clients[tenant].Do(req)
	if err != nil {
		s.wrong(&s.unexpected, "by a client: %v", err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.wrong(&s.unexpected, "by a client: %v", err)
		return
	}
	s.compare(number, tenant, resp.StatusCode, body, resp.Header.Get("X-Seen"), mtlshttp.ReceiptOf(resp))
}

func (s *soak) compare(number int64, tenant string, status int, body []byte, seen string, receipt *mtlshttp.Receipt) {
	presented := ""
	if receipt != nil && receipt.ClientCertificate.Presented != nil {
		presented = receipt.ClientCertificate.Presented.SHA256
	}
	if presented != seen || (tenant == "") != (seen == "") {
		s.wrong(&s.identities, "request %d of %q: the server saw %q, the receipt says %q", number, tenant, seen, presented)
	}
	if status != http.StatusOK || !bytes.Equal(body, soakBody(number, tenant)) {
		s.wrong(&s.bodies, "request %d of %q: status %d, %d bytes", number, tenant, status, len(body))
	}
}

func asKind(err error) mtlshttp.Kind {
	var e *mtlshttp.Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Kind
}

// usage is what a process has at one time.
type usage struct {
	heap                    uint64
	goroutines, descriptors int
}

// median of what was measured in one part of the run.
func median(all []usage) usage {
	pick := func(of func(usage) uint64) uint64 {
		var values []uint64
		for _, u := range all {
			values = append(values, of(u))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return usage{pick(func(u usage) uint64 { return u.heap }), int(pick(func(u usage) uint64 { return uint64(u.goroutines) })),
		int(pick(func(u usage) uint64 { return uint64(u.descriptors) }))}
}

// SUP-08: many requests a second of several tenants whose certificates are
// rotated, over HTTP/1.1 and 2, with faults among them: no body and no identity is
// ever another's, every fault is told as what it is, and nothing grows.
func TestSoak(t *testing.T) {
	duration := slack.For(4 * time.Second)
	if text := os.Getenv(soakEnv); text != "" {
		var err error
		duration, err = time.ParseDuration(text)
		require.NoError(t, err, soakEnv)
	}
	nothingLeft(t)
	url, ca := serveSoak(t)
	k := new(mtlshttp.Keychain)
	rotate := func(name string) {
		pair, err := ca.Issue(testca.Leaf{CommonName: name, Usages: testca.ClientAuth})
		require.NoError(t, err)
		c, err := mtlshttp.NewCredential(pair.Key, pair.Certificate)
		require.NoError(t, err)
		k.Add(name, c)
	}
	s := &soak{url: url, e: newExecutor(t), roots: mtlshttp.Roots{Certificates: []*x509.Certificate{ca.Certificate}, Only: true},
		clients: map[string]*http.Client{}}
	s.e.Credentials = k
	for _, name := range soakTenants {
		if name != "" {
			rotate(name)
		}
		client, err := s.e.Client(t.Context(), &mtlshttp.Request{URL: url, Credentials: name, Roots: s.roots})
		require.NoError(t, err)
		s.clients[name] = client
	}

	const samples = 40
	var measured []usage
	var running sync.WaitGroup
	begun := time.Now()
	pace, rotation := time.NewTicker(time.Second/soakRate), time.NewTicker(min(soakRotation, duration/10))
	defer pace.Stop()
	defer rotation.Stop()
	inFlight := make(chan struct{}, soakInFlight)
	for number := int64(0); time.Since(begun) < duration || len(measured) < 8; {
		select {
		case <-pace.C:
			for due := int64(time.Since(begun) * soakRate / time.Second); number < due && len(inFlight) < cap(inFlight); number++ {
				this := number
				inFlight <- struct{}{}
				running.Go(func() {
					s.send(t.Context(), this)
					<-inFlight
				})
			}
		case <-rotation.C:
			rotate(soakTenants[s.rotations.Add(1)%int64(len(soakTenants)-1)])
		}
		if time.Since(begun) > time.Duration(len(measured)+1)*duration/samples {
			measured = append(measured, usage{heapInUse(), runtime.NumGoroutine(), descriptors(t)})
		}
	}
	running.Wait()
	took := time.Since(begun)

	parts := len(measured) / 4
	require.Positive(t, parts)
	early, late := median(measured[parts:2*parts]), median(measured[3*parts:])
	fmt.Printf("soak: %v, %d requests, %.0f a second, %d faults, %d rotations: %d wrong bodies, %d wrong identities, %d unexpected; "+
		"heap %d KiB, later %d KiB; goroutines %d, later %d; descriptors %d, later %d\n",
		duration, s.requests.Load(), float64(s.requests.Load())/took.Seconds(), s.faults.Load(), s.rotations.Load(),
		s.bodies.Load(), s.identities.Load(), s.unexpected.Load(),
		early.heap>>10, late.heap>>10, early.goroutines, late.goroutines, early.descriptors, late.descriptors)
	for _, line := range s.said {
		t.Log(line)
	}
	assert.Zero(t, s.bodies.Load(), "wrong bodies")
	assert.Zero(t, s.identities.Load(), "wrong identities")
	assert.Zero(t, s.unexpected.Load(), "errors that are not the fault's")
	assert.Positive(t, s.faults.Load())
	if duration >= time.Minute*5 { // connections of old certificates are kept for 90 s
		assert.Less(t, int64(late.heap)-int64(early.heap), int64(1<<20))
		assert.LessOrEqual(t, late.goroutines, early.goroutines+early.goroutines/10+10)
		assert.LessOrEqual(t, late.descriptors, early.descriptors+early.descriptors/10+10)
	}
}
