package mtlshttp

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/target"
)

const defaultMaxRedirects = 10

// Redirect says which redirects (301, 302, 303, 307, 308) are followed. The
// zero value follows them for every method but POST, PUT, PATCH and DELETE, ten
// at the most.
//
// A 303 turns every method but HEAD into GET; so do 301 and 302 with All, as in
// the module, and without it they keep OPTIONS and the like; 307 and 308 keep
// every method. The body goes where the method is kept. To another origin go no
// client certificate, no Authorization, Cookie or Proxy-Authorization, none of
// Request.Secret and HeaderSecrets and none of the common API-key headers; the
// jar answers anew.
type Redirect struct {
	Off bool // follow none (Fusion: Follow redirect)
	All bool // follow for every method, whatever Off says (Fusion: Follow all redirects)
	Max int  // most hops, to 100; 0: 10; -1: none, the first is an error
	// KeepMethod keeps method and body on 301 and 302 with All too.
	KeepMethod bool
	// NoReferer leaves out the Referer of redirects.
	NoReferer bool
	// AllowDowngrade follows from https to http although the request has a
	// secret: the secret is left behind. A body never goes.
	AllowDowngrade bool
}

func (r Redirect) fault() *Error {
	if r.Max < -1 || r.Max > 100 {
		return fault(KindConfig, "maxRedirects", "redirect", "0 to 100")
	}
	return nil
}

func (r Redirect) max() int {
	if r.Max == 0 {
		return defaultMaxRedirects
	}
	return max(r.Max, 0)
}

// follows says whether a redirect of a method is followed at all.
func (r Redirect) follows(method string) bool {
	if r.All || r.Off {
		return r.All
	}
	switch method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return false
	}
	return true
}

// isRedirect says whether a status is one that is followed.
func isRedirect(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// keeps says whether a redirect that is followed keeps method and body.
func (r Redirect) keeps(status int, method string) bool {
	switch status {
	case 307, 308:
		return true
	case 301, 302:
		return method != http.MethodGet && method != http.MethodHead && (!r.All || r.KeepMethod)
	}
	return false
}

// bodyHeaders go with the body.
var bodyHeaders = []string{"Content-Length", "Content-Type", "Content-Encoding", "Content-Language",
	"Content-Location", "Content-Disposition", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest",
	"Transfer-Encoding", "Expect"}

// The causes of errors of kind redirect.
var (
	errDowngrade   = errors.New("a redirect from https to http would carry a secret or a body in the clear")
	errTooMany     = errors.New("too many redirects")
	errBadLocation = errors.New("the Location cannot be used")
)

// drainBytes and drainTime bound what is read of a redirect's own body so that
// its connection can serve again.
const (
	drainBytes = 64 << 10
	drainTime  = 100 * time.Millisecond
)

// isSecret says whether a header must not cross an origin.
func (p *plan) isSecret(name string) bool {
	return target.SecretHeader(name, p.request.Secret) || isHeaderSecret(p.request.HeaderSecrets, name)
}

// hasSecret says whether a request carries anything that must not go in the
// clear where it went encrypted before.
func (p *plan) hasSecret(first *http.Request) bool {
	if len(p.identities) > 0 || p.auth(p.secrets) != nil || first.URL.User != nil {
		return true
	}
	for name := range first.Header {
		if p.isSecret(name) {
			return true
		}
	}
	return false
}

func hasBody(req *http.Request) bool { return req.Body != nil && req.Body != http.NoBody }

// arrive begins a hop: what is known of the way that led to it comes from the
// hop before, which net/http leaves in the request.
func (p *plan) arrive(req *http.Request) *hopState {
	state := &hopState{url: target.Redact(req.URL), origin: target.OriginOf(req.URL), earlier: true}
	state.Context = req.Context()
	if req.Response != nil && req.Response.Request != nil {
		if before := hopOf(req.Response.Request.Context()); before != nil {
			state.journey, state.number = before.journey, before.number+1
			state.secret, state.stuck = before.secret, before.stuck
			state.crossed = before.crossed || before.origin != state.origin
			state.invented = before.veiledLocation != nil
			state.earlier = before.repeatable
			return state
		}
	}
	state.journey = new(journey)
	return state
}

// landing looks at a response that redirects before net/http does: it resolves
// the Location and refuses what must not be followed. What it leaves is a
// Location that net/http reads as we do.
func (p *plan) landing(req *http.Request, resp *http.Response, state *hopState) error {
	locations := resp.Header.Values("Location")
	if !isRedirect(resp.StatusCode) || len(locations) == 0 {
		return nil
	}
	if first := resp.Request; state.number == 0 {
		state.secret, state.stuck = p.hasSecret(first), hasBody(first) && first.GetBody == nil
	}
	replayable := req.GetBody != nil && (p.handedOut || p.payload == nil || p.payload.replayable)
	if !p.request.Redirect.follows(req.Method) {
		_, err := req.URL.Parse(locations[0])
		switch {
		case !p.handedOut && (err != nil || hasBody(req) && req.GetBody != nil && !replayable):
			state.veil(resp, http.StatusFound, "/")
		case p.handedOut && err != nil && !(state.stuck && resp.StatusCode >= 307): // else net/http does not look at it
			state.veil(resp, resp.StatusCode, "./"+url.PathEscape(locations[0]))
		}
		return nil
	}
	next, err := target.Resolve(req.URL, locations[0], p.limits.URL)
	if err != nil {
		return p.badLocation(req, resp, err)
	}
	bodyGoes := p.request.Redirect.keeps(resp.StatusCode, req.Method) && hasBody(req)
	downgrade := state.origin.Scheme == "https" && next.Scheme == "http"
	switch {
	case state.number >= p.request.Redirect.max():
		return redirectError("too-many", next.URL(), errTooMany)
	case downgrade && (bodyGoes || state.secret && !p.request.Redirect.AllowDowngrade):
		return redirectError("downgrade", next.URL(), errDowngrade)
	case bodyGoes && !replayable:
		return redirectError("body-not-replayable", req.URL, ErrNotReplayable)
	}
	state.next = next
	resp.Header.Set("Location", next.URL().String())
	if state.stuck && !hasBody(req) {
		resp.StatusCode = http.StatusFound // the same, for a GET
	}
	return nil
}

func (p *plan) badLocation(req *http.Request, resp *http.Response, err error) error {
	var te *target.Error
	if !errors.As(err, &te) {
		return redirectError("location", req.URL, errBadLocation)
	}
	switch te.Reason {
	case target.Empty: // it leads nowhere: the response is final
		resp.Header.Set("Location", "") // net/http too
		return nil
	case target.TooLong:
		return p.limitError("url", phaseRedirect, int64(p.limits.URL), int64(len(resp.Header.Get("Location"))), req.URL)
	}
	return redirectError(string(te.Reason), req.URL, fmt.Errorf("%w: %w", errBadLocation, te))
}

func redirectError(reason string, u *url.URL, err error) *Error {
	return &Error{Kind: KindRedirect, Reason: reason, Phase: phaseRedirect, Type: typeName(KindRedirect, 0),
		URL: target.Redact(u), Err: err}
}

// veil hides from net/http a redirect that is not followed and that it would
// stumble over before it asks: over a Location that it cannot parse, whose text
// its error has, or a body that cannot be opened again. Where a caller has
// replaced CheckRedirect, nobody takes the veil off.
func (s *hopState) veil(resp *http.Response, status int, location string) {
	s.veiledStatus, s.veiledLocation = resp.StatusCode, resp.Header["Location"]
	resp.StatusCode = status
	resp.Header["Location"] = []string{location}
}

func (s *hopState) unveil(resp *http.Response) {
	if s.veiledLocation != nil {
		resp.StatusCode, resp.Header["Location"] = s.veiledStatus, s.veiledLocation
	}
}

// checkRedirect is the policy of the plan's *http.Client. net/http copies the
// headers of the first request anew for every hop, so what may go is decided
// anew here.
func (p *plan) checkRedirect(req *http.Request, via []*http.Request) error {
	first, last := via[0], via[len(via)-1]
	var state *hopState
	if req.Response.Request != nil {
		state = hopOf(req.Response.Request.Context())
	}
	if state == nil || state.next == nil {
		if state != nil {
			state.unveil(req.Response)
		}
		closeBody(req)
		return http.ErrUseLastResponse
	}
	drain(req.Response)
	req.URL = state.next.URL() // to the byte
	next := state.next.Origin()
	crossed := state.crossed || state.origin != next
	if crossed {
		maps.DeleteFunc(req.Header, func(name string, _ []string) bool { return p.isSecret(name) })
	} else {
		p.restoreHeaders(req.Header, first.Header)
	}
	if p.request.Redirect.keeps(req.Response.StatusCode, last.Method) {
		if err := keepMethod(req, last); err != nil {
			return err
		}
	}
	if !hasBody(req) {
		dropBodyHeaders(req.Header)
	}
	// A Host override and user information were for the first origin.
	req.Host = ""
	if !crossed {
		req.URL.User = first.URL.User
		if first.Host != first.URL.Host {
			req.Host = first.Host
		}
	}
	req.Header.Del("Referer")
	if r := referer(last.URL, state.origin, next); r != "" && !p.request.Redirect.NoReferer {
		req.Header.Set("Referer", r)
	}
	return nil
}

// restoreHeaders gives back what net/http takes off where only the spelling of
// the host changed, as by a dot at its end.
func (p *plan) restoreHeaders(h, first http.Header) {
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Www-Authenticate", "Proxy-Authenticate", "Cookie", "Cookie2"} {
		if p.handedOut && name == "Cookie" {
			continue // which a jar of the caller's may have changed
		}
		if values := first[name]; values != nil && h[name] == nil {
			h[name] = values
		}
	}
}

// keepMethod undoes net/http's turning of a method into GET, and gives the body
// back.
func keepMethod(req, last *http.Request) (err error) {
	req.Method = last.Method
	if !hasBody(last) || hasBody(req) {
		return nil
	}
	req.Body, err = last.GetBody() // landing saw that it can
	req.GetBody, req.ContentLength = last.GetBody, last.ContentLength
	for _, name := range bodyHeaders {
		if values := last.Header.Values(name); values != nil {
			req.Header[name] = values
		}
	}
	return err
}

func dropBodyHeaders(h http.Header) {
	maps.DeleteFunc(h, func(name string, _ []string) bool {
		return slices.Contains(bodyHeaders, http.CanonicalHeaderKey(name))
	})
}

// drain reads what is left of a redirect's body, where that is little and comes
// at once, and gives up the connection where it is not.
func drain(resp *http.Response) {
	body := resp.Body
	resp.Body = http.NoBody
	if resp.ContentLength <= drainBytes {
		giveUp := time.AfterFunc(drainTime, func() { _ = body.Close() })
		_, _ = io.CopyN(io.Discard, body, drainBytes+1)
		giveUp.Stop()
	}
	_ = body.Close()
}

// referer is the URL without user information and fragment on one origin, the
// origin alone on another, and nothing from https to http.
func referer(last *url.URL, from, to target.Origin) string {
	switch {
	case from.Scheme == "https" && to.Scheme == "http":
		return ""
	case from != to:
		return from.String() + "/"
	}
	u := *last
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	return u.String()
}
