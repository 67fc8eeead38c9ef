package main

import (
	"net/http"
	"time"

	"github.com/mtlshttp/mtlshttp"
)

// file is what the Extract dialog sends. Its password opens the file and is
// not kept.
type file struct {
	File []byte `json:"file"` // base64 in JSON
	// Other has the private key, or the certificate, where it is in a file of
	// its own.
	Other       []byte `json:"other"`
	Password    string `json:"password"`
	KeyPassword string `json:"keyPassword"`
}

func (f *file) open(r *http.Request) (*mtlshttp.Inventory, error) {
	o := &mtlshttp.ExtractOptions{}
	if f.Password != "" {
		o.Password = []byte(f.Password)
	}
	if f.KeyPassword != "" {
		o.KeyPassword = []byte(f.KeyPassword)
	}
	if len(f.Other) > 0 {
		return mtlshttp.ExtractPair(r.Context(), f.File, f.Other, o)
	}
	return mtlshttp.Extract(r.Context(), f.File, o)
}

// extract says what is inside of a file; nothing is kept.
func (s *server) extract(w http.ResponseWriter, r *http.Request) {
	var f file
	if !read(w, r, &f) {
		return
	}
	inventory, err := f.open(r)
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, map[string]any{
		"format": inventory.Format, "keys": list(inventory.Keys), "certificates": list(inventory.Certificates),
		"identities": list(inventory.Identities), "warnings": list(inventory.Warnings),
	})
}

// list is never null in JSON.
func list[T any](s []T) []T { return append([]T{}, s...) }

// saveCredential extracts again and keeps the result in memory.
func (s *server) saveCredential(w http.ResponseWriter, r *http.Request) {
	var call struct {
		file
		Name  string `json:"name"`
		Use   string `json:"use"`   // credential or roots
		Alias string `json:"alias"` // which of several identities
	}
	if !read(w, r, &call) {
		return
	}
	e := new(entry)
	inventory, err := call.open(r)
	if err == nil {
		switch {
		case call.Use == "roots":
			e.roots, err = inventory.Roots()
		case call.Alias != "":
			e.credential, err = inventory.Credential(call.Alias)
		default:
			e.credential, err = inventory.Credential()
		}
	}
	if err == nil {
		err = s.store.put(call.Name, e)
	}
	s.answerList(w, err)
}

func (s *server) listCredentials(w http.ResponseWriter, _ *http.Request) { s.answerList(w, nil) }

func (s *server) renameCredential(w http.ResponseWriter, r *http.Request) {
	var call struct{ From, To string }
	if read(w, r, &call) {
		s.answerList(w, s.store.rename(call.From, call.To))
	}
}

func (s *server) deleteCredential(w http.ResponseWriter, r *http.Request) {
	var call struct{ Name string }
	if read(w, r, &call) {
		s.answerList(w, s.store.remove(call.Name))
	}
}

func (s *server) answerList(w http.ResponseWriter, err error) {
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, s.store.list(time.Now()))
}
