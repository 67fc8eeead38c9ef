package mtlshttp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/slack"
)

// countdown redirects from /9 to /8 and so on to /0.
func countdown(w http.ResponseWriter, a *arrival) {
	if left, _ := strconv.Atoi(strings.TrimPrefix(a.URL.Path, "/")); left > 0 {
		http.Redirect(w, a.Request, fmt.Sprintf("/%d?t=hunter2", left-1), http.StatusFound)
	}
}

// bodies counts the response bodies that are open.
type bodies struct {
	http.RoundTripper
	open, read *atomic.Int64
}

func (b bodies) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(req)
	if err == nil {
		b.open.Add(1)
		resp.Body = &countedBody{ReadCloser: resp.Body, bodies: b}
	}
	return resp, err
}

type countedBody struct {
	io.ReadCloser
	bodies
	closed atomic.Bool
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Add(int64(n))
	return n, err
}

func (b *countedBody) Close() error {
	if !b.closed.Swap(true) {
		b.open.Add(-1)
	}
	return b.ReadCloser.Close()
}

func TestRedirectLimits(t *testing.T) {
	n := newNetwork(t, "http://a.test")
	var open, read atomic.Int64
	e := n.executor()
	e.Wrap = func(inner http.RoundTripper) http.RoundTripper { return bodies{inner, &open, &read} }
	t.Run("RED-17", func(t *testing.T) {
		for _, c := range []struct{ max, hops, want int }{{0, 10, 0}, {0, 11, 11}, {20, 20, 0}, {20, 21, 21}, {1, 1, 0}, {1, 2, 2}, {-1, 1, 1}, {0, 1000, 11}} {
			for name, send := range senders {
				n.behave(countdown)
				r := n.request(fmt.Sprintf("http://a.test/%d", c.hops))
				r.Redirect.Max = c.max
				got := send(t.Context(), &mtlshttp.Session{Executor: e}, r)
				assert.Zero(t, open.Load(), "a body is open")
				if c.want == 0 {
					require.NoError(t, got.err, "%s %+v", name, c)
					assert.Len(t, n.seen(), c.hops+1)
					continue
				}
				f := failureOf(t, got.err)
				assert.Equal(t, mtlshttp.KindRedirect, f.Kind)
				assert.Equal(t, "too-many", f.Reason)
				require.Len(t, f.Hops, c.want)
				assert.Len(t, n.seen(), c.want)
				for i, h := range f.Hops {
					assert.Equal(t, 302, h.StatusCode)
					assert.NotContains(t, h.URL, "hunter2")
					if i > 0 {
						assert.Equal(t, fmt.Sprintf("http://a.test/%d?t=***", c.hops-i), h.URL)
					}
				}
				assert.NotContains(t, f.Error(), "hunter2") // around it, net/http's own says where it stood
			}
		}
	})
	t.Run("RED-24", func(t *testing.T) {
		endings := map[string]func(http.ResponseWriter, *arrival){
			"endless": func(w http.ResponseWriter, a *arrival) {
				for block := make([]byte, 32<<10); a.Context().Err() == nil; {
					if _, err := w.Write(block); err != nil {
						return
					}
				}
			},
			"silent": func(w http.ResponseWriter, a *arrival) {
				_ = http.NewResponseController(w).Flush()
				<-a.Context().Done()
			},
			"1 GiB announced": func(w http.ResponseWriter, a *arrival) {
				w.Header().Set("Content-Length", strconv.Itoa(1<<30))
				_ = http.NewResponseController(w).Flush()
				<-a.Context().Done()
			},
		}
		for name, ending := range endings {
			n.behave(func(w http.ResponseWriter, a *arrival) {
				if a.URL.Path == "/next" {
					return
				}
				w.Header().Set("Location", "/next")
				if name != "1 GiB announced" {
					w.WriteHeader(http.StatusFound)
				} else {
					w.Header().Set("Content-Length", strconv.Itoa(1<<30))
					w.WriteHeader(http.StatusFound)
				}
				ending(w, a)
			})
			for way, send := range senders {
				read.Store(0)
				begun := time.Now()
				got := send(t.Context(), &mtlshttp.Session{Executor: e}, n.request("http://a.test/"))
				require.NoError(t, got.err, "%s, %s", name, way)
				assert.Equal(t, 200, got.status)
				assert.Less(t, time.Since(begun), slack.For(5*time.Second))
				assert.LessOrEqual(t, read.Load(), int64(64<<10+1))
				assert.Zero(t, open.Load())
			}
		}
	})
	t.Run("RED-24 a small body leaves the connection", func(t *testing.T) {
		n.behave(func(w http.ResponseWriter, a *arrival) {
			w.Header().Set("X-Remote", a.RemoteAddr)
			if a.URL.Path == "/" {
				w.Header().Set("Location", "/next")
				w.WriteHeader(http.StatusFound)
				_, _ = w.Write(make([]byte, 60<<10))
			}
		})
		_, err := n.executor().Do(t.Context(), n.request("http://a.test/"))
		require.NoError(t, err)
		require.Len(t, n.seen(), 2)
		assert.Equal(t, n.seen()[0].RemoteAddr, n.seen()[1].RemoteAddr)
	})
	t.Run("RED-25", func(t *testing.T) {
		n.eachSender(t, func(t *testing.T, send sender) {
			n.behave(func(w http.ResponseWriter, a *arrival) {
				select {
				case <-time.After(300 * time.Millisecond):
				case <-a.Context().Done():
				}
				countdown(w, a)
			})
			r := n.request("http://a.test/9")
			r.Timeout = 2 * time.Second
			begun := time.Now()
			err := send(r).err
			assert.GreaterOrEqual(t, time.Since(begun), r.Timeout) // that it is prompt is measured in a bubble
			assert.Less(t, time.Since(begun), 10*time.Second)
			f := failureOf(t, err)
			assert.Equal(t, mtlshttp.KindTimeout, f.Kind)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.GreaterOrEqual(t, len(f.Hops), 2)
		})
	})
}

func TestRedirectWithABody(t *testing.T) {
	n := newNetwork(t, "http://a.test")
	for _, status := range []int{307, 308} {
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			t.Run(fmt.Sprintf("RED-19 %d %s", status, method), func(t *testing.T) {
				once := func() io.Reader { return io.MultiReader(strings.NewReader("body")) }
				n.redirect(status, map[string]string{"http://a.test/": "/next"})
				r := n.request("http://a.test/")
				r.Method, r.Redirect.All = method, true
				r.Body = mtlshttp.Reader("text/plain", once(), 4)
				_, err := n.executor().Do(t.Context(), r)
				f := failureOf(t, err)
				assert.Equal(t, mtlshttp.KindRedirect, f.Kind)
				assert.Equal(t, "body-not-replayable", f.Reason)
				assert.ErrorIs(t, err, mtlshttp.ErrNotReplayable)
				assert.Equal(t, status, f.Response.StatusCode)

				client, err := n.executor().Client(t.Context(), r)
				require.NoError(t, err)
				req, err := http.NewRequestWithContext(t.Context(), method, r.URL, once())
				require.NoError(t, err)
				_, err = client.Do(req)
				assert.Equal(t, "body-not-replayable", failureOf(t, err).Reason)
				assert.Len(t, n.seen(), 2)

				r.Body = mtlshttp.Reader("text/plain", strings.NewReader("body"), -1)
				_, err = n.executor().Do(t.Context(), r)
				require.NoError(t, err)
				assert.Equal(t, "body", n.last().Sent, "one that can be rewound goes again")
				assert.Equal(t, method+" http://a.test/next", n.last().String())
			})
		}
	}
	t.Run("RED-19 it does not matter where nothing is followed", func(t *testing.T) {
		n.redirect(307, map[string]string{"http://a.test/": "/next"})
		r := n.request("http://a.test/")
		r.Method, r.Body = "POST", mtlshttp.Reader("text/plain", io.MultiReader(strings.NewReader("body")), -1)
		resp, err := n.executor().Do(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, 307, resp.StatusCode)
		assert.Equal(t, "/next", resp.Header("Location"))
	})
	t.Run("RED-19 nor where the method becomes GET", func(t *testing.T) {
		n.redirect(303, map[string]string{"http://a.test/": "/next"})
		r := n.request("http://a.test/")
		r.Method, r.Redirect.All = "POST", true
		r.Body = mtlshttp.Reader("text/plain", io.MultiReader(strings.NewReader("body")), -1)
		_, err := n.executor().Do(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, "GET http://a.test/next", n.last().String())
	})
	t.Run("RED-19 nor after it has become GET", func(t *testing.T) {
		n.behave(func(w http.ResponseWriter, a *arrival) {
			switch a.URL.Path {
			case "/":
				http.Redirect(w, a.Request, "/two", http.StatusSeeOther)
			case "/two":
				http.Redirect(w, a.Request, "/three", http.StatusPermanentRedirect)
			}
		})
		r := n.request("http://a.test/")
		r.Redirect.All = true
		client, err := n.executor().Client(t.Context(), r)
		require.NoError(t, err)
		resp, err := client.Post("http://a.test/", "text/plain", io.MultiReader(strings.NewReader("body")))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, []string{"POST http://a.test/", "GET http://a.test/two", "GET http://a.test/three"}, n.way())
	})
	t.Run("RED-21 headers that Client adds go with the body too", func(t *testing.T) {
		n.redirect(303, map[string]string{"http://a.test/": "/next"})
		r := n.request("http://a.test/")
		r.Method, r.Redirect.All = "POST", true
		r.Headers = append(with("Content-Type", "text/csv"), with("Content-Language", "en")...)
		client, err := n.executor().Client(t.Context(), r)
		require.NoError(t, err)
		resp, err := client.Post("http://a.test/", "text/csv", strings.NewReader("a"))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, "en", n.seen()[0].Header.Get("Content-Language"))
		assert.Empty(t, n.last().Header.Values("Content-Type"))
		assert.Empty(t, n.last().Header.Values("Content-Language"))
	})
}
