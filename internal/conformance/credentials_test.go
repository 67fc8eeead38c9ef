package conformance_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/corpus"
	"github.com/mtlshttp/mtlshttp/internal/slack"
)

func init() { conformance["credentials"] = conformCredentials }

// credentialFile is an entry of the corpus's manifest.
type credentialFile struct {
	File, Category, Tier string
	Passwords            []string
	KeyPasswords         map[string]string
	OrError, ErrorAlso   []string
	Negatives            []struct {
		Password  *string
		Error, Or string
	}
	Expect struct {
		Error          string
		Keys           int
		CertSHA256     []string `json:"certSha256"`
		PrivateKey     *struct{ SPKISHA256 string }
		AllKeys        []struct{ SPKISHA256 string }
		KeyMatchesLeaf bool
		LeafSHA256     string `json:"leafSha256"`
		TLSUsable      *bool
		PairError      string
	}
}

// tally counts cases and keeps what is short.
type tally struct {
	passed, total int
	short         []string
}

func (t *tally) count(id, miss string) {
	if t.total++; miss == "" {
		t.passed++
		return
	}
	t.short = append(t.short, id+": "+miss)
}

func (t *tally) add(other tally) {
	t.passed, t.total, t.short = t.passed+other.passed, t.total+other.total, append(t.short, other.short...)
}

func (t *tally) share() float64 { return float64(t.passed) / float64(max(t.total, 1)) }

// tallies are the parts of the corpus.
type tallies struct{ files, must, identities, negatives tally }

// conformCredentials opens every file as a caller would, and takes the identity
// out of those that have one.
func conformCredentials(t *testing.T) {
	folder := corpus.Folder(t, "credentials", "MTLSHTTP_CREDENTIALS")
	text, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	require.NoError(t, err)
	var manifest []*credentialFile
	require.NoError(t, json.Unmarshal(text, &manifest))

	// Deriving keys takes its time, so every processor has its share.
	shares := make([]tallies, runtime.GOMAXPROCS(0))
	var all sync.WaitGroup
	for i := range shares {
		all.Go(func() {
			for n := i; n < len(manifest); n += len(shares) {
				manifest[n].run(t, folder, &shares[i])
			}
		})
	}
	all.Wait()
	var sum tallies
	for _, s := range shares {
		sum.files.add(s.files)
		sum.must.add(s.must)
		sum.identities.add(s.identities)
		sum.negatives.add(s.negatives)
	}
	whole := sum.files
	whole.add(sum.negatives)
	corpus.Report(t, "credentials", whole.passed, whole.total, whole.short)
	for _, part := range []struct {
		name  string
		tally tally
		floor float64
	}{{"must", sum.must, 0.985}, {"identities", sum.identities, 0.985}, {"negatives", sum.negatives, 0.95}} {
		corpus.Report(t, "credentials "+part.name, part.tally.passed, part.tally.total, part.tally.short)
		assert.GreaterOrEqual(t, part.tally.share(), part.floor, part.name)
	}
}

func (c *credentialFile) run(t *testing.T, folder string, to *tallies) {
	file, err := os.ReadFile(filepath.Join(folder, c.File))
	assert.NoError(t, err)
	for _, n := range c.Negatives {
		_, err := c.extract(t, file, n.Password, false)
		to.negatives.count(c.File+", another password", wrongReason(err, n.Error, n.Or))
	}
	var password *string
	if len(c.Passwords) > 0 {
		password = &c.Passwords[0]
	}
	inv, err := c.extract(t, file, password, false)
	if c.Category == "negative" {
		to.negatives.count(c.File, wrongReason(err, append(c.ErrorAlso, c.Expect.Error)...))
		return
	}
	if reasonOf(err) == "unsupported-format" {
		if trusting, err2 := c.extract(t, file, password, true); err2 == nil {
			inv, err = trusting, nil
		}
	}
	miss := c.missing(inv, err)
	to.files.count(c.File, miss)
	if c.Tier == "must" {
		to.must.count(c.File, miss)
	}
	if err == nil {
		wrongIdentities(t, c.File, inv)
		if c.Expect.KeyMatchesLeaf || c.Expect.PairError != "" {
			to.identities.count(c.File, c.wrongCredential(inv))
		}
	}
}

// extract opens the file with a password, nil for none.
func (c *credentialFile) extract(t *testing.T, file []byte, password *string, noMAC bool) (*mtlshttp.Inventory, error) {
	o := &mtlshttp.ExtractOptions{AllowNoMAC: noMAC}
	if password != nil {
		o.Password = []byte(*password)
	}
	for _, text := range c.KeyPasswords {
		o.KeyPassword = []byte(text)
	}
	begun := time.Now()
	inv, err := mtlshttp.Extract(t.Context(), file, o)
	if strings.HasPrefix(filepath.Base(c.File), "dos-") {
		assert.Less(t, time.Since(begun), slack.For(time.Second), c.File)
	}
	return inv, err
}

func reasonOf(err error) string {
	if err == nil {
		return ""
	}
	e, ok := err.(*mtlshttp.Error)
	if !ok || e.Kind != mtlshttp.KindConfig {
		return "no Error of kind config"
	}
	return e.Reason
}

func wrongReason(err error, want ...string) string {
	if got := reasonOf(err); got == "" || !slices.Contains(want, got) {
		return fmt.Sprintf("%q, want %q", got, want)
	}
	return ""
}

// missing is what a file should have given and did not.
func (c *credentialFile) missing(inv *mtlshttp.Inventory, err error) string {
	if err != nil {
		if slices.Contains(c.OrError, reasonOf(err)) {
			return ""
		}
		return err.Error()
	}
	has := map[string]bool{}
	for _, cert := range inv.Certificates {
		has[cert.SHA256] = true
	}
	for _, want := range c.Expect.CertSHA256 {
		if !has[want] {
			return "certificate " + want
		}
	}
	wanted := []string{}
	for _, key := range c.Expect.AllKeys {
		wanted = append(wanted, key.SPKISHA256)
	}
	if key := c.Expect.PrivateKey; key != nil && len(wanted) == 0 {
		wanted = append(wanted, key.SPKISHA256)
	}
	if len(inv.Keys) < min(1, c.Expect.Keys) || len(wanted) > 0 && !slices.ContainsFunc(inv.Keys, func(k mtlshttp.KeyInfo) bool {
		return slices.Contains(wanted, k.SPKISHA256)
	}) {
		return fmt.Sprintf("key %s, got %v", wanted, inv.Keys)
	}
	return ""
}

// wrongCredential is what is wrong with the credential that the file gives, or
// with the reason why it gives none.
func (c *credentialFile) wrongCredential(inv *mtlshttp.Inventory) string {
	credential, err := inv.Credential()
	if reasonOf(err) == "ambiguous" {
		for _, id := range inv.Identities {
			if id.LeafSHA256 == c.Expect.LeafSHA256 {
				credential, err = inv.Credential(id.LeafSHA256)
			}
		}
	}
	switch usable := c.Expect.TLSUsable; {
	case c.Expect.PairError != "":
		return wrongReason(err, c.Expect.PairError)
	case err != nil && usable != nil && !*usable:
		return wrongReason(err, "unsupported-key", "unsupported-format")
	case err != nil:
		return err.Error()
	}
	if got := hash(credential.Leaf().Raw); c.Expect.LeafSHA256 != "" && got != c.Expect.LeafSHA256 {
		return "leaf " + got
	}
	return ""
}

// wrongIdentities fails where an identity joins what does not belong together:
// there is no share of these that would do.
func wrongIdentities(t *testing.T, file string, inv *mtlshttp.Inventory) {
	for _, id := range inv.Identities {
		credential, err := inv.Credential(id.LeafSHA256)
		if err != nil {
			continue // crypto/tls cannot use it
		}
		assert.Equal(t, id.LeafSHA256, hash(credential.Leaf().Raw), file)
		assert.Equal(t, id.KeySPKISHA256, hash(credential.Leaf().RawSubjectPublicKeyInfo), file)
	}
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
