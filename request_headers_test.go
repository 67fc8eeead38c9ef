package mtlshttp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

// sent is what a server gets of a request.
func sent(t *testing.T, r *mtlshttp.Request) (got *http.Request, body string) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		data, _ := io.ReadAll(req.Body)
		got, body = req, string(data)
	}))
	defer srv.Close()
	r.URL = srv.URL + r.URL
	_, err := newExecutor(t).Do(t.Context(), r)
	require.NoError(t, err)
	return got, body
}

func TestManagedHeadersMayAskForWhatIsDone(t *testing.T) {
	body := mtlshttp.Text("text/plain", "hello")
	for _, h := range []mtlshttp.Header{
		{Name: "Content-Length", Value: "5"}, {Name: "connection", Value: "keep-alive"}, {Name: "Connection", Value: "Close"},
	} {
		got, text := sent(t, &mtlshttp.Request{Method: "POST", URL: "/", Body: body, Headers: []mtlshttp.Header{h}})
		assert.Equal(t, "hello", text, h)
		assert.EqualValues(t, 5, got.ContentLength, h)
		assert.Equal(t, h.Value == "Close", got.Close, h)
	}
	for _, h := range []mtlshttp.Header{
		{Name: "Content-Length", Value: "6"}, {Name: "Content-Length", Value: "+5"}, {Name: "Content-Length", Value: "5, 5"},
		{Name: "Connection", Value: "close, X-A"}, {Name: "Connection", Value: "upgrade"}, {Name: "Transfer-Encoding", Value: "chunked"},
	} {
		r := &mtlshttp.Request{Method: "POST", URL: "http://a.test", Body: body, Headers: []mtlshttp.Header{h}}
		e := failureOf(t, r.Validate())
		assert.Equal(t, mtlshttp.KindConfig, e.Kind, h)
		assert.Equal(t, "headers[0]", e.Field, h)
	}
}

func TestAuthGoesBeforeAHeaderAndAHeaderBeforeTheURL(t *testing.T) {
	header := []mtlshttp.Header{{Name: "authorization", Value: "Bearer x"}}
	got, _ := sent(t, &mtlshttp.Request{URL: "/", Headers: header, Auth: &mtlshttp.BasicAuth{User: "u", Password: "p"}})
	assert.Equal(t, []string{"Basic dTpw"}, got.Header.Values("Authorization"))

	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("Authorization"))
	}))
	defer srv.Close()
	resp, err := newExecutor(t).Do(t.Context(), &mtlshttp.Request{URL: "http://u:p@" + srv.Listener.Addr().String(), Headers: header})
	require.NoError(t, err)
	assert.Equal(t, "Bearer x", string(resp.Bytes()))
}

func TestAFormSaysThatItIsOne(t *testing.T) {
	form := mtlshttp.Form(mtlshttp.Param{Name: "a", Value: "1"})
	for given, want := range map[string]string{
		"text/plain":                                       "application/x-www-form-urlencoded",
		"APPLICATION/X-WWW-FORM-URLENCODED":                "application/x-www-form-urlencoded",
		"application/x-www-form-urlencoded; charset=utf-8": "application/x-www-form-urlencoded; charset=utf-8",
	} {
		got, body := sent(t, &mtlshttp.Request{Method: "POST", URL: "/", Body: form,
			Headers: []mtlshttp.Header{{Name: "Content-Type", Value: given}}})
		assert.Equal(t, want, got.Header.Get("Content-Type"))
		assert.Equal(t, "a=1", body)
	}
}

func TestFormAsTextIsSentAsItIs(t *testing.T) {
	r := new(mtlshttp.Request)
	require.NoError(t, r.UnmarshalJSON([]byte(`{"url": "/", "method": "post", "bodyType": "x_www_form_urlencoded", "formFields": "a=b c&d='%zz"}`)))
	got, body := sent(t, r)
	assert.Equal(t, "a=b c&d=%27%zz", body)
	assert.Equal(t, "application/x-www-form-urlencoded", got.Header.Get("Content-Type"))
}

func TestRefererOfRedirectsCanBeLeftOut(t *testing.T) {
	var referers []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		referers = append(referers, r.Referer())
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/next", http.StatusFound)
		}
	}))
	defer srv.Close()
	for _, off := range []bool{false, true} {
		_, err := newExecutor(t).Do(t.Context(), &mtlshttp.Request{URL: srv.URL + "/", Redirect: mtlshttp.Redirect{NoReferer: off}})
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"", srv.URL + "/", "", ""}, referers)
}

func TestMethodKeptOverARedirect(t *testing.T) {
	var seen []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen = append(seen, r.Method+" "+string(body)+" "+r.Header.Get("Content-Type"))
		if status, _ := strconv.Atoi(r.URL.Path[1:]); status > 0 {
			w.Header().Set("Location", "/")
			w.WriteHeader(status)
		}
	}))
	defer srv.Close()
	for _, c := range []struct {
		method   string
		status   int
		redirect mtlshttp.Redirect
		want     string
	}{
		{"OPTIONS", 302, mtlshttp.Redirect{}, "OPTIONS x text/plain"},
		{"LINK", 301, mtlshttp.Redirect{}, "LINK x text/plain"},
		{"OPTIONS", 302, mtlshttp.Redirect{All: true}, "GET  "},
		{"PUT", 301, mtlshttp.Redirect{All: true}, "GET  "},
		{"PUT", 301, mtlshttp.Redirect{All: true, KeepMethod: true}, "PUT x text/plain"},
		{"PUT", 303, mtlshttp.Redirect{All: true, KeepMethod: true}, "GET  "},
		{"PUT", 308, mtlshttp.Redirect{All: true}, "PUT x text/plain"},
	} {
		seen = nil
		_, err := newExecutor(t).Do(t.Context(), &mtlshttp.Request{URL: srv.URL + "/" + strconv.Itoa(c.status), Method: c.method,
			Body: mtlshttp.Text("text/plain", "x"), Redirect: c.redirect})
		require.NoError(t, err)
		assert.Equal(t, []string{c.method + " x text/plain", c.want}, seen, c)
	}
}

func TestMethodsThatHaveNoBodyOrNoPlace(t *testing.T) {
	text := mtlshttp.Text("", "x")
	for _, r := range []*mtlshttp.Request{
		{Method: "CONNECT"}, {Method: "HEAD", Body: text}, {Method: "head", Body: mtlshttp.JSON(1)},
	} {
		r.URL = "http://a.test"
		assert.Equal(t, mtlshttp.KindConfig, failureOf(t, r.Validate()).Kind, r.Method)
	}
	for _, r := range []*mtlshttp.Request{
		{Method: "GET", Body: text}, {Method: "HEAD", Body: mtlshttp.Text("text/plain", "")}, {Method: "HEAD", Body: mtlshttp.Form()},
	} {
		r.URL = "http://a.test"
		assert.NoError(t, r.Validate(), r.Method)
	}
}
