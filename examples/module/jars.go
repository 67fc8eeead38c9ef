package main

import (
	"context"
	"errors"
	"sync"

	"github.com/mtlshttp/mtlshttp"
)

// maxJars bounds the jars that the page's requests may name.
const maxJars = 100

var errJars = errors.New("there are too many jars; use one that is there")

// jars are those that requests name, each new at its first use. They last as
// long as the program.
type jars struct {
	mu     sync.Mutex
	byName map[string]*mtlshttp.Jar
}

func (j *jars) Jar(_ context.Context, name string) (*mtlshttp.Jar, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	jar := j.byName[name]
	switch {
	case jar != nil:
		return jar, nil
	case len(j.byName) >= maxJars:
		return nil, errJars
	case j.byName == nil:
		j.byName = make(map[string]*mtlshttp.Jar)
	}
	jar = new(mtlshttp.Jar)
	j.byName[name] = jar
	return jar, nil
}
