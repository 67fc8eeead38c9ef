// Package step runs a request as one step of a workflow engine. It is what the
// examples for Temporal and River have in common, and knows neither.
//
// An engine stores what it is given, in the clear or sealed, shows it to people,
// and does a step again when a worker is lost. So a Step holds names of secrets
// and credentials, and the worker's Runner resolves them; a Result is bounded,
// and what is larger goes to a store; a Fault is what may be kept of an error.
package step

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mtlshttp/mtlshttp"
)

// Step is a request as an engine stores it.
type Step struct {
	// Request is the request document. Its form files name bodies of the store.
	Request json.RawMessage `json:"request"`
	// Secrets are headers that the worker adds: the header's name, and the name
	// of the secret that is its value.
	Secrets map[string]string `json:"secrets,omitempty"`
	// Auth is basic authentication; nil: none.
	Auth *Auth `json:"auth,omitempty"`
	// Send is the reference of a stored body to send, of the type SendType.
	Send     string `json:"send,omitempty"`
	SendType string `json:"sendType,omitempty"`
	// Keep puts the response's body into the store whatever its size, as it
	// comes; it is not parsed then.
	Keep bool `json:"keep,omitempty"`
	// Once sends no idempotency key, and has the engine try once: for a server
	// that does not know its own repetitions.
	Once bool `json:"once,omitempty"`
}

// Auth is a user, and the name of the secret that is the password.
type Auth struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

// New makes a step of a request. One that holds a secret in the clear is
// refused: a password, the value of a header that is secret by name or by
// Request.Secret, a user in its URL.
func New(r *mtlshttp.Request) (Step, error) {
	if err := r.Validate(); err != nil {
		return Step{}, err
	}
	if err := inTheClear(r); err != nil {
		return Step{}, err
	}
	document, err := json.Marshal(r)
	return Step{Request: document}, err
}

func inTheClear(r *mtlshttp.Request) error {
	if r.Auth != nil && r.Auth.Secret == "" {
		return refuse("authPass", "secret", "a password in the document; name it in the step's auth")
	}
	if _, after, found := strings.Cut(r.URL, "://"); found {
		if end := strings.IndexAny(after+"/", "/?#\\"); strings.Contains(after[:end], "@") {
			return refuse("url", "secret", "a user in the URL; name the password in the step's auth")
		}
	}
	for _, shown := range r.Redacted().Headers {
		if shown.Value == "***" {
			return refuse("headers", "secret", "the value of %s in the document; name it in the step's secrets", shown.Name)
		}
	}
	return nil
}

// request reads the document.
func (s *Step) request() (*mtlshttp.Request, error) {
	var r mtlshttp.Request
	if err := json.Unmarshal(s.Request, &r); err != nil {
		if known := (*mtlshttp.Error)(nil); errors.As(err, &known) {
			return nil, known
		}
		return nil, refuse("request", "document", "%w", err)
	}
	return &r, inTheClear(&r)
}

// Timeout is the request's own, by which an engine knows how long a step may take;
// of a document that cannot be read, and of one that has none, it is 40 s.
func (s *Step) Timeout() time.Duration {
	if r, err := s.request(); err == nil && r.Timeout > 0 {
		return r.Timeout
	}
	return 40 * time.Second
}

// safe says that a method changes nothing on the server (RFC 9110, section
// 9.2.1), so that a key means nothing to it.
func safe(method string) bool {
	return slices.Contains([]string{"", "GET", "HEAD", "OPTIONS", "TRACE"}, strings.ToUpper(method))
}

// refuse is a fault of the step itself: trying again does not help.
func refuse(field, reason, format string, args ...any) *mtlshttp.Error {
	return &mtlshttp.Error{Kind: mtlshttp.KindConfig, Reason: reason, Phase: "resolve", Type: "InvalidConfigurationError",
		Field: field, Err: fmt.Errorf(format, args...)}
}
