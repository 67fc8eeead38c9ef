package mtlshttp

import (
	"context"
	"slices"

	"github.com/mtlshttp/mtlshttp/internal/keyfile"
	"github.com/mtlshttp/mtlshttp/internal/target"
	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// boundIdentity is an identity with the origins that it allows by itself.
type boundIdentity struct {
	identity *wire.Identity
	origins  []target.Pattern
	again    finder // looks its name up again; nil: it has none
}

// finder finds the credential of a name for an origin.
type finder func(context.Context, target.Origin) (*Credential, error)

func (p *plan) bindName(ctx context.Context, source CredentialSource, field, name string) error {
	if source == nil {
		return fault(KindConfig, field, string(keyfile.NoCredential), "there is no keychain to find %q in", name)
	}
	find := func(ctx context.Context, o target.Origin) (*Credential, error) {
		c, err := credentialFor(ctx, source, name, o.String())
		if err != nil {
			return nil, credentialError(field, err)
		}
		if c == nil {
			return nil, fault(KindConfig, field, string(keyfile.NoCredential), "the source returned no credential for %q", name)
		}
		return c, nil
	}
	c, err := find(ctx, p.origin)
	if err != nil {
		return err
	}
	if err := p.bind(c, find); err != nil {
		return credentialError(field, err)
	}
	return nil
}

func (p *plan) bind(c *Credential, again finder) error {
	b, err := p.bound(c)
	if err != nil {
		return err
	}
	b.again = again
	if p.identities == nil {
		p.identities = p.few[:0]
	}
	p.identities = append(p.identities, b)
	return nil
}

func (p *plan) bound(c *Credential) (b boundIdentity, err error) {
	if err := c.usable(p.clock()); err != nil {
		return b, err
	}
	b.identity = c.identity()
	for _, text := range c.Origins {
		pattern, err := target.ParsePattern(text)
		if err != nil {
			return b, fault(KindConfig, "credentials", "origin", "the credential's origins are not all an origin, a host or *.suffix")
		}
		b.origins = append(b.origins, pattern)
	}
	return b, nil
}

// presentable are the identities of a hop.
type presentable struct {
	allowed, refused []*wire.Identity
	owner            *wire.Identity // whose cookies are kept apart; nil: nobody's
}

// present says which identities a hop to an origin may show. A name is looked
// up again for an origin that is not the request's own, since it may stand for
// another credential there, and for clients that were handed out, so that a
// rotation reaches them. The allowed ones go into room, as far as it goes.
func (p *plan) present(ctx context.Context, o target.Origin, room []*wire.Identity) (ids presentable, err error) {
	ids.allowed = room
	for i, b := range p.identities {
		if b.again != nil && p.permits(&b, o) && (p.handedOut || o != p.origin) {
			c, err := b.again(ctx, o)
			if err != nil {
				return ids, err
			}
			if b, err = p.bound(c); err != nil {
				return ids, err
			}
		}
		if p.permits(&b, o) {
			ids.allowed = append(ids.allowed, b.identity)
		} else {
			ids.refused = append(ids.refused, b.identity)
		}
		if i == 0 {
			ids.owner = b.identity
		}
	}
	return ids, nil
}

// permits is the origin rule: whether an identity may be shown to an origin.
func (p *plan) permits(b *boundIdentity, o target.Origin) bool {
	return o == p.origin || matches(p.origins, o) || matches(b.origins, o)
}

func matches(patterns []target.Pattern, o target.Origin) bool {
	return slices.ContainsFunc(patterns, func(p target.Pattern) bool { return p.Matches(o) })
}
