package mtlshttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/cookiejar"
	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// maxSavedJar bounds a saved jar in bytes: twice what a full one takes.
const maxSavedJar = 32 << 20

// Jar keeps the cookies of one scenario by RFC 6265bis, with public suffixes
// and caps: 180 a host, 3,000 in all, 4 KiB each. Values are kept and sent byte
// for byte. The zero value is empty and ready; its fields are fixed after the
// first use. It is safe for concurrent use, and as secret as its cookies.
//
// It saves and restores itself as JSON. It is an http.CookieJar too, for other
// clients; those of Executor.Client use the session's.
type Jar struct {
	// IsolateIdentities keeps the cookies of each client identity apart.
	// Off: one jar is one scenario, shared over identities, and Hop names
	// the cookies that another identity was given.
	IsolateIdentities bool
	// IsolateOrigins sends a cookie only to the scheme, host and port that
	// set it. Off: the ports of a host, and http with https, share cookies
	// (RFC 6265, section 8.5).
	IsolateOrigins bool
	// Clock says what time it is; nil: time.Now.
	Clock func() time.Time

	once sync.Once
	jar  *cookiejar.Jar
}

var _ http.CookieJar = (*Jar)(nil)

// JarSource finds a jar by its name, so that a request and its document say
// whose cookies they share and hold none. Whoever asks for a name while requests
// use its jar must be given the same one. What keeps it reads and writes it as
// JSON, as secret as its cookies. An error is returned from the request as kind
// config, reason no-jar, unless it is an *Error itself; so is a nil jar. It is
// called for every request that names a jar, from many goroutines.
type JarSource interface {
	Jar(ctx context.Context, name string) (*Jar, error)
}

// reasonNoJar is the reason where a name leads to no jar.
const reasonNoJar = "no-jar"

func (s *Session) namedJar(ctx context.Context, name string) (*Jar, error) {
	source := s.Jars
	if source == nil {
		source = s.Executor.Jars
	}
	if source == nil {
		return nil, jarFault("there is no source to find the jar %q in", shownName(name))
	}
	jar, err := source.Jar(ctx, name)
	switch {
	case err != nil:
		return nil, resolveError("jar", reasonNoJar, fmt.Errorf("the jar %q: %w", shownName(name), err))
	case jar == nil:
		return nil, jarFault("the source returned no jar for %q", shownName(name))
	}
	return jar, nil
}

func jarFault(format string, args ...any) *Error {
	e := fault(KindConfig, "jar", reasonNoJar, format, args...)
	e.Phase = phaseResolve
	return e
}

func (j *Jar) store() *cookiejar.Jar {
	j.once.Do(func() {
		j.jar = cookiejar.New(cookiejar.Options{Now: j.Clock, IsolateIdentities: j.IsolateIdentities,
			IsolateOrigins: j.IsolateOrigins})
	})
	return j.jar
}

// savedJar is the JSON form.
type savedJar struct {
	Cookies []cookiejar.Entry `json:"cookies"`
}

// MarshalJSON writes all cookies that have not expired, those of the session
// too: they last as long as the scenario does. The fields of the jar are not in
// it.
func (j *Jar) MarshalJSON() ([]byte, error) {
	return json.Marshal(savedJar{j.store().Entries()})
}

// UnmarshalJSON merges saved cookies into the jar. Of two with the same name,
// domain and path the one that was set last stays; one that a server set over
// http never replaces a Secure one. Expired ones are dropped. Who may set what
// is checked again, public suffixes too: what breaks a rule is left out and
// named by its number in an *Error of reason cookie, and all others are there.
func (j *Jar) UnmarshalJSON(data []byte) error {
	if len(data) > maxSavedJar {
		return fault(KindLimit, "cookies", "jar", "%w", &limitExceeded{"jar", maxSavedJar, int64(len(data))})
	}
	var saved savedJar
	if json.Unmarshal(data, &saved) != nil { // whose text may have a value
		return fault(KindConfig, "cookies", "json", "not a saved cookie jar")
	}
	var refused *cookiejar.RestoreError
	if !errors.As(j.store().Restore(saved.Cookies), &refused) {
		return nil
	}
	var faults []*Error
	for _, r := range refused.Refused {
		faults = append(faults, fault(KindConfig, fmt.Sprintf("cookies[%d]", r.Index), "cookie", "not restored: %s", string(r.Reason)))
	}
	return joinFaults(faults)
}

// WriteFile saves the jar in a file that its owner alone can read (mode 0600).
// The file is replaced whole or stays as it was.
func (j *Jar) WriteFile(name string) error {
	data, err := j.MarshalJSON()
	if err == nil {
		err = replaceFile(name, data)
	}
	if err != nil {
		return &Error{Kind: KindResource, Reason: "jar", Type: typeName(KindResource, 0), Err: err}
	}
	return nil
}

// replaceFile writes a file beside the old one, which mode 0600 keeps from
// others at every moment, and puts it in its place.
func replaceFile(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// ReadFile merges what WriteFile has saved, as UnmarshalJSON does. A file that
// is not there is an error that is fs.ErrNotExist.
func (j *Jar) ReadFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fault(KindConfig, "cookies", "file", "%w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSavedJar+1))
	if err != nil {
		return fault(KindConfig, "cookies", "file", "%w", err)
	}
	return j.UnmarshalJSON(data)
}

// SetCookies takes the cookies that a response from u set, for http.CookieJar.
// What net/http could not parse never gets here, and a cookie made by hand that
// is not Valid is left out: net/http would make another one of it.
func (j *Jar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	var lines []string
	for _, c := range cookies {
		switch {
		case c.Raw != "":
			lines = append(lines, c.Raw)
		case c.Valid() == nil:
			lines = append(lines, c.String())
		}
	}
	j.store().Store(u, "", lines)
}

// Cookies returns the cookies of a request to u, for http.CookieJar. net/http
// writes some values otherwise than they came: it quotes spaces and commas and
// drops bytes beyond ASCII, as clients of Executor.Client do not.
func (j *Jar) Cookies(u *url.URL) []*http.Cookie {
	header, _ := j.store().Header(u, "")
	if header == "" {
		return nil
	}
	var cookies []*http.Cookie
	for pair := range strings.SplitSeq(header, "; ") {
		c := new(http.Cookie)
		c.Name, c.Value, _ = strings.Cut(pair, "=")
		if inner := strings.TrimPrefix(c.Value, `"`); len(inner) < len(c.Value) && strings.HasSuffix(inner, `"`) {
			c.Value, c.Quoted = strings.TrimSuffix(inner, `"`), true
		}
		cookies = append(cookies, c)
	}
	return cookies
}

// String says nothing of the cookies.
func (j *Jar) String() string { return "cookie jar" }

// Format writes String for every verb.
func (j *Jar) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, j.String()) }

// LogValue is String.
func (j *Jar) LogValue() slog.Value { return slog.StringValue(j.String()) }

// addCookies writes the jar's cookies beside the ones that the caller set, and
// names those that were set under another identity.
func (p *plan) addCookies(out *http.Request, owner *wire.Identity) (foreign []string) {
	if !p.request.ShareCookies {
		return nil
	}
	given := strings.Join(out.Header.Values("Cookie"), "; ")
	header, foreign := p.jar.store().HeaderWith(out.URL, cookieOwner(owner), given)
	if header != "" {
		out.Header.Set("Cookie", header)
	}
	return foreign
}

// keepCookies stores what a response set.
func (p *plan) keepCookies(u *url.URL, header http.Header, owner *wire.Identity) {
	if lines := header.Values("Set-Cookie"); p.request.ShareCookies && len(lines) > 0 {
		p.jar.store().Store(u, cookieOwner(owner), lines)
	}
}

// cookieOwner names the identity that cookies are kept under, "" for none.
func cookieOwner(id *wire.Identity) string {
	if id == nil {
		return ""
	}
	return fingerprint(id.Fingerprint[:])
}
