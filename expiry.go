package mtlshttp

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"
)

const day = 24 * time.Hour

// reminders are how long before its end a certificate is told of by default.
var reminders = []time.Duration{30 * day, 14 * day, 7 * day, 1 * day}

// watchEvery is how often OnExpiring looks for files that have changed.
const watchEvery = time.Hour

// Expiry is a certificate of a keychain and the time that it has left.
type Expiry struct {
	Name        string // of the entry
	Certificate CertificateInfo
	Left        time.Duration // until its end, negative since
}

// String says it in one line.
func (e Expiry) String() string {
	end := e.Certificate.NotAfter.UTC().Format(time.DateTime) + " UTC"
	if e.Left < 0 {
		return fmt.Sprintf("%q: %s expired on %s", e.Name, printable(e.Certificate.Subject), end)
	}
	return fmt.Sprintf("%q: %s ends on %s, in %d days", e.Name, printable(e.Certificate.Subject), end, e.Left/day)
}

// Expiring lists the certificates that end within a time or have ended, the
// first to end in front: credentials, their chains, and authorities. Its error
// joins those of entries that could not be read; the others are listed beside
// it.
func (k *Keychain) Expiring(ctx context.Context, within time.Duration) ([]Expiry, error) {
	all, faults := k.expiries(ctx)
	soon := slices.DeleteFunc(all, func(e Expiry) bool { return e.Left > within })
	errs := make([]error, 0, len(faults))
	for _, name := range k.Names() {
		if err := faults[name]; err != nil {
			errs = append(errs, fmt.Errorf("%q: %w", name, err))
		}
	}
	return soon, errors.Join(errs...)
}

// expiries lists every certificate once for each entry that has it, in the
// order of their ends, and what is wrong with entries by name.
func (k *Keychain) expiries(ctx context.Context) ([]Expiry, map[string]error) {
	now := k.now()
	var all []Expiry
	faults := make(map[string]error)
	for _, name := range k.Names() {
		if e, ok := k.entry(name); !ok || e.platform != nil {
			continue // its generations are entries themselves
		}
		h, err := k.hold(ctx, name, nil)
		if err != nil {
			faults[name] = err
			continue
		}
		for _, info := range h.certificates() {
			all = append(all, Expiry{name, info, info.NotAfter.Sub(now)})
		}
	}
	slices.SortStableFunc(all, func(a, b Expiry) int { return a.Certificate.NotAfter.Compare(b.Certificate.NotAfter) })
	return all, faults
}

// certificates are what h holds, each once. They are told once: a watch asks
// every hour.
func (h *holding) certificates() []CertificateInfo {
	h.once.Do(func() {
		seen := make(map[string]bool)
		for _, c := range slices.Concat(h.chain, h.roots) {
			if info := infoOf(c); !seen[info.SHA256] {
				seen[info.SHA256] = true
				h.infos = append(h.infos, info)
			}
		}
	})
	return h.infos
}

func infoOf(c *x509.Certificate) CertificateInfo {
	subject, issuer := distinguishedNames(c)
	return CertificateInfo{subject, issuer, fingerprint(c.Raw), c.NotBefore.UTC(), c.NotAfter.UTC()}
}

// OnExpiring calls remind when a certificate has no more than one of the times
// left; none given: 30, 14, 7 and 1 days. Each certificate is told of once for
// each time, and one that has several behind it when it is first seen once in
// all. Entries that cannot be read are told to OnError. The calls come from one
// goroutine of its own, one after the other; stop ends it and waits for it, so
// remind must not call stop.
func (k *Keychain) OnExpiring(remind func(Expiry), left ...time.Duration) (stop func()) {
	if len(left) == 0 {
		left = reminders
	}
	w := &watch{keychain: k, remind: remind, times: slices.Sorted(slices.Values(left))}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

// watch is one OnExpiring.
type watch struct {
	keychain *Keychain
	remind   func(Expiry)
	times    []time.Duration // ascending
	told     map[toldOf]time.Duration
	faults   map[string]string
}

type toldOf struct{ name, sha256 string }

func (w *watch) run(ctx context.Context) {
	for {
		timer := time.NewTimer(w.look(ctx))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// look tells of what is due and says how long to wait for what is due next.
func (w *watch) look(ctx context.Context) time.Duration {
	wait := watchEvery
	all, faults := w.keychain.expiries(ctx)
	told := make(map[toldOf]time.Duration)
	for _, e := range all {
		key := toldOf{e.Name, e.Certificate.SHA256}
		at := slices.IndexFunc(w.times, func(t time.Duration) bool { return e.Left <= t })
		switch before, ok := w.told[key]; {
		case at < 0: // none is due
			at = len(w.times)
		case !ok || w.times[at] < before:
			if ctx.Err() == nil {
				w.remind(e)
			}
			fallthrough
		default:
			told[key] = w.times[at]
		}
		if at > 0 {
			wait = min(wait, e.Left-w.times[at-1])
		}
	}
	w.told = told
	w.complain(faults)
	return wait
}

// complain tells of faults that were not there at the look before.
func (w *watch) complain(faults map[string]error) {
	said := make(map[string]string)
	for name, err := range faults {
		said[name] = err.Error()
		if tell := w.keychain.OnError; tell != nil && w.faults[name] != said[name] {
			tell(name, err)
		}
	}
	w.faults = said
}
