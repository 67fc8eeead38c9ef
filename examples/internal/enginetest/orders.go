package enginetest

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Orders is a service that does each order once by its idempotency key: a key
// that it has seen gets the first answer again, and waits for it where the order
// is still being done. It is this that makes a request done once; an engine makes
// it done at least once.
//
// An order is a request to /order/N. It needs the token, the account's password,
// and from the second on the cookie that the one before was given.
type Orders struct {
	// Stall is the path whose first answer never comes: the order is done, and
	// Stalled is closed.
	Stall   string
	Stalled chan struct{}

	mu    sync.Mutex
	byKey map[string]*Order
	all   []*Order
}

// Order is one of them.
type Order struct {
	Path     string
	Arrivals int // of its key
	done     chan struct{}
	answer   string
}

// NewOrders makes a service that stalls at a path; empty: at none.
func NewOrders(stall string) *Orders {
	return &Orders{Stall: stall, Stalled: make(chan struct{}), byKey: make(map[string]*Order)}
}

// Done are the orders that were done, in their order. Each has another key.
func (s *Orders) Done() []Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	var done []Order
	for _, o := range s.all {
		done = append(done, Order{Path: o.Path, Arrivals: o.Arrivals})
	}
	return done
}

// arrive finds a key's order, or makes it.
func (s *Orders) arrive(r *http.Request) (o *Order, number int, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := r.Header.Get("Idempotency-Key")
	o, known = s.byKey[key]
	if !known {
		o = &Order{Path: r.URL.Path, done: make(chan struct{})}
		s.byKey[key] = o
		s.all = append(s.all, o)
	}
	o.Arrivals++
	return o, len(s.all), known
}

// ServeHTTP implements http.Handler.
func (s *Orders) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if fault := refused(r); fault != "" {
		http.Error(w, fault, http.StatusForbidden)
		return
	}
	o, number, known := s.arrive(r)
	if known {
		<-o.done
	} else {
		time.Sleep(20 * time.Millisecond) // an order takes a while
		o.answer = fmt.Sprintf(`{"order": %d, "for": %q, "note": %q}`, number, r.TLS.PeerCertificates[0].Subject.CommonName, answer)
		close(o.done)
		if r.URL.Path == s.Stall {
			close(s.Stalled)
			<-r.Context().Done() // the order is done and its answer lost
			return
		}
	}
	if o.Path != r.URL.Path {
		http.Error(w, "the key is another order's", http.StatusUnprocessableEntity)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "session", Value: cookie, Secure: true, HttpOnly: true})
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, o.answer)
}

// refused says what a request lacks.
func refused(r *http.Request) string {
	_, password, _ := r.BasicAuth()
	session, err := r.Cookie("session")
	switch {
	case r.Header.Get("Idempotency-Key") == "":
		return "no key"
	case r.Header.Get("X-Token") != token || password != accountPassword:
		return "no secret"
	case r.URL.Path != "/order/1" && (err != nil || session.Value != cookie):
		return "no session"
	}
	return ""
}
