package keyfile

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/certificate"
	"github.com/mtlshttp/mtlshttp/internal/corpus"
	"github.com/mtlshttp/mtlshttp/internal/slack"
)

// manifestKey and manifestEntry are manifest.json of the corpus.
type manifestKey struct {
	Type, Curve string
	Bits        int
	SPKISHA256  string `json:"spkiSha256"`
}

type manifestEntry struct {
	File, Category, Tier string
	Passwords            []string
	KeyPasswords         map[string]string
	OrError, ErrorAlso   []Kind
	Negatives            []struct {
		Password  *string
		Error, Or Kind
	}
	Expect struct {
		Error          Kind
		Keys           int
		CertSHA256     []string `json:"certSha256"`
		PrivateKey     *manifestKey
		AllKeys        []manifestKey
		Identities     int
		KeyMatchesLeaf bool
		LeafSubject    string
		LeafSHA256     string `json:"leafSha256"`
		LeafNotAfter   string
		Aliases        []string
		TLSUsable      *bool
		PairError      Kind
	}
}

func (e *manifestEntry) options() Options {
	o := Options{Password: []byte{}}
	if len(e.Passwords) > 0 {
		o.Password = []byte(e.Passwords[0])
	}
	for _, text := range e.KeyPasswords {
		o.KeyPassword = []byte(text)
	}
	return o
}

// tally counts cases and keeps the misses.
type tally struct {
	passed, total int
	missed        []string
}

func (t *tally) add(id, miss string) {
	t.total++
	if miss == "" {
		t.passed++
		return
	}
	t.missed = append(t.missed, id+": "+miss)
}

func (t *tally) share() float64 { return float64(t.passed) / float64(max(t.total, 1)) }

func TestConformance(t *testing.T) {
	t.Run("credentials", func(t *testing.T) {
		folder := corpus.Folder(t, "credentials", "MTLSHTTP_CREDENTIALS")
		text, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
		require.NoError(t, err)
		var manifest []*manifestEntry
		require.NoError(t, json.Unmarshal(text, &manifest))

		var all, must, identities, negatives, details tally
		for _, e := range manifest {
			file, err := os.ReadFile(filepath.Join(folder, e.File))
			require.NoError(t, err)
			for _, n := range e.Negatives {
				o := Options{}
				if n.Password != nil {
					o.Password = []byte(*n.Password)
				}
				_, err := timed(t, e.File, file, o)
				miss := missKind(err, n.Error, n.Or)
				negatives.add(fmt.Sprintf("%s with %q", e.File, o.Password), miss)
				all.add(fmt.Sprintf("%s with %q", e.File, o.Password), miss)
			}
			inv, err := timed(t, e.File, file, e.options())
			if kindOf(err) == UnsupportedFormat && strings.Contains(err.Error(), "MAC") {
				o := e.options()
				o.AllowNoMAC = true
				inv, err = timed(t, e.File, file, o)
			}
			if e.Category == "negative" {
				miss := missKind(err, append(e.ErrorAlso, e.Expect.Error)...)
				negatives.add(e.File, miss)
				all.add(e.File, miss)
				continue
			}
			miss := e.missing(inv, err)
			all.add(e.File, miss)
			if e.Tier == "must" {
				must.add(e.File, miss)
			}
			if e.Expect.KeyMatchesLeaf && len(e.OrError) == 0 {
				if miss == "" {
					miss = e.wrongLeaf(inv)
				}
				identities.add(e.File, miss)
			}
			if err == nil {
				details.add(e.File, e.wrongDetail(inv))
			}
		}
		corpus.Report(t, "keyfile", all.passed, all.total, all.missed)
		for _, part := range []struct {
			name  string
			tally tally
			floor float64
		}{
			{"keyfile/must", must, 0.985},
			{"keyfile/identities", identities, 0.985},
			{"keyfile/negatives", negatives, 0.95},
			{"keyfile/details", details, 0.97},
		} {
			corpus.Report(t, part.name, part.tally.passed, part.tally.total, part.tally.missed)
			require.GreaterOrEqual(t, part.tally.share(), part.floor, part.name)
		}
	})
}

// timed extracts, and bounds the time of files that were made to cost much.
func timed(t *testing.T, name string, file []byte, o Options) (*Inventory, error) {
	start := time.Now()
	inv, err := Extract(context.Background(), file, o)
	if strings.Contains(name, "dos-") {
		require.Less(t, time.Since(start), slack.For(100*time.Millisecond), name)
	}
	return inv, err
}

func missKind(err error, want ...Kind) string {
	if err == nil {
		return fmt.Sprintf("no error, wanted %s", want)
	}
	if kind := kindOf(err); !slices.Contains(want, kind) || kind == "" {
		return fmt.Sprintf("%s, wanted %s: %v", kind, want, err)
	}
	return ""
}

// missing is what a positive file should have given and did not.
func (e *manifestEntry) missing(inv *Inventory, err error) string {
	if err != nil {
		if slices.Contains(e.OrError, kindOf(err)) {
			return ""
		}
		return fmt.Sprintf("%s: %v", kindOf(err), err)
	}
	var certificates, keys []string
	for _, c := range inv.Certificates {
		certificates = append(certificates, hex.EncodeToString(c.SHA256[:]))
	}
	for _, k := range inv.Keys {
		keys = append(keys, hex.EncodeToString(k.SPKISHA256[:]))
	}
	for _, want := range e.Expect.CertSHA256 {
		if !slices.Contains(certificates, want) {
			return "certificate " + want + " is missing"
		}
	}
	want := e.Expect.AllKeys
	if len(want) == 0 && e.Expect.PrivateKey != nil {
		want = []manifestKey{*e.Expect.PrivateKey}
	}
	if len(want) > 0 && !slices.ContainsFunc(want, func(k manifestKey) bool { return slices.Contains(keys, k.SPKISHA256) }) {
		return fmt.Sprintf("key is missing, got %s", inv.Keys)
	}
	if len(keys) < min(1, e.Expect.Keys) {
		return "no key"
	}
	return ""
}

func (e *manifestEntry) wrongLeaf(inv *Inventory) string {
	for _, identity := range inv.Identities {
		if e.Expect.LeafSHA256 == "" || hex.EncodeToString(identity.Leaf.SHA256[:]) == e.Expect.LeafSHA256 {
			return ""
		}
	}
	return fmt.Sprintf("none of %d identities has the leaf", len(inv.Identities))
}

// wrongDetail checks what is said about a file beyond its keys and
// certificates.
func (e *manifestEntry) wrongDetail(inv *Inventory) string {
	x := e.Expect
	if x.PrivateKey != nil && x.PrivateKey.Type != "" {
		if !slices.ContainsFunc(inv.Keys, func(k *Key) bool {
			want := x.PrivateKey
			return k.Type == want.Type && (want.Bits == 0 || k.Bits == want.Bits) && (want.Curve == "" || k.Curve == want.Curve)
		}) {
			return fmt.Sprintf("key %+v, got %s", *x.PrivateKey, inv.Keys)
		}
	}
	if want := max(x.Identities, flag(x.KeyMatchesLeaf)); want != len(inv.Identities) {
		return fmt.Sprintf("%d identities, want %d", len(inv.Identities), want)
	}
	for _, identity := range inv.Identities {
		if miss := brokenChain(inv, identity); miss != "" {
			return miss
		}
	}
	if _, err := inv.Identity(); x.PairError != "" && kindOf(err) != x.PairError {
		return fmt.Sprintf("pair error %v, want %s", err, x.PairError)
	}
	if len(inv.Certificates) > 0 && x.LeafSHA256 != "" {
		for _, c := range inv.Certificates {
			if hex.EncodeToString(c.SHA256[:]) != x.LeafSHA256 {
				continue
			}
			if got := c.NotAfter.Format("2006-01-02 15:04:05Z"); strings.HasSuffix(x.LeafNotAfter, "Z") && got != x.LeafNotAfter {
				return "not after " + got + ", want " + x.LeafNotAfter
			}
			if x.LeafSubject != "" && !strings.EqualFold(c.Subject, x.LeafSubject) {
				return "subject " + c.Subject + ", want " + x.LeafSubject
			}
		}
	}
	aliases := map[string]bool{}
	for _, k := range inv.Keys {
		aliases[strings.ToLower(k.Alias)] = true
	}
	for _, c := range inv.Certificates {
		aliases[strings.ToLower(c.Alias)] = true
	}
	for _, identity := range inv.Identities {
		aliases[strings.ToLower(identity.Alias)] = true
	}
	for _, want := range x.Aliases {
		if !aliases[strings.ToLower(want)] {
			return fmt.Sprintf("alias %q is missing, got %v", want, aliases)
		}
	}
	if x.TLSUsable != nil && x.PrivateKey != nil && *x.TLSUsable && len(inv.Keys) == 1 && inv.Keys[0].Private == nil {
		return "crypto/tls could use the key"
	}
	return ""
}

// brokenChain checks that each certificate of a chain was issued by the next,
// and that no issuer which the file holds was left out.
func brokenChain(inv *Inventory, identity *Identity) string {
	last := identity.Leaf
	for _, issuer := range identity.Chain {
		if string(last.rawIssuer) != string(issuer.rawSubject) {
			return fmt.Sprintf("%q is not the issuer of %q", issuer.Subject, last.Subject)
		}
		last = issuer
	}
	if string(last.rawIssuer) == string(last.rawSubject) {
		return ""
	}
	for _, c := range inv.Certificates {
		if string(c.rawSubject) == string(last.rawIssuer) && c.Parsed != nil && last.Parsed != nil && certificate.Signed(c.Parsed, last.Parsed) {
			return fmt.Sprintf("the chain ends at %q, and its issuer is there", last.Subject)
		}
	}
	return ""
}
