package mtlshttp_test

import (
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

func TestSupplyChain(t *testing.T) {
	t.Run("SUP-02 dependencies are few, and each says what it is for", func(t *testing.T) {
		text, err := os.ReadFile("go.mod")
		require.NoError(t, err)
		required := regexp.MustCompile(`(?m)^\t(\S+) v\S+(.*)$`).FindAllStringSubmatch(string(text), -1)
		require.NotEmpty(t, required)
		direct := 0
		for _, r := range required {
			if strings.Contains(r[2], "// indirect") {
				continue
			}
			direct++
			assert.Contains(t, r[2], "// ", "%s says nothing", r[1])
		}
		assert.LessOrEqual(t, direct, 12)
		out, err := exec.Command("go", "mod", "verify").CombinedOutput()
		assert.NoError(t, err, "%s", out)
	})

	t.Run("SUP-03 a list of what is inside, and whom to tell of a fault", func(t *testing.T) {
		out, err := exec.Command("go", "run", ".ci/sbom.go").Output()
		require.NoError(t, err)
		var list map[string]any
		require.NoError(t, json.Unmarshal(out, &list))
		assert.Contains(t, string(out), "go-pkcs12")
		process, err := os.ReadFile("SECURITY.md")
		require.NoError(t, err)
		assert.Contains(t, strings.ToLower(string(process)), "report")
	})

	t.Run("SUP-05 targets of fuzzing", func(t *testing.T) {
		targets := map[string]bool{}
		declared := regexp.MustCompile(`(?m)^func (Fuzz\w+)\(f \*testing\.F\)`)
		require.NoError(t, filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
				targets[filepath.Dir(path)+"."+m[1]] = true
			}
			return err
		}))
		assert.GreaterOrEqual(t, len(targets), 12)
	})

	t.Run("SUP-10 zero values, and requests that stay as they are", func(t *testing.T) {
		var e mtlshttp.Executor
		defer func() { require.NoError(t, e.Close()) }()
		for _, r := range []*mtlshttp.Request{nil, {}} {
			_, err := e.Do(t.Context(), r)
			assert.Error(t, err)
			_, err = e.Client(t.Context(), r)
			assert.Error(t, err)
			_, err = e.Probe(t.Context(), r)
			assert.Error(t, err)
			_, err = new(mtlshttp.Session).Do(t.Context(), &mtlshttp.Request{URL: "http://a.test/"})
			assert.Error(t, err)
		}
		_, err := e.Do(t.Context(), &mtlshttp.Request{URL: "https://a.test/", Identity: new(mtlshttp.Credential)})
		assert.Equal(t, mtlshttp.KindConfig, failureOf(t, err).Kind)
		_, err = new(mtlshttp.Inventory).Credential()
		assert.Equal(t, mtlshttp.KindConfig, failureOf(t, err).Kind)
		_, err = new(mtlshttp.Inventory).Roots()
		assert.Equal(t, mtlshttp.KindConfig, failureOf(t, err).Kind)
		_, err = new(mtlshttp.Keychain).Credential(t.Context(), "a")
		assert.Equal(t, mtlshttp.KindConfig, failureOf(t, err).Kind)
		_, err = mtlshttp.Extract(t.Context(), nil, nil)
		assert.Equal(t, mtlshttp.KindConfig, failureOf(t, err).Kind)
		assert.Nil(t, mtlshttp.ReceiptOf(nil))
		assert.Empty(t, new(mtlshttp.Jar).Cookies(&url.URL{Scheme: "http", Host: "a.test"}))
		assert.NotEmpty(t, new(mtlshttp.Error).Error())
		assert.NotEmpty(t, renderings(new(mtlshttp.Response)))

		n := newTap(t)
		r := &mtlshttp.Request{Method: "POST", URL: "http://a.test/", Headers: []mtlshttp.Header{{Name: "X-A", Value: "1"}}, Body: mtlshttp.Form(mtlshttp.Param{Name: "a", Value: "1"})}
		before := redactedDocument(t, r)
		first, _ := n.do(t, r)
		second, _ := n.do(t, r)
		assert.Equal(t, first, second)
		assert.Equal(t, before, redactedDocument(t, r), "a request is not modified")
	})
}
