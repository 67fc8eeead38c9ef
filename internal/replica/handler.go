package replica

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
)

// Handler answers by the server's pages what is refused after the handshake,
// and leaves the rest to next.
func (r *Replica) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		c, ok := req.Context().Value(connKey{}).(*conn)
		if !ok { // TLS or ConnContext is not ours
			http.Error(w, "this connection was not made by the test server", http.StatusInternalServerError)
			return
		}
		if r.manners.server != "" {
			w.Header().Set("Server", r.manners.server)
		}
		switch status, reason := r.refusal(c, req); {
		case status == askAnew:
			r.demandAnew(c, w, req)
		case status != 0:
			r.manners.show(w, status, reason)
		case r.config.Stall == StageHeaders || r.config.Stall == StageBody:
			r.stall(w, req)
		default:
			next.ServeHTTP(w, req)
		}
	})
}

// askAnew in the place of a status: the certificate is asked for now.
const askAnew = -1

// refusal is the status and reason by which a request is refused; 0: it is not.
func (r *Replica) refusal(c *conn, req *http.Request) (status int, reason string) {
	m := r.manners
	covered := r.config.Demand != DemandPerPath || strings.HasPrefix(req.URL.Path, r.config.Path)
	switch f := c.found; {
	case f == refused:
		return r.config.Refusal.Status, ""
	case f == notAllowed && !r.config.Allowed(req.TLS.PeerCertificates[0]): // it may be on the list by now
		return http.StatusForbidden, ""
	case m.asksAnew && r.config.Demand == DemandPerPath && covered:
		return askAnew, ""
	case f == none, f == notAllowed:
		return 0, ""
	case f != missing && m.way == byPage:
		return http.StatusBadRequest, nginxInvalid
	case f != missing: // the application was told
		return http.StatusForbidden, ""
	case r.config.Demand == DemandRequire: // else the handshake would have ended
		return http.StatusBadRequest, nginxMissing
	case r.config.Demand == DemandPerPath && covered:
		return http.StatusForbidden, ""
	}
	return 0, ""
}

// demandAnew is how Apache asks for a certificate when it has read the path.
// Neither way comes to an end: Go's servers have no second handshake.
func (r *Replica) demandAnew(c *conn, w http.ResponseWriter, req *http.Request) {
	switch {
	case req.ProtoMajor == 2:
		panic(http.ErrAbortHandler) // the stream's reset is made HTTP_1_1_REQUIRED, see resetsStreams
	case req.TLS.Version == tls.VersionTLS13:
		r.manners.show(w, http.StatusForbidden, apachePostHandshake)
	default:
		_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, req.Body, 1<<20))
		raw, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer raw.Close()
		if t, ok := raw.(*tls.Conn); ok {
			_ = c.askAnew(t) // the client has refused it, or has gone
		}
	}
}

// stall takes the request and leaves the answer out, or its end, until the
// client goes or the server closes.
func (r *Replica) stall(w http.ResponseWriter, req *http.Request) {
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, req.Body, 1<<30))
	if r.config.Stall == StageBody {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "the beginning")
		_ = http.NewResponseController(w).Flush()
	}
	select {
	case <-req.Context().Done():
	case <-r.closed:
	}
	panic(http.ErrAbortHandler)
}
