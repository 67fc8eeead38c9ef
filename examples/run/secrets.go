package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// secrets says where each secret of a scenario is: in a variable of the
// environment or a file, whose last line break is no part of it.
type secrets map[string]struct{ Env, File string }

// maxSecret bounds what is read of a file.
const maxSecret = 64 << 10

func readSecrets(document json.RawMessage, dir string) (secrets, error) {
	usage := errors.New(`secrets is an object of {"env": "VAR"} and {"file": "PATH"}`)
	names, twice, err := membersOf(document)
	if err != nil {
		return nil, usage
	}
	if twice != "" {
		return nil, fmt.Errorf("secrets.%s is there twice", twice)
	}
	s := secrets{}
	for name, text := range names {
		place := s[name]
		keys, twice, err := membersOf(text)
		if err != nil || json.Unmarshal(text, &place) != nil {
			return nil, usage
		}
		for key := range keys {
			if key != "env" && key != "file" || twice != "" {
				return nil, fmt.Errorf("secrets.%s has env or file, once", name)
			}
		}
		s[name] = place
		if (place.Env == "") == (place.File == "") {
			return nil, fmt.Errorf("secrets.%s is either env or file", name)
		}
		if place.File != "" && !filepath.IsAbs(place.File) {
			place.File = filepath.Join(dir, place.File)
			s[name] = place
		}
	}
	return s, nil
}

// Secret implements mtlshttp.SecretSource.
func (s secrets) Secret(_ context.Context, name string) (string, error) {
	place, known := s[name]
	switch {
	case !known:
		return "", errors.New("the scenario has none of that name")
	case place.Env != "":
		return os.Getenv(place.Env), nil
	}
	file, err := os.Open(place.File)
	if err != nil {
		return "", err
	}
	defer file.Close()
	value, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	if err == nil && len(value) > maxSecret {
		err = errors.New("the file is too large for a secret")
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(value), "\n"), "\r"), err
}
