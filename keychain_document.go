package mtlshttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
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
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(document, &entries); err != nil {
		return nil, fault(KindConfig, "keychain", "json", "the keychain is not an object of entries by name")
	}
	k := new(Keychain)
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if err := k.readEntry(name, entries[name], dir); err != nil {
			return nil, fault(KindConfig, "keychain."+name, "json", "%w", err)
		}
	}
	return k, nil
}

var errEntry = errors.New("an entry has file, or certificate and privateKey, or ca, or dir, or the same with Env behind the name, or platform; " +
	"password, passwordEnv or passwordFile; keyPassword; alias; origins; onlyIfAcceptable; allowAnonymous; allowExpired")

func (k *Keychain) readEntry(name string, document json.RawMessage, dir string) error {
	var e struct {
		Dir, File, Certificate, PrivateKey, CA         string
		FileEnv, CertificateEnv, PrivateKeyEnv, CAEnv  string
		PasswordEnv, PasswordFile, Alias               string
		Password, KeyPassword                          *string
		Origins                                        []string
		OnlyIfAcceptable, AllowAnonymous, AllowExpired bool
		Platform                                       *Platform
	}
	d := json.NewDecoder(bytes.NewReader(document))
	d.DisallowUnknownFields()
	if d.Decode(&e) != nil {
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
