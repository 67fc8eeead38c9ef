package main

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/mtlshttp/mtlshttp"
)

// platformName is the entry that is presented where a request asks for the
// platform's own certificate.
const platformName = "platform"

// store keeps credentials and roots by name, in memory alone. It is what the
// executors resolve names by.
type store struct {
	mu      sync.Mutex
	entries map[string]*entry
}

// entry is a credential or, without one, roots.
type entry struct {
	credential *mtlshttp.Credential
	roots      []*x509.Certificate
	sample     bool // it came with the program
}

func newStore() *store { return &store{entries: map[string]*entry{}} }

// checkName takes what a person can read and tell apart.
func checkName(name string) error {
	switch {
	case name == "":
		return fieldError("name", "a name is missing")
	case len(name) > 80:
		return fieldError("name", "the name is longer than 80 bytes")
	case strings.TrimSpace(name) != name || strings.ContainsFunc(name, unicode.IsControl):
		return fieldError("name", "the name has blanks around it, or control characters")
	}
	return nil
}

func fieldError(field, text string) error {
	return &mtlshttp.Error{Kind: mtlshttp.KindConfig, Field: field, Phase: "validate", Type: "InvalidConfigurationError", Err: errors.New(text)}
}

// put keeps an entry under a name that is free.
func (s *store) put(name string, e *entry) error {
	if err := checkName(name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries[name] != nil {
		return fieldError("name", "the name is taken")
	}
	s.entries[name] = e
	return nil
}

func (s *store) rename(from, to string) error {
	if err := checkName(to); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e := s.entries[from]; {
	case e == nil:
		return fieldError("name", "there is no such entry")
	case from == to:
	case s.entries[to] != nil:
		return fieldError("name", "the name is taken")
	default:
		s.entries[to] = e
		delete(s.entries, from)
	}
	return nil
}

func (s *store) remove(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries[name] == nil {
		return fieldError("name", "there is no such entry")
	}
	delete(s.entries, name)
	return nil
}

func (s *store) get(name string) (*entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[name]; e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("no entry is named %q", name)
}

// Credential implements mtlshttp.CredentialSource.
func (s *store) Credential(_ context.Context, name string) (*mtlshttp.Credential, error) {
	e, err := s.get(name)
	if err == nil && e.credential == nil {
		err = fmt.Errorf("%q holds authorities to trust and no credential", name)
	}
	if err != nil {
		return nil, err
	}
	return e.credential, nil
}

// Roots implements mtlshttp.RootSource.
func (s *store) Roots(_ context.Context, name string) ([]*x509.Certificate, error) {
	e, err := s.get(name)
	if err == nil && len(e.roots) == 0 {
		err = fmt.Errorf("%q holds a credential and no authorities to trust", name)
	}
	if err != nil {
		return nil, err
	}
	return e.roots, nil
}

// listed is what the page learns of an entry: certificates, never a key.
type listed struct {
	Name   string                     `json:"name"`
	Use    string                     `json:"use"` // credential or roots
	Sample bool                       `json:"sample"`
	Key    string                     `json:"key,omitempty"` // its type
	Chain  []mtlshttp.CertificateInfo `json:"chain"`         // a credential's from its leaf on; all roots
	State  string                     `json:"state"`         // good, ending within 30 days, ended, early
}

func (s *store) list(now time.Time) []listed {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]listed, 0, len(s.entries))
	for name, e := range s.entries {
		l := listed{Name: name, Use: "roots", Sample: e.sample}
		for _, c := range e.roots {
			l.Chain = append(l.Chain, infoOf(c))
		}
		if e.credential != nil {
			report := e.credential.Report()
			l.Use, l.Key = "credential", report.PublicKey
			l.Chain = append([]mtlshttp.CertificateInfo{infoOf(e.credential.Leaf())}, report.Chain...)
		}
		l.State = stateOf(l.Chain[0], now)
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b listed) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return out
}

func stateOf(c mtlshttp.CertificateInfo, now time.Time) string {
	switch {
	case now.After(c.NotAfter):
		return "ended"
	case now.Before(c.NotBefore):
		return "early"
	case c.NotAfter.Sub(now) < 30*24*time.Hour:
		return "ending"
	}
	return "good"
}

func infoOf(c *x509.Certificate) mtlshttp.CertificateInfo {
	sum := sha256.Sum256(c.Raw)
	return mtlshttp.CertificateInfo{Subject: c.Subject.String(), Issuer: c.Issuer.String(), SHA256: hex.EncodeToString(sum[:]),
		NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC()}
}
