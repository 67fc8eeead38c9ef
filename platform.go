package mtlshttp

import (
	"slices"

	"github.com/mtlshttp/mtlshttp/internal/keyfile"
	"github.com/mtlshttp/mtlshttp/internal/target"
)

// Platform is a platform's own identity, as a data centre has one, while its
// certificate is replaced. The services that it calls keep the certificate on
// an allowlist, and each takes up the new one at its own time: so there are
// generations, and each origin gets its own.
//
// Generations are names of other entries of the keychain, in memory or in
// files. A certificate of which only the public PEM is there has its key from
// CredentialFiles.PrivateKey or Signer; without one it is of reason no-key.
type Platform struct {
	Current  string `json:"current"` // for every origin that is not named below
	Previous string `json:"previous,omitempty"`
	Next     string `json:"next,omitempty"`

	// PreviousFor and NextFor are the origins that get these generations, in
	// the forms of Credential.Origins; NextFor goes first. They choose, and
	// permit nothing: to which further origins a certificate may be shown is
	// said by Credential.Origins.
	PreviousFor []string `json:"previousFor,omitempty"`
	NextFor     []string `json:"nextFor,omitempty"`
}

// platform is a Platform made ready.
type platform struct {
	Platform
	previousFor, nextFor []target.Pattern
}

// AddPlatform keeps a platform identity under a name; what had that name gives
// way, so that the change-over is another call. Requests that are under way
// keep their certificate, those that come after get the one that is meant for
// them, on connections of its own.
func (k *Keychain) AddPlatform(name string, p Platform) error {
	if p.Current == "" || len(p.PreviousFor) > 0 && p.Previous == "" || len(p.NextFor) > 0 && p.Next == "" {
		return fault(KindConfig, "keychain", string(keyfile.NoCredential),
			"a platform identity has a current generation, and a previous and a next one where origins are to get it")
	}
	if slices.Contains([]string{p.Current, p.Previous, p.Next}, name) {
		return fault(KindConfig, "keychain", "platform", "the platform identity %q names itself", name)
	}
	made := &platform{Platform: p}
	var err error
	if made.previousFor, err = parsePatterns(p.PreviousFor); err != nil {
		return err
	}
	if made.nextFor, err = parsePatterns(p.NextFor); err != nil {
		return err
	}
	k.put(name, keychainEntry{platform: made})
	return nil
}

func parsePatterns(texts []string) ([]target.Pattern, error) {
	var patterns []target.Pattern
	for _, text := range texts {
		pattern, err := target.ParsePattern(text)
		if err != nil {
			return nil, fault(KindConfig, "keychain", "origin", "a platform identity's origins are not all an origin, a host or *.suffix")
		}
		patterns = append(patterns, pattern)
	}
	return patterns, nil
}

// generation names the entry that an origin gets; nil: the current one.
func (p *platform) generation(o *target.Origin) string {
	switch {
	case o != nil && matches(p.nextFor, *o):
		return p.Next
	case o != nil && matches(p.previousFor, *o):
		return p.Previous
	}
	return p.Current
}
