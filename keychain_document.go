package mtlshttp

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// ReadKeychain makes a keychain from a document: an object of entries by name.
// An entry is {"file"}, {"certificate", "privateKey"}, {"ca"}, {"dir"} of a
// mounted secret, the same from environment variables ({"fileEnv"},
// {"certificateEnv"}, {"privateKeyEnv"}, {"caEnv"}), or {"platform": {"current",
// "previous", "next", "previousFor", "nextFor"}} of other entries' names.
// Optional are "password", "passwordEnv" or "passwordFile", "keyPassword",
// "alias", "origins", "onlyIfAcceptable", "allowAnonymous" and "allowExpired".
// Paths are relative to dir. Such a document may hold passwords: it is a
// secret.
func ReadKeychain(document []byte, dir string) (*Keychain, error) {
	v, err := jsonvalue.ParseOrdered(document, jsonvalue.Limits{})
	if err != nil {
		field := "keychain"
		if syntax := (*jsonvalue.SyntaxError)(nil); errors.As(err, &syntax) && syntax.Path != "" {
			field += "." + syntax.Path
		}
		return nil, fault(KindConfig, field, "json", "%w", err)
	}
	entries, ok := v.(jsonvalue.Object)
	if !ok {
		return nil, fault(KindConfig, "keychain", "json", "the keychain is not an object of entries by name")
	}
	k := new(Keychain)
	for _, m := range entries {
		if err := k.readEntry(m.Name, m.Value, dir); err != nil {
			return nil, fault(KindConfig, "keychain."+m.Name, "json", "%w", err)
		}
	}
	return k, nil
}

var errEntry = errors.New("an entry has file, or certificate and privateKey, or ca, or dir, or the same with Env behind the name, or platform; " +
	"password, passwordEnv or passwordFile; keyPassword; alias; origins; onlyIfAcceptable; allowAnonymous; allowExpired")

// entryKeys are those of an entry, platformKeys those of platform in one.
// encoding/json would take them in any case.
const (
	entryKeys = " dir file certificate privateKey ca fileEnv certificateEnv privateKeyEnv caEnv password passwordEnv passwordFile " +
		"keyPassword alias origins onlyIfAcceptable allowAnonymous allowExpired platform "
	platformKeys = " current previous next previousFor nextFor "
)

func knownKeys(object jsonvalue.Object, known string) bool {
	return !slices.ContainsFunc(object, func(m jsonvalue.Member) bool { return !strings.Contains(known, " "+m.Name+" ") })
}

// alternatives are keys of an entry of which one alone is meant.
var alternatives = [][]string{{"password", "passwordEnv", "passwordFile"}, {"file", "fileEnv", "certificate", "certificateEnv"},
	{"file", "fileEnv", "privateKey", "privateKeyEnv"}, {"ca", "caEnv"}}

// contradiction says which keys of an entry stand for the same.
func contradiction(object jsonvalue.Object) error {
	for _, names := range alternatives {
		var given []string
		for _, name := range names {
			if v, _ := object.Get(name); v != nil && (v != "" || name == "password") {
				given = append(given, name)
			}
		}
		if len(given) > 1 {
			return errors.New("an entry has one of " + strings.Join(given, " and ") + ", not both")
		}
	}
	return nil
}

func (k *Keychain) readEntry(name string, v any, dir string) error {
	object, ok := v.(jsonvalue.Object)
	platform, _ := object.Get("platform")
	inner, _ := platform.(jsonvalue.Object)
	if !ok || !knownKeys(object, entryKeys) || !knownKeys(inner, platformKeys) {
		return errEntry
	}
	if err := contradiction(object); err != nil {
		return err
	}
	var e struct {
		Dir, File, Certificate, PrivateKey, CA         string
		FileEnv, CertificateEnv, PrivateKeyEnv, CAEnv  string
		PasswordEnv, PasswordFile, Alias               string
		Password, KeyPassword                          *string
		Origins                                        []string
		OnlyIfAcceptable, AllowAnonymous, AllowExpired bool
		Platform                                       *Platform
	}
	document, err := jsonvalue.Append(nil, object)
	if err != nil || json.Unmarshal(document, &e) != nil {
		return errEntry // its own text could quote a password
	}
	f := &CredentialFiles{
		Dir: e.Dir, File: e.File, Certificate: e.Certificate, PrivateKey: e.PrivateKey, CA: e.CA,
		FileEnv: e.FileEnv, CertificateEnv: e.CertificateEnv, PrivateKeyEnv: e.PrivateKeyEnv, CAEnv: e.CAEnv,
		PasswordEnv: e.PasswordEnv, PasswordFile: e.PasswordFile, Alias: e.Alias, Origins: e.Origins,
		OnlyIfAcceptable: e.OnlyIfAcceptable, AllowAnonymous: e.AllowAnonymous, AllowExpired: e.AllowExpired,
		root: dir,
	}
	if e.Password != nil {
		f.Password = []byte(*e.Password)
	}
	if e.KeyPassword != nil {
		f.KeyPassword = []byte(*e.KeyPassword)
	}
	certificate, key := f.Certificate+f.CertificateEnv != "", f.PrivateKey+f.PrivateKeyEnv != ""
	switch {
	case e.Platform != nil && (f.Dir != "" || f.named()):
		return errEntry
	case e.Platform != nil:
		return k.AddPlatform(name, *e.Platform)
	case f.Dir == "" && !f.named(), key && !certificate:
		return errEntry
	}
	k.addFiles(name, f)
	return nil
}
