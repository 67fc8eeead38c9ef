package mtlshttp

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/target"
)

const defaultMaxRedirects = 10

// Redirect says which redirects (301, 302, 303, 307, 308) are followed. The
// zero value follows them for every method but POST, PUT, PATCH and DELETE, ten
// at the most.
//
// A 303 turns every method but HEAD into GET, as 301 and 302 do; 307 and 308
// keep method and body. To another origin go no client certificate, no
// Authorization, Cookie or Proxy-Authorization, none of Request.Secret and none
// of the common API-key headers; the jar answers anew.
type Redirect struct {
	Off bool // follow none (Fusion: Follow redirect)
	All bool // follow for every method, whatever Off says (Fusion: Follow all redirects)
	Max int  // most hops, to 100; 0: 10; -1: none, the first is an error
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

// keepsBody says whether a redirect keeps method and body.
func keepsBody(status int) bool { return status == 307 || status == 308 }

// secretHeaders never cross an origin and are never shown.
var secretHeaders = []string{
	"Authorization", "Cookie", "Cookie2", "Proxy-Authorization", "Proxy-Authenticate", "Www-Authenticate",
	"Api-Key", "Apikey", "X-Api-Key", "X-Apikey", "X-Api-Token", "X-Api-Secret", "X-Auth-Token", "X-Auth-Key",
	"X-Access-Token", "X-Access-Key", "X-Secret-Key", "X-Session-Token", "X-Session-Id", "X-Csrf-Token",
	"X-Xsrf-Token", "X-Amz-Security-Token", "X-Goog-Api-Key", "X-Goog-Iam-Authorization-Token",
	"X-Google-Api-Key", "X-Vault-Token", "X-Consul-Token", "X-Gitlab-Token", "Private-Token", "Job-Token",
	"X-Github-Token", "X-Shopify-Access-Token", "X-Functions-Key", "Ocp-Apim-Subscription-Key",
	"X-Rapidapi-Key", "X-Mashape-Key", "X-Figma-Token", "X-Hub-Signature", "X-Hub-Signature-256",
	"X-Datadog-Api-Key", "Dd-Api-Key", "Dd-Application-Key", "X-Honeycomb-Team", "X-Postmark-Server-Token",
	"X-Algolia-Api-Key", "X-Mailgun-Key", "X-User-Token", "X-Client-Secret", "X-Token", "Token",
	"Authentication", "X-Authorization", "X-Auth", "X-Jwt-Assertion", "X-Jwt-Token", "Id-Token",
	"X-Ms-Token-Aad-Access-Token", "X-Forwarded-Access-Token", "Access-Token",
}

// bodyHeaders go with the body.
var bodyHeaders = []string{"Content-Length", "Content-Type", "Content-Encoding", "Content-Language",
	"Content-Location", "Content-Disposition", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest",
	"Transfer-Encoding", "Expect"}

// errDowngrade and its siblings are the causes of errors of kind redirect.
var (
	errDowngrade   = errors.New("a redirect from https to http would carry a secret or a body in the clear")
	errTooMany     = errors.New("too many redirects")
	errBadLocation = errors.New("the Location cannot be used")
)

// isSecret says whether a header must not cross an origin.
func (p *plan) isSecret(name string) bool {
	name = http.CanonicalHeaderKey(name)
	return slices.Contains(secretHeaders, name) ||
		slices.ContainsFunc(p.request.Secret, func(s string) bool { return http.CanonicalHeaderKey(s) == name })
}

// checkRedirect is the policy of the plan's *http.Client. net/http copies the
// headers of the first request anew for every hop, so what may go is decided
// anew here, from the whole way so far.
func (p *plan) checkRedirect(req *http.Request, via []*http.Request) error {
	first, last := via[0], via[len(via)-1]
	if !p.request.Redirect.follows(last.Method) {
		return http.ErrUseLastResponse
	}
	if len(via) > p.request.Redirect.max() {
		return redirectError("too-many", req.URL, errTooMany)
	}
	here, before := target.OriginOf(req.URL), target.OriginOf(last.URL)
	crossed := false
	for _, r := range via {
		crossed = crossed || target.OriginOf(r.URL) != here
	}
	hasBody := req.Body != nil && req.Body != http.NoBody || req.ContentLength > 0
	if before.Scheme == "https" && here.Scheme == "http" {
		if hasBody || p.hasSecret(first) && !p.request.Redirect.AllowDowngrade {
			return redirectError("downgrade", req.URL, errDowngrade)
		}
	}
	if crossed {
		for name := range req.Header {
			if p.isSecret(name) {
				req.Header.Del(name)
			}
		}
	}
	if !hasBody {
		for _, name := range bodyHeaders {
			req.Header.Del(name)
		}
	}
	// A Host override was for the first origin.
	req.Host = ""
	if !crossed && first.Host != "" && first.Host != first.URL.Host {
		req.Host = first.Host
	}
	req.Header.Del("Referer")
	if r := referer(last.URL, here == before, before.Scheme == "https" && here.Scheme == "http"); r != "" {
		req.Header.Set("Referer", r)
	}
	return nil
}

// hasSecret says whether a request carries anything that must not go in the
// clear where it went encrypted before.
func (p *plan) hasSecret(first *http.Request) bool {
	if len(p.identities) > 0 || first.URL.User != nil || p.auth != nil {
		return true
	}
	for name := range first.Header {
		if p.isSecret(name) {
			return true
		}
	}
	return false
}

// referer is the URL without user information and fragment on one origin, the
// origin alone on another, and nothing from https to http.
func referer(last *url.URL, same, downgrade bool) string {
	if downgrade {
		return ""
	}
	if !same {
		return target.OriginOf(last).String() + "/"
	}
	u := *last
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	return u.String()
}

func redirectError(reason string, u *url.URL, err error) *Error {
	return &Error{Kind: KindRedirect, Reason: reason, Phase: phaseRedirect, Type: typeName(KindRedirect, 0),
		URL: target.Redact(u), Err: err}
}

// landing looks at a response that redirects before net/http follows it: it
// resolves the Location strictly and finds out whether the body can go there.
// It returns the Location that net/http shall see.
func (p *plan) landing(req *http.Request, resp *http.Response) (string, error) {
	locations := resp.Header.Values("Location")
	if !isRedirect(resp.StatusCode) || len(locations) == 0 || !p.request.Redirect.follows(req.Method) {
		return "", nil
	}
	next, err := target.Resolve(req.URL, locations[0], p.limits.URL)
	if err != nil {
		reason := "location"
		var te *target.Error
		if errors.As(err, &te) {
			reason = string(te.Reason)
		}
		if reason == string(target.Empty) { // it leads nowhere: the response is final
			resp.Header.Del("Location")
			return "", nil
		}
		return "", redirectError(strings.ToLower(reason), req.URL, errors.Join(errBadLocation, err))
	}
	hasBody := req.Body != nil && req.Body != http.NoBody
	replayable := req.GetBody != nil && (p.payload == nil || p.payload.replayable)
	if keepsBody(resp.StatusCode) && hasBody && !replayable {
		return "", redirectError("body-not-replayable", req.URL, ErrNotReplayable)
	}
	return next.URL().String(), nil
}
