//go:build temporalserver

package server

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// service does each order once by its idempotency key: a key that it has seen
// gets the first answer again, and waits for it where it is still being done. It
// is this that makes a request done once; the engine makes it done at least once.
type service struct {
	mu     sync.Mutex
	orders map[string]*order
	first  []string // the keys in the order of their arrival
	// stall is the path whose first answer never comes; stalled is closed when
	// its order was done.
	stall   string
	stalled chan struct{}
}

type order struct {
	done         chan struct{}
	path, answer string
	arrivals     int // of the key
}

func newService(stall string) *service {
	return &service{orders: make(map[string]*order), stall: stall, stalled: make(chan struct{})}
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if fault := forbidden(r); fault != "" {
		http.Error(w, fault, http.StatusForbidden)
		return
	}
	key := r.Header.Get("Idempotency-Key")
	s.mu.Lock()
	o, known := s.orders[key]
	if !known {
		o = &order{done: make(chan struct{}), path: r.URL.Path}
		s.orders[key] = o
		s.first = append(s.first, key)
	}
	o.arrivals++
	number := len(s.first)
	s.mu.Unlock()

	if known {
		<-o.done
	} else {
		time.Sleep(20 * time.Millisecond) // the order takes a while
		o.answer = fmt.Sprintf(`{"order": %d, "for": %q, "note": %q}`, number, r.TLS.PeerCertificates[0].Subject.CommonName, canaryAnswer)
		close(o.done)
		if r.URL.Path == s.stall {
			close(s.stalled)
			<-r.Context().Done() // the order is done and the answer is lost
			return
		}
	}
	if o.path != r.URL.Path {
		http.Error(w, "the key was another order's", http.StatusUnprocessableEntity)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "session", Value: canaryCookie, Secure: true, HttpOnly: true})
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, o.answer)
}

// forbidden says what a request lacks: the worker resolves every name, and the
// cookie comes from the request before.
func forbidden(r *http.Request) string {
	_, password, _ := r.BasicAuth()
	cookie, err := r.Cookie("session")
	switch {
	case r.Header.Get("Idempotency-Key") == "":
		return "no key"
	case r.Header.Get("X-Token") != "Bearer "+canaryToken || password != canaryAccount:
		return "no secret"
	case r.URL.Path != "/order/1" && (err != nil || cookie.Value != canaryCookie):
		return "no session"
	}
	return ""
}
