package mtlshttp_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// files are a client's credential in the forms that people keep it in.
type files struct {
	certificate, key, p12, ca []byte
	credential                *mtlshttp.Credential
}

func issue(t testing.TB, ca *mtlstest.CA, c mtlstest.Client) files {
	t.Helper()
	id, err := ca.Issue(c)
	require.NoError(t, err)
	f := files{ca: ca.PEM(), credential: id.Credential}
	f.certificate, f.key, err = id.PEM()
	require.NoError(t, err)
	f.p12, err = id.PKCS12("secret")
	require.NoError(t, err)
	return f
}

func newCA(t testing.TB) *mtlstest.CA {
	t.Helper()
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	return ca
}

func write(t testing.TB, dir string, contents map[string][]byte) {
	t.Helper()
	for name, data := range contents {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
}

// nameOf is the common name of what a keychain has under "a".
func nameOf(t testing.TB, k *mtlshttp.Keychain) string {
	t.Helper()
	c, err := k.Credential(t.Context(), "a")
	require.NoError(t, err)
	return c.Leaf().Subject.CommonName
}

func TestKeychainInMemory(t *testing.T) {
	ca := newCA(t)
	k := new(mtlshttp.Keychain)
	assert.Empty(t, k.Names())
	k.Add("a", issue(t, ca, mtlstest.Client{Name: "alice"}).credential)
	k.AddRoots("ca", ca.Roots().Certificates...)
	assert.Equal(t, []string{"a", "ca"}, k.Names())
	assert.Equal(t, "alice", nameOf(t, k))
	k.Add("a", issue(t, ca, mtlstest.Client{Name: "bob"}).credential)
	assert.Equal(t, "bob", nameOf(t, k), "the one of that name gives way")

	roots, err := k.Roots(t.Context(), "ca")
	require.NoError(t, err)
	assert.Len(t, roots, 1)
	_, err = k.Roots(t.Context(), "a")
	assert.Equal(t, "no-certificate", failureOf(t, err).Reason)
	_, err = k.Credential(t.Context(), "ca")
	assert.Equal(t, "no-key", failureOf(t, err).Reason)
	_, err = k.Credential(t.Context(), "nobody")
	assert.Equal(t, "no-credential", failureOf(t, err).Reason)
	_, err = k.Roots(t.Context(), "nobody")
	assert.Equal(t, "ca", failureOf(t, err).Field)
}

// A source that is no keychain is asked for each request, by whichever of its
// methods it has.
type oneSource struct{ credential *mtlshttp.Credential }

func (s *oneSource) Credential(_ context.Context, name string) (*mtlshttp.Credential, error) {
	if name != "a" {
		return nil, errors.New("unknown")
	}
	return s.credential, nil
}

func TestSourceIsAskedForEachRequest(t *testing.T) {
	srv := mtlstest.NewServer(t, echo("", nil))
	source := &oneSource{srv.Issue(t, mtlstest.Client{Name: "alice"})}
	e := &mtlshttp.Executor{Credentials: source}
	defer func() { require.NoError(t, e.Close()) }()
	r := srv.Request("/")
	r.Identity, r.Credentials = nil, "a"
	client, err := e.Client(t.Context(), r)
	require.NoError(t, err)
	for _, name := range []string{"alice", "bob"} {
		source.credential = srv.Issue(t, mtlstest.Client{Name: name})
		resp, err := e.Do(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, name, resp.Data)
		answer, err := client.Get(srv.URL)
		require.NoError(t, err)
		assert.Equal(t, name, bodyOf(t, answer))
	}
	source.credential = nil
	_, err = client.Get(srv.URL)
	assert.Equal(t, "no-credential", failureOf(t, err).Reason)
	r.Credentials = "b"
	_, err = e.Do(t.Context(), r)
	assert.Equal(t, "no-credential", failureOf(t, err).Reason)
}

func ExampleKeychain() {
	dir := must(os.MkdirTemp("", "secret"))
	defer os.RemoveAll(dir)
	_, file, _, stop := bank()
	defer stop()
	if err := os.WriteFile(filepath.Join(dir, "client.p12"), file, 0o600); err != nil {
		panic(err)
	}
	keychain := &mtlshttp.Keychain{OnError: func(name string, err error) { fmt.Println(name, err) }}
	keychain.AddFiles("bank", mtlshttp.CredentialFiles{Dir: dir, File: "client.p12", Password: []byte("secret"), Origins: []string{"*.bank.example"}})
	fmt.Println(must(keychain.Credential(context.Background(), "bank")).Leaf().Subject)
	// Output:
	// CN=alice
}

func TestWhatIsRemovedIsUnknown(t *testing.T) {
	srv := mtlstest.NewServer(t, whoami)
	keychain := new(mtlshttp.Keychain)
	keychain.Add("bank", srv.Credential)
	e := newExecutor(t)
	e.Credentials = keychain
	r := srv.Request("/")
	r.Identity, r.Credentials = nil, "bank"
	_, err := e.Do(t.Context(), r)
	require.NoError(t, err)
	client, err := e.Client(t.Context(), r)
	require.NoError(t, err)

	keychain.Remove("bank")
	keychain.Remove("never there")
	assert.Empty(t, keychain.Names())
	_, err = e.Do(t.Context(), r)
	assert.Equal(t, mtlshttp.KindConfig, failureOf(t, err).Kind)
	_, err = client.Get(srv.URL)
	assert.Equal(t, mtlshttp.KindConfig, failureOf(t, err).Kind)
}
