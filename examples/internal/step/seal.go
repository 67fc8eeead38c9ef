package step

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"
)

// Keyring seals what an engine keeps (AES-256-GCM, a random nonce in front). It
// opens what any of its keys has sealed, so that keys can be replaced while old
// workflows are still there.
type Keyring struct {
	current string
	keys    map[string]cipher.AEAD
}

// ReadKeyring reads a document: {"current": NAME, "keys": {NAME: 32 bytes in
// base64}}. It is a secret.
func ReadKeyring(document []byte) (*Keyring, error) {
	var d struct {
		Current string            `json:"current"`
		Keys    map[string][]byte `json:"keys"`
	}
	if json.Unmarshal(document, &d) != nil { // whose error may quote a key
		return nil, errors.New(`the keyring is not {"current": NAME, "keys": {NAME: base64}}`)
	}
	k := &Keyring{d.Current, make(map[string]cipher.AEAD)}
	for name, key := range d.Keys {
		if len(key) != 32 {
			return nil, fmt.Errorf("the key %q has %d bytes, not 32", name, len(key))
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		if k.keys[name], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, err
		}
	}
	if k.keys[k.current] == nil {
		return nil, fmt.Errorf("the keyring's current key %q is not among its keys", k.current)
	}
	return k, nil
}

// Seal seals under the current key, whose name it returns. What is opened must
// be said to be about the same.
func (k *Keyring) Seal(plain []byte, about string) (key string, sealed []byte) {
	return k.current, k.keys[k.current].Seal(nil, nil, plain, []byte(about))
}

// Open opens what Seal has sealed.
func (k *Keyring) Open(key string, sealed []byte, about string) ([]byte, error) {
	aead := k.keys[key]
	if aead == nil {
		return nil, fmt.Errorf("the keyring has no key %q", key)
	}
	plain, err := aead.Open(nil, nil, sealed, []byte(about))
	if err != nil {
		return nil, fmt.Errorf("not sealed under the key %q, not about this, or altered", key)
	}
	return plain, nil
}
