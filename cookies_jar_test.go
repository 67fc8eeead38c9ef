package mtlshttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/testpeer"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// stored are the cookies that a jar saves.
func stored(t testing.TB, jar *mtlshttp.Jar) []map[string]any {
	text, err := json.Marshal(jar)
	require.NoError(t, err)
	var saved struct{ Cookies []map[string]any }
	require.NoError(t, json.Unmarshal(text, &saved))
	return saved.Cookies
}

// TestCookies has the cookie rows of the fault matrix through the client; the
// suites of CK-01 and CK-02 are in TestConformance.
func testJarOfIdentities(t *testing.T) {
	send := func(jar *mtlshttp.Jar) (alice, bob, nobody string, last *mtlshttp.Response) {
		b := newBrowser(t, jar)
		credential := func(name string) *mtlshttp.Credential {
			id, err := b.server.CA.Issue(mtlstest.Client{Name: name})
			require.NoError(t, err)
			return id.Credential
		}
		b.as = credential("alice")
		b.set("https://a.test/", "sid=alice", "lang=en")
		alice = b.get("https://a.test/")
		b.as = credential("bob")
		b.set("https://a.test/", "lang=de")
		last = b.do("https://a.test/")
		bob = b.server.Cookie()
		b.as = nil
		nobody = b.get("https://a.test/")
		return alice, bob, nobody, last
	}
	alice, bob, nobody, resp := send(new(mtlshttp.Jar))
	assert.Equal(t, []string{"sid=alice; lang=en", "sid=alice; lang=de", "sid=alice; lang=de"}, []string{alice, bob, nobody})
	assert.Equal(t, []string{"sid"}, resp.Hops[0].ForeignCookies, "alice's goes under bob's certificate, and the hop says so")
	text, err := json.Marshal(resp)
	require.NoError(t, err)
	assert.Contains(t, string(text), `"foreignCookies":["sid"]`)

	alice, bob, nobody, resp = send(&mtlshttp.Jar{IsolateIdentities: true})
	assert.Equal(t, []string{"sid=alice; lang=en", "lang=de", ""}, []string{alice, bob, nobody})
	assert.Empty(t, resp.Hops[0].ForeignCookies)
}

func testJarFile(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	jar := &mtlshttp.Jar{Clock: clock}
	b := newBrowser(t, jar)
	b.set("http://www.a.co.uk/", "keep=\xff hunter2; Max-Age=60", "short=1; Max-Age=5", "session=1; Domain=a.co.uk")
	name := filepath.Join(t.TempDir(), "cookies.json")
	require.NoError(t, os.WriteFile(name, []byte("older"), 0o644))
	require.NoError(t, jar.WriteFile(name))
	info, err := os.Stat(name)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	beside, err := os.ReadDir(filepath.Dir(name))
	require.NoError(t, err)
	assert.Len(t, beside, 1, "nothing is left over")

	now = now.Add(5 * time.Second)
	restored := &mtlshttp.Jar{Clock: clock}
	require.NoError(t, restored.ReadFile(name))
	require.Len(t, stored(t, restored), 2, "expired ones are dropped")
	b.session.Jar = restored
	assert.Equal(t, "keep=\xff hunter2; session=1", b.get("http://www.a.co.uk/"))

	text, err := os.ReadFile(name)
	require.NoError(t, err)
	widened := []byte(strings.Replace(string(text), `"domain":"a.co.uk"`, `"domain":"co.uk"`, 1))
	checked := &mtlshttp.Jar{Clock: clock}
	f := failureOf(t, checked.UnmarshalJSON(widened))
	assert.Equal(t, mtlshttp.KindConfig, f.Kind)
	assert.Equal(t, "cookies[2]", f.Field)
	assert.Contains(t, f.Error(), "public-suffix")
	assert.Len(t, stored(t, checked), 1, "all others are there")

	var twice mtlshttp.Jar
	require.NoError(t, json.Unmarshal([]byte(`{"cookies":[{"name":"a","value":"old","domain":"a.test","hostOnly":true,"path":"/","updated":"2026-01-01T00:00:00Z"}]}`), &twice))
	require.NoError(t, json.Unmarshal([]byte(`{"cookies":[{"name":"a","value":"new","domain":"a.test","hostOnly":true,"path":"/","updated":"2026-01-02T00:00:00Z"}]}`), &twice))
	require.NoError(t, json.Unmarshal([]byte(`{"cookies":[{"name":"a","value":"oldest","domain":"a.test","hostOnly":true,"path":"/","updated":"2025-01-01T00:00:00Z"}]}`), &twice))
	require.Len(t, stored(t, &twice), 1)
	assert.Equal(t, "new", stored(t, &twice)[0]["value"], "the one that was set last stays, whatever was read last")

	assert.ErrorIs(t, twice.ReadFile(name+".none"), fs.ErrNotExist)
	for _, bad := range []string{"", "[]", `{"cookies":[{"name":1}]}`, `{"cookies":[{"expires":"hunter2"}]}`, "hunter2"} {
		err := new(mtlshttp.Jar).UnmarshalJSON([]byte(bad))
		assert.Equal(t, mtlshttp.KindConfig, failureOf(t, err).Kind, bad)
		assert.NotContains(t, err.Error(), "hunter2")
	}
	assert.Equal(t, mtlshttp.KindLimit, failureOf(t, new(mtlshttp.Jar).UnmarshalJSON(make([]byte, 33<<20))).Kind)
	assert.Equal(t, mtlshttp.KindResource, failureOf(t, jar.WriteFile(filepath.Join(name, "below", "a file"))).Kind)
}

// TestJarOfAnotherClient is http.CookieJar, as well as net/http lets it.
func TestJarOfAnotherClient(t *testing.T) {
	server := testpeer.ServeBytes(t)
	transport := &http.Transport{DialContext: server.Dial}
	defer transport.CloseIdleConnections()
	jar := new(mtlshttp.Jar)
	client := &http.Client{Transport: transport, Jar: jar}
	server.Say("/", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a=1\r\nSet-Cookie: q=\"x y\"\r\nSet-Cookie: bad=1; Domain=test\r\n\r\n")
	for range 2 {
		resp, err := client.Get("http://a.test/")
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, resp.Body)
		require.NoError(t, resp.Body.Close())
	}
	assert.Equal(t, `a=1; q="x y"`, server.Cookie())
	cookies := jar.Cookies(&url.URL{Scheme: "http", Host: "a.test", Path: "/"})
	require.Len(t, cookies, 2)
	assert.Equal(t, "x y", cookies[1].Value)
	assert.True(t, cookies[1].Quoted)
	assert.Nil(t, jar.Cookies(&url.URL{Scheme: "http", Host: "b.test"}))
	jar.SetCookies(&url.URL{Scheme: "http", Host: "b.test"}, (&http.Response{Header: http.Header{"Set-Cookie": {"c=x,y z"}}}).Cookies())
	assert.Equal(t, "x,y z", stored(t, jar)[2]["value"], "as it came, not as net/http writes it")
}

func TestJarShowsNoValue(t *testing.T) {
	jar := new(mtlshttp.Jar)
	jar.SetCookies(&url.URL{Scheme: "https", Host: "a.test"}, []*http.Cookie{{Name: "a", Value: "hunter2"}})
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "jar", jar)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		log.WriteString(fmt.Sprintf(verb, jar))
		log.WriteString(fmt.Sprintf(verb, &mtlshttp.Session{Jar: jar}))
	}
	assert.NotContains(t, log.String(), "hunter2")
	assert.Contains(t, log.String(), "cookie jar")
	text, err := json.Marshal(jar)
	require.NoError(t, err)
	assert.Contains(t, string(text), "hunter2", "what is saved is whole")
}

// A jar is saved between two runs of a scenario.

// jarsByName is a source of jars; a nil one stands for a source's own mistake.
type jarsByName map[string]*mtlshttp.Jar

var errUnknownJar = errors.New("there is none of that name")

func (s jarsByName) Jar(_ context.Context, name string) (*mtlshttp.Jar, error) {
	jar, known := s[name]
	if !known {
		return nil, errUnknownJar
	}
	return jar, nil
}

// A request that names a jar shares cookies in that one alone, on every hop and
// by clients too.
func TestNamedJars(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/set", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: r.URL.Query().Get("v"), Path: "/"})
		http.Redirect(w, r, "/", http.StatusFound)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<", r.Header.Get("Cookie"), ">") })
	srv := mtlstest.NewServer(t, mux)
	e := newExecutor(t)
	e.Jars = jarsByName{"orders": new(mtlshttp.Jar)}
	s := &mtlshttp.Session{Executor: e, Jar: new(mtlshttp.Jar), Jars: jarsByName{"orders": new(mtlshttp.Jar), "none": nil}}
	to := func(path, jar string) *mtlshttp.Request {
		r := srv.Request(path)
		r.ShareCookies, r.Jar = true, jar
		return r
	}
	seen := func(s *mtlshttp.Session, r *mtlshttp.Request) any {
		resp, err := s.Do(t.Context(), r)
		require.NoError(t, err)
		return resp.Data
	}
	assert.Equal(t, "<a=1>", seen(s, to("/set?v=1", "orders")))
	assert.Equal(t, "<a=1>", seen(s, to("/", "orders")))
	assert.Equal(t, "<>", seen(s, to("/", "")), "not in the session's own")
	assert.Equal(t, "<a=2>", seen(s, to("/set?v=2", "")))
	assert.Equal(t, "<a=1>", seen(s, to("/", "orders")))
	assert.Equal(t, "<>", seen(&mtlshttp.Session{Executor: e}, to("/", "orders")), "the executor's source has another of that name")
	client, err := s.Client(t.Context(), to("/", "orders"))
	require.NoError(t, err)
	resp, err := client.Get(srv.URL + "/")
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, errors.Join(err, resp.Body.Close()))
	assert.Equal(t, "<a=1>", string(body))

	refused := func(s *mtlshttp.Session, r *mtlshttp.Request) *mtlshttp.Error {
		_, err := s.Do(t.Context(), r)
		f := failureOf(t, err)
		assert.Equal(t, "config jar", string(f.Kind)+" "+f.Field)
		return f
	}
	f := refused(s, to("/", "unknown"))
	assert.Equal(t, "no-jar resolve", f.Reason+" "+string(f.Phase))
	assert.ErrorIs(t, f, errUnknownJar)
	assert.Equal(t, "no-jar", refused(s, to("/", "none")).Reason)
	assert.Equal(t, "no-jar", refused(&mtlshttp.Session{Executor: newExecutor(t), Jar: new(mtlshttp.Jar)}, to("/", "orders")).Reason)
	assert.NotContains(t, refused(s, to("/", "-----BEGIN PRIVATE KEY-----")).Error(), "PRIVATE")
	assert.NotContains(t, to("/", "-----BEGIN PRIVATE KEY-----").Redacted().Jar, "PRIVATE")
	alone := to("/", "orders")
	alone.ShareCookies = false
	assert.Equal(t, "not-shared validate", refused(s, alone).Reason+" "+string(refused(s, alone).Phase))
}

// A client that was handed out keeps the cookies of the identity that it shows,
// also after a rotation (CK-20).
func TestIsolatedIdentitiesOfAClient(t *testing.T) {
	n, k := newNetwork(t, "https://a.test"), new(mtlshttp.Keychain)
	n.behave(func(w http.ResponseWriter, a *arrival) { w.Header().Set("Set-Cookie", "of="+a.Client) })
	e := n.executor()
	e.Credentials = k
	r := n.request("https://a.test/")
	r.Credentials, r.ShareCookies = "who", true
	var client *http.Client
	s := &mtlshttp.Session{Executor: e, Jar: &mtlshttp.Jar{IsolateIdentities: true}}
	for _, step := range []struct{ who, cookie string }{{"alice", ""}, {"alice", "of=alice"}, {"bob", ""}, {"bob", "of=bob"}, {"alice", "of=alice"}} {
		k.Add("who", n.identity(step.who))
		if client == nil {
			var err error
			client, err = s.Client(t.Context(), r)
			require.NoError(t, err)
		}
		resp, err := client.Get(r.URL)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, step.who, n.last().Client)
		assert.Equal(t, step.cookie, n.last().Header.Get("Cookie"), step.who)
	}
}
