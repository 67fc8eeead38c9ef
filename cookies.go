package mtlshttp

import (
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/cookiejar"
)

// Jar keeps the cookies of one scenario by RFC 6265bis, with public suffixes
// and caps. The zero value is empty and ready; its fields are fixed after the
// first use. It is safe for concurrent use, and as secret as its cookies.
type Jar struct {
	// IsolateIdentities keeps the cookies of each client identity apart.
	// Off: one jar is one scenario, shared over identities.
	IsolateIdentities bool
	// Clock says what time it is; nil: time.Now.
	Clock func() time.Time

	once sync.Once
	jar  *cookiejar.Jar
}

func (j *Jar) store() *cookiejar.Jar {
	j.once.Do(func() {
		j.jar = cookiejar.New(cookiejar.Options{Now: j.Clock, IsolateIdentities: j.IsolateIdentities})
	})
	return j.jar
}

// String says nothing of the cookies.
func (j *Jar) String() string { return "cookie jar" }

// addCookies writes the jar's cookies beside the ones that the caller set.
func (p *plan) addCookies(out *http.Request) {
	if !p.request.ShareCookies {
		return
	}
	header, _ := p.session.Jar.store().HeaderWith(out.URL, p.jarOwner, out.Header.Get("Cookie"))
	if header != "" {
		out.Header.Set("Cookie", header)
	}
}

// keepCookies stores what a response set.
func (p *plan) keepCookies(u *url.URL, header http.Header) {
	if lines := header.Values("Set-Cookie"); p.request.ShareCookies && len(lines) > 0 {
		p.session.Jar.store().Store(u, p.jarOwner, lines)
	}
}
