package mtlshttp_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// complaints collects what a keychain's OnError is told.
type complaints struct {
	mu   sync.Mutex
	errs []error
}

func (c *complaints) add(_ string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errs = append(c.errs, err)
}

// take returns the complaints since the last take.
func (c *complaints) take() []error {
	c.mu.Lock()
	defer c.mu.Unlock()
	errs := c.errs
	c.errs = nil
	return errs
}

// secretMount is a directory as Kubernetes mounts secrets: files are symbolic
// links through ..data, which is a symbolic link to the version in force.
type secretMount struct {
	dir     string
	version int
}

// swap puts a version in force at once, as the kubelet does, and removes the
// one before.
func (m *secretMount) swap(t testing.TB, contents map[string][]byte) {
	t.Helper()
	old := fmt.Sprintf("..version_%d", m.version)
	m.version++
	current := fmt.Sprintf("..version_%d", m.version)
	require.NoError(t, os.Mkdir(filepath.Join(m.dir, current), 0o755))
	write(t, filepath.Join(m.dir, current), contents)
	require.NoError(t, os.Symlink(current, filepath.Join(m.dir, "..data_tmp")))
	require.NoError(t, os.Rename(filepath.Join(m.dir, "..data_tmp"), filepath.Join(m.dir, "..data")))
	for name := range contents {
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(m.dir, name)); err != nil {
			require.ErrorIs(t, err, os.ErrExist)
		}
	}
	require.NoError(t, os.RemoveAll(filepath.Join(m.dir, old)))
}

func (f files) secret() map[string][]byte {
	return map[string][]byte{"tls.crt": f.certificate, "tls.key": f.key, "ca.crt": f.ca}
}

func TestMountedSecretIsSwapped(t *testing.T) {
	first, second := newCA(t), newCA(t)
	alice, bob := issue(t, first, mtlstest.Client{Name: "alice"}), issue(t, second, mtlstest.Client{Name: "bob"})
	mount := secretMount{dir: t.TempDir()}
	mount.swap(t, alice.secret())
	var said complaints
	k := &mtlshttp.Keychain{OnError: said.add}
	k.AddFiles("a", mtlshttp.CredentialFiles{Dir: mount.dir})
	assert.Equal(t, "alice", nameOf(t, k))
	mount.swap(t, bob.secret())
	assert.Equal(t, "bob", nameOf(t, k))
	roots, err := k.Roots(t.Context(), "a")
	require.NoError(t, err)
	assert.True(t, roots[0].Equal(second.Roots().Certificates[0]))
	assert.Empty(t, said.take())
}

// A state that cannot be used leaves the one before in force and is told of
// once; the state that can be used again is taken.
func TestUnusableFilesKeepTheOldInForce(t *testing.T) {
	ca := newCA(t)
	alice, bob := issue(t, ca, mtlstest.Client{Name: "alice"}), issue(t, ca, mtlstest.Client{Name: "bob"})
	for name, c := range map[string]struct {
		change func(t *testing.T, dir string)
		reason string
	}{
		"the new certificate without its key": {func(t *testing.T, dir string) {
			write(t, dir, map[string][]byte{"tls.crt": bob.certificate})
		}, "key-mismatch"},
		"the new key without its certificate": {func(t *testing.T, dir string) {
			write(t, dir, map[string][]byte{"tls.key": bob.key})
		}, "key-mismatch"},
		"a certificate half written": {func(t *testing.T, dir string) {
			write(t, dir, map[string][]byte{"tls.crt": bob.certificate[:len(bob.certificate)/2]})
		}, "no-certificate"},
		"an empty file": {func(t *testing.T, dir string) { write(t, dir, map[string][]byte{"tls.key": nil}) }, "no-key"},
		"the key is gone": {func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "tls.key")))
		}, "no-key"},
		"the directory is gone": {func(t *testing.T, dir string) { require.NoError(t, os.RemoveAll(dir)) }, "no-credential"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "secret")
			require.NoError(t, os.Mkdir(dir, 0o755))
			write(t, dir, alice.secret())
			var said complaints
			k := &mtlshttp.Keychain{OnError: said.add}
			k.AddFiles("a", mtlshttp.CredentialFiles{Dir: dir})
			assert.Equal(t, "alice", nameOf(t, k))
			c.change(t, dir)
			for range 3 {
				assert.Equal(t, "alice", nameOf(t, k))
			}
			errs := said.take()
			require.Len(t, errs, 1)
			f := failureOf(t, errs[0])
			if name != "a certificate half written" { // where it is cut decides how it is damaged
				assert.Equal(t, c.reason, f.Reason, "%v", f)
			}
			assert.Equal(t, mtlshttp.KindConfig, f.Kind)

			require.NoError(t, os.MkdirAll(dir, 0o755))
			write(t, dir, bob.secret())
			assert.Equal(t, "bob", nameOf(t, k))
			assert.Empty(t, said.take())
		})
	}
}

// A change that shows neither in size nor in modification time is seen, as
// long as it comes within the grain of that time.
func TestChangeWithinTheClocksGrainIsSeen(t *testing.T) {
	ca := newCA(t)
	alice, bob := issue(t, ca, mtlstest.Client{Name: "alice"}), issue(t, ca, mtlstest.Client{Name: "bob"})
	file := filepath.Join(t.TempDir(), "a.pem")
	at := time.Now()
	put := func(f files) {
		data := append(append([]byte(nil), f.certificate...), f.key...)
		data = append(data, bytes.Repeat([]byte("\n"), 4096-len(data))...)
		require.NoError(t, os.WriteFile(file, data, 0o600))
		require.NoError(t, os.Chtimes(file, at, at))
	}
	put(alice)
	k := new(mtlshttp.Keychain)
	k.AddFiles("a", mtlshttp.CredentialFiles{File: file})
	assert.Equal(t, "alice", nameOf(t, k))
	put(bob)
	assert.Equal(t, "bob", nameOf(t, k))
}

// What does not change is the same credential, and is looked at cheaply.
func TestUnchangedFilesAreNotReadAgain(t *testing.T) {
	alice := issue(t, newCA(t), mtlstest.Client{Name: "alice"})
	dir := t.TempDir()
	write(t, dir, alice.secret())
	age(t, dir)
	var asked atomic.Int32
	k := new(mtlshttp.Keychain)
	key := keyOf(t, alice)
	k.AddFiles("a", mtlshttp.CredentialFiles{Dir: dir, Certificate: "tls.crt",
		Signer: func(context.Context, *x509.Certificate) (crypto.Signer, error) { asked.Add(1); return key, nil }})
	first, err := k.Credential(t.Context(), "a")
	require.NoError(t, err)
	for range 10 {
		c, err := k.Credential(t.Context(), "a")
		require.NoError(t, err)
		assert.Same(t, first, c)
	}
	assert.EqualValues(t, 1, asked.Load())
}

// age sets the files' modification time to where it tells changes apart.
func age(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		past := time.Now().Add(-time.Hour)
		require.NoError(t, os.Chtimes(filepath.Join(dir, e.Name()), past, past))
	}
}

func TestVariablesAreReadAgain(t *testing.T) {
	ca := newCA(t)
	alice, bob := issue(t, ca, mtlstest.Client{Name: "alice"}), issue(t, ca, mtlstest.Client{Name: "bob"})
	t.Setenv("TEST_IDENTITY", string(alice.certificate)+string(alice.key))
	k := new(mtlshttp.Keychain)
	k.AddFiles("a", mtlshttp.CredentialFiles{FileEnv: "TEST_IDENTITY"})
	assert.Equal(t, "alice", nameOf(t, k))
	t.Setenv("TEST_IDENTITY", string(bob.certificate)+string(bob.key))
	assert.Equal(t, "bob", nameOf(t, k))
}

// While one caller looks, and that takes long, the others go on with what is
// in force; where nothing is yet, they wait no longer than they want to.
func TestSlowLookHoldsNobodyUp(t *testing.T) {
	ca := newCA(t)
	alice, bob := issue(t, ca, mtlstest.Client{Name: "alice"}), issue(t, ca, mtlstest.Client{Name: "bob"})
	keys := map[string]crypto.Signer{"alice": keyOf(t, alice), "bob": keyOf(t, bob)}
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"c.pem": alice.certificate})
	asked, answer := make(chan string), make(chan struct{})
	k := new(mtlshttp.Keychain)
	k.AddFiles("a", mtlshttp.CredentialFiles{Dir: dir, Certificate: "c.pem",
		Signer: func(_ context.Context, leaf *x509.Certificate) (crypto.Signer, error) {
			asked <- leaf.Subject.CommonName
			<-answer
			return keys[leaf.Subject.CommonName], nil
		}})
	done := make(chan string)
	look := func() { done <- nameOf(t, k) }

	go look()
	assert.Equal(t, "alice", <-asked)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := k.Credential(ctx, "a")
	assert.Equal(t, mtlshttp.KindCanceled, failureOf(t, err).Kind)
	answer <- struct{}{}
	assert.Equal(t, "alice", <-done)

	write(t, dir, map[string][]byte{"c.pem": bob.certificate})
	go look()
	assert.Equal(t, "bob", <-asked)
	assert.Equal(t, "alice", nameOf(t, k))
	answer <- struct{}{}
	assert.Equal(t, "bob", <-done)
}

// Directories that are swapped as a whole by a symbolic link, as deployments
// have them, and file systems without inodes are followed alike.
func TestOtherWaysToSwap(t *testing.T) {
	ca := newCA(t)
	alice, bob := issue(t, ca, mtlstest.Client{Name: "alice"}), issue(t, ca, mtlstest.Client{Name: "bob"})
	dir := t.TempDir()
	for name, f := range map[string]files{"v1": alice, "v2": bob} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o755))
		write(t, filepath.Join(dir, name), f.secret())
	}
	link := filepath.Join(dir, "current")
	point := func(to string) {
		require.NoError(t, os.Symlink(to, link+"_new"))
		require.NoError(t, os.Rename(link+"_new", link))
	}
	at := time.Now()
	mapped := fstest.MapFS{}
	put := func(f files) {
		at = at.Add(-time.Hour) // the older one, as a roll-back has it
		for name, data := range f.secret() {
			mapped[name] = &fstest.MapFile{Data: data, ModTime: at}
		}
	}
	for name, c := range map[string]struct {
		files mtlshttp.CredentialFiles
		swap  func(f files, to string)
	}{
		"link":   {mtlshttp.CredentialFiles{Dir: link}, func(_ files, to string) { point(to) }},
		"names":  {mtlshttp.CredentialFiles{Certificate: link + "/tls.crt", PrivateKey: link + "/tls.key"}, func(_ files, to string) { point(to) }},
		"fs.FS":  {mtlshttp.CredentialFiles{FS: mapped, Dir: "."}, func(f files, _ string) { put(f) }},
		"os.FS":  {mtlshttp.CredentialFiles{FS: os.DirFS(dir), Dir: "current"}, func(_ files, to string) { point(to) }},
		"direct": {mtlshttp.CredentialFiles{FS: os.DirFS(dir), Certificate: "current/tls.crt", PrivateKey: "current/tls.key"}, func(_ files, to string) { point(to) }},
	} {
		t.Run(name, func(t *testing.T) {
			k := new(mtlshttp.Keychain)
			k.AddFiles("a", c.files)
			for range 2 {
				c.swap(alice, "v1")
				assert.Equal(t, "alice", nameOf(t, k))
				c.swap(bob, "v2")
				assert.Equal(t, "bob", nameOf(t, k))
			}
		})
	}
}

// A token that was locked may be open again, though no file has changed.
func TestSignersFaultMayPass(t *testing.T) {
	alice := issue(t, newCA(t), mtlstest.Client{Name: "alice"})
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"c.pem": alice.certificate})
	age(t, dir)
	locked, key := true, keyOf(t, alice)
	k := new(mtlshttp.Keychain)
	k.AddFiles("a", mtlshttp.CredentialFiles{Dir: dir, Certificate: "c.pem",
		Signer: func(context.Context, *x509.Certificate) (crypto.Signer, error) {
			if locked {
				return nil, errors.New("the token is locked")
			}
			return key, nil
		}})
	_, err := k.Credential(t.Context(), "a")
	assert.ErrorContains(t, err, "the token is locked")
	locked = false
	assert.Equal(t, "alice", nameOf(t, k))
}

// A wrong password costs its key derivation once, not with each request.
func TestBrokenFilesAreNotOpenedAgain(t *testing.T) {
	alice := issue(t, newCA(t), mtlstest.Client{})
	file, err := pkcs12.Modern2023.WithIterations(100_000).Encode(keyOf(t, alice), alice.credential.Leaf(), nil, "secret")
	require.NoError(t, err)
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"a.p12": file})
	age(t, dir)
	k := new(mtlshttp.Keychain)
	k.AddFiles("a", mtlshttp.CredentialFiles{Dir: dir, File: "a.p12", Password: []byte("wrong")})
	look := func() time.Duration {
		begun := time.Now()
		_, err := k.Credential(t.Context(), "a")
		assert.Equal(t, "wrong-password", failureOf(t, err).Reason)
		return time.Since(begun)
	}
	first := look()
	again := first
	for range 5 { // the machine may be busy with something else
		again = min(again, look())
	}
	assert.Less(t, again, first/4)
}

// A caller that gives up says nothing about the files.
func TestCanceledLookIsNotRemembered(t *testing.T) {
	alice := issue(t, newCA(t), mtlstest.Client{Name: "alice"})
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"a.p12": alice.p12})
	age(t, dir)
	k := new(mtlshttp.Keychain)
	k.AddFiles("a", mtlshttp.CredentialFiles{Dir: dir, File: "a.p12", Password: []byte("secret")})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := k.Credential(ctx, "a")
	assert.Equal(t, mtlshttp.KindCanceled, failureOf(t, err).Kind)
	assert.Equal(t, "alice", nameOf(t, k))
}

func BenchmarkKeychainLook(b *testing.B) {
	alice := issue(b, newCA(b), mtlstest.Client{Name: "alice"})
	dir := b.TempDir()
	write(b, dir, alice.secret())
	age(b, dir)
	k := new(mtlshttp.Keychain)
	k.AddFiles("a", mtlshttp.CredentialFiles{Dir: dir})
	for b.Loop() {
		if _, err := k.Credential(b.Context(), "a"); err != nil {
			b.Fatal(err)
		}
	}
}
