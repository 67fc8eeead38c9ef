package mtlshttp_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

func TestSignSeesEveryHop(t *testing.T) {
	var mu sync.Mutex
	var digests []string
	receive := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sum := sha256.Sum256(body)
		mu.Lock()
		digests = append(digests, fmt.Sprintf("%s %t", r.URL.Path, r.Header.Get("X-Digest") == fmt.Sprintf("%x", sum)))
		mu.Unlock()
	}
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		receive(w, r)
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/again", http.StatusTemporaryRedirect)
		}
	}))
	part := mtlshttp.Part{Name: "a", Data: []byte("1")}
	for name, body := range map[string]mtlshttp.Body{"none": {}, "raw": mtlshttp.Raw("", []byte("hello")), "multipart": mtlshttp.Multipart(part),
		"seekable": mtlshttp.Reader("", bytes.NewReader(make([]byte, 200_000)), 200_000)} {
		digests = nil
		r := srv.Request("/")
		r.Method, r.Body, r.Redirect.All = "POST", body, true
		calls := 0
		r.Sign = func(r *http.Request, sum []byte) error {
			calls++
			r.Header.Set("X-Digest", fmt.Sprintf("%x", sum))
			return nil
		}
		_, err := newExecutor(t).Do(t.Context(), r)
		require.NoError(t, err, name)
		assert.Equal(t, []string{"/ true", "/again true"}, digests, name)
		assert.Equal(t, 2, calls)
	}
	r := srv.Request("/other")
	r.Method, r.Body = "POST", mtlshttp.Reader("", io.MultiReader(strings.NewReader("once")), -1)
	r.Sign = func(_ *http.Request, sum []byte) error {
		assert.Nil(t, sum, "a body that can be read only once has no digest")
		return nil
	}
	_, err := newExecutor(t).Do(t.Context(), r)
	require.NoError(t, err)
}

// A signature is made anew for each attempt, over what that one sends.
func TestSignSeesEveryAttempt(t *testing.T) {
	var got []string
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Header.Get("X-Attempt")+" "+string(body))
		if len(got) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	e := newExecutor(t)
	e.Retry = &mtlshttp.RetryPolicy{Attempts: 3, Delay: time.Millisecond}
	r := srv.Request("/")
	r.Method, r.StatusErrors, r.Body = "PUT", true, mtlshttp.Text("text/plain", "100 EUR")
	attempt := 0
	r.Sign = func(r *http.Request, sum []byte) error {
		want := sha256.Sum256([]byte("100 EUR"))
		assert.Equal(t, want[:], sum)
		assert.Empty(t, r.Header.Get("X-Attempt"), "of the attempt before")
		attempt++
		r.Header.Set("X-Attempt", fmt.Sprint(attempt))
		return nil
	}
	_, err := e.Do(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, []string{"1 100 EUR", "2 100 EUR", "3 100 EUR"}, got)
}

// What a hook sets on another origin is under the rule of what may cross.
func TestSignLeaksNothing(t *testing.T) {
	var got http.Header
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer foreign.Close()
	home := httptest.NewServer(http.RedirectHandler(foreign.URL, http.StatusFound))
	defer home.Close()
	r := &mtlshttp.Request{URL: home.URL, Secret: []string{"X-Mine"}, Sign: func(r *http.Request, _ []byte) error {
		for _, name := range []string{"Authorization", "X-Mine", "X-Open"} {
			r.Header.Set(name, "value")
		}
		return nil
	}}
	_, err := newExecutor(t).Do(t.Context(), r)
	require.NoError(t, err)
	assert.Empty(t, got.Get("Authorization"))
	assert.Empty(t, got.Get("X-Mine"))
	assert.Equal(t, "value", got.Get("X-Open"))
}

func TestSignRefuses(t *testing.T) {
	own := errors.New("the key is locked")
	r := mtlstest.NewServer(t, answering).Request("/")
	r.Sign = func(*http.Request, []byte) error { return own }
	_, err := newExecutor(t).Do(t.Context(), r)
	f := failureOf(t, err)
	assert.Equal(t, mtlshttp.KindConfig, f.Kind)
	assert.Equal(t, "sign", f.Field)
	assert.ErrorIs(t, err, own)
	_, err = json.Marshal(&mtlshttp.Request{URL: "https://a.test", Sign: r.Sign})
	assert.Equal(t, "sign", failureOf(t, err).Field)
	_, err = json.Marshal(r.Redacted())
	require.NoError(t, err)
}

// base is what is signed (RFC 9421, section 2.5).
func base(r *http.Request, scheme, params string) []byte {
	target := scheme + "://" + r.Host + r.URL.RequestURI()
	return fmt.Appendf(nil, "\"@method\": %s\n\"@target-uri\": %s\n\"content-digest\": %s\n\"@signature-params\": %s",
		r.Method, target, r.Header.Get("Content-Digest"), params)
}

// What it adds to the jar's cookies stays on the request's origin, and the jar's
// go where they belong.
func TestSignedCookiesStay(t *testing.T) {
	n := newNetwork(t, "https://a.test", "https://b.test")
	jar := new(mtlshttp.Jar)
	jar.SetCookies(&url.URL{Scheme: "https", Host: "b.test"}, []*http.Cookie{{Name: "j", Value: "1"}})
	n.redirect(302, map[string]string{"https://a.test/": "https://b.test/"})
	r := n.request("https://a.test/")
	r.ShareCookies = true
	r.Sign = func(r *http.Request, _ []byte) error {
		r.AddCookie(&http.Cookie{Name: "sig", Value: "SECRET"})
		return nil
	}
	_, err := (&mtlshttp.Session{Executor: n.executor(), Jar: jar}).Do(t.Context(), r)
	require.NoError(t, err)
	seen := n.seen()
	require.Len(t, seen, 2)
	assert.Equal(t, "sig=SECRET", seen[0].Header.Get("Cookie"))
	assert.Equal(t, "j=1", seen[1].Header.Get("Cookie"))
}

// HTTP message signatures (RFC 9421) with an Ed25519 key, over a Content-Digest
// (RFC 9530).
func ExampleRequest_sign() {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return
	}
	const params = `("@method" "@target-uri" "content-digest");keyid="our-key";alg="ed25519"`
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent := strings.TrimSuffix(strings.TrimPrefix(r.Header.Get("Signature"), "sig=:"), ":")
		signature, _ := base64.StdEncoding.DecodeString(sent)
		_, _ = fmt.Fprint(w, ed25519.Verify(public, base(r, "http", params), signature))
	}))
	defer srv.Close()

	r := &mtlshttp.Request{Method: "POST", URL: srv.URL + "/payments?id=7", Body: mtlshttp.Text("text/plain", "100 EUR")}
	r.Sign = func(r *http.Request, sum []byte) error {
		r.Header.Set("Content-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum)+":")
		r.Header.Set("Signature-Input", "sig="+params)
		signature := ed25519.Sign(private, base(r, r.URL.Scheme, params))
		r.Header.Set("Signature", "sig=:"+base64.StdEncoding.EncodeToString(signature)+":")
		return nil
	}
	resp, err := mtlshttp.Do(context.Background(), r)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("verified:", resp.Data)
	// Output: verified: true
}
