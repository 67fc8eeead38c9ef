//go:build ignore

// Sbom prints the module's bill of materials, SPDX 2.3 as JSON: what a program
// that imports any of its packages can link beside the standard library. Modules
// that tests alone need are not in it. From the root:
//
//	go run .ci/sbom.go > sbom.spdx.json
package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// module is what go list says about one.
type module struct {
	Path, Version, Sum string
	Main               bool
}

type document struct {
	SPDXVersion   string         `json:"spdxVersion"`
	DataLicense   string         `json:"dataLicense"`
	ID            string         `json:"SPDXID"`
	Name          string         `json:"name"`
	Namespace     string         `json:"documentNamespace"`
	CreationInfo  creation       `json:"creationInfo"`
	Packages      []pkg          `json:"packages"`
	Relationships []relationship `json:"relationships"`
}

type creation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type pkg struct {
	ID            string      `json:"SPDXID"`
	Name          string      `json:"name"`
	Version       string      `json:"versionInfo,omitempty"`
	Download      string      `json:"downloadLocation"`
	FilesAnalyzed bool        `json:"filesAnalyzed"`
	Comment       string      `json:"comment,omitempty"`
	Refs          []reference `json:"externalRefs"`
}

type reference struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type relationship struct {
	From string `json:"spdxElementId"`
	Type string `json:"relationshipType"`
	To   string `json:"relatedSpdxElement"`
}

func main() {
	modules, err := linked()
	if err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	if err := out.Encode(describe(modules)); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

// linked lists the modules of our packages and of all that they import, the main
// one first.
func linked() ([]module, error) {
	list := exec.Command("go", "list", "-deps", "-json=Module", "./...")
	list.Stderr = os.Stderr
	text, err := list.Output()
	if err != nil {
		return nil, err
	}
	var all []module
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var p struct{ Module *module }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if p.Module != nil { // nil: the standard library
			all = append(all, *p.Module)
		}
	}
	slices.SortFunc(all, func(a, b module) int {
		if a.Main != b.Main {
			if a.Main {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Path, b.Path)
	})
	return slices.Compact(all), nil
}

func describe(modules []module) document {
	hash := sha256.New()
	d := document{
		SPDXVersion: "SPDX-2.3", DataLicense: "CC0-1.0", ID: "SPDXRef-DOCUMENT", Name: modules[0].Path,
		CreationInfo: creation{time.Now().UTC().Format(time.RFC3339), []string{"Tool: go-list"}},
	}
	for i, m := range modules {
		fmt.Fprintln(hash, m.Path, m.Version, m.Sum)
		p := pkg{
			ID: "SPDXRef-" + strings.NewReplacer("/", "-", "_", "-").Replace(m.Path), Name: m.Path, Version: m.Version,
			Download: "NOASSERTION",
			Refs:     []reference{{"PACKAGE-MANAGER", "purl", strings.TrimSuffix("pkg:golang/"+m.Path+"@"+m.Version, "@")}},
		}
		from, kind := d.ID, "DESCRIBES"
		if i > 0 {
			p.Comment = "go.sum " + m.Sum
			from, kind = d.Packages[0].ID, "DEPENDS_ON"
		}
		d.Packages = append(d.Packages, p)
		d.Relationships = append(d.Relationships, relationship{from, kind, p.ID})
	}
	d.Namespace = "https://" + modules[0].Path + "/spdx/" + hex.EncodeToString(hash.Sum(nil))
	return d
}
