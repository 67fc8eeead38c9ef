package main

import (
	"crypto/subtle"
	"net"
	"net/http"
	"strings"
)

// The page's own files are all that it may load, nothing may frame it, and no
// text ever becomes markup (require-trusted-types-for without any policy).
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// guard lets in who knows the token, has come by the address itself and not by
// a name that was pointed at it, and was not sent by another site.
func (s *server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		switch {
		case !s.isHost(r.Host):
			http.Error(w, "This page answers under its own address alone.", http.StatusMisdirectedRequest)
		case !sameOrigin(r):
			http.Error(w, "Another site asked for this.", http.StatusForbidden)
		case !s.knowsToken(r.URL.Path):
			http.Error(w, "The address lacks its token. It was printed when the program started.", http.StatusForbidden)
		case r.Method == http.MethodPost && r.Header.Get("Content-Type") != "application/json":
			http.Error(w, "Calls are application/json.", http.StatusUnsupportedMediaType)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// isHost holds off names of other sites that resolve to this machine.
func (s *server) isHost(host string) bool {
	_, port, err := net.SplitHostPort(s.listener.Addr().String())
	return err == nil && (host == s.listener.Addr().String() || host == "localhost:"+port)
}

func sameOrigin(r *http.Request) bool {
	if origin, ok := r.Header["Origin"]; ok && (len(origin) != 1 || origin[0] != "http://"+r.Host) {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin":
		return true
	case "none": // typed, or opened from a bookmark
		return r.Method == http.MethodGet
	}
	// A link on another site, or in a mail, may open the page and nothing else.
	return r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document" &&
		strings.Count(r.URL.Path, "/") == 2 && strings.HasSuffix(r.URL.Path, "/")
}

func (s *server) knowsToken(path string) bool {
	token, _, found := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return found && subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) == 1
}
