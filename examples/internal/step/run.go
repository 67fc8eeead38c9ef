package step

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/mtlshttp/mtlshttp"
)

// Runner does steps. Executor has no Retry: the engine tries again.
type Runner struct {
	Executor *mtlshttp.Executor
	Platform string                // of Session
	Secrets  mtlshttp.SecretSource // nil: the executor's
	Store    Store                 // nil: what is too large is a fault
}

// Store keeps bodies and finds them by their references. *Folder is one; with
// mtlshttp.Executor.Files being it too, forms send files from it.
type Store interface {
	mtlshttp.Store
	fs.FS
}

// Call is what is different each time that steps are done.
type Call struct {
	// Key is the idempotency key: the same each time that this step of this
	// run is done, and in no other. It is sent with methods that are not safe,
	// unless the document has one.
	Key string
	// Jar has the cookies of the run; nil: sharing cookies is a fault.
	Jar *mtlshttp.Jar
	// Inline bounds the bundle in a Result, in bytes of JSON; 0: MaxInline.
	Inline int
	// Progress is told of bodies as they pass; nil: nobody is.
	Progress func(mtlshttp.Progress)
}

// MaxInline is what fits beside a jar into a payload of 2 MiB.
const MaxInline = 1 << 20

// Result is what came back.
type Result struct {
	StatusCode int `json:"statusCode"`
	// Response is the bundle, unless Bundle refers to it.
	Response json.RawMessage `json:"response,omitempty"`
	// Body refers to the body in the store, where it went there. It is the
	// bundle's data then.
	Body string `json:"body,omitempty"`
	// Bundle refers to the bundle in the store.
	Bundle string `json:"bundle,omitempty"`
}

// Do does the step. Errors are *mtlshttp.Error.
func (r *Runner) Do(ctx context.Context, s Step, c Call) (*Result, error) {
	request, err := s.request()
	if err != nil {
		return nil, err
	}
	if err := s.addSecrets(request); err != nil {
		return nil, err
	}
	body, err := r.send(&s, request)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	if s.Keep {
		if r.Store == nil {
			return nil, refuse("keep", "no-store", "there is no store for bodies")
		}
		request.Output = mtlshttp.Output{Store: r.Store}
	}
	if c.Key != "" && !s.Once && !safe(request.Method) && !has(request.Headers, "Idempotency-Key") {
		request.Headers = append(request.Headers, mtlshttp.Header{Name: "Idempotency-Key", Value: c.Key})
	}
	request.Progress = c.Progress
	session := &mtlshttp.Session{Executor: r.Executor, Secrets: r.Secrets, Platform: r.Platform, Jar: c.Jar}
	response, err := session.Do(ctx, request)
	if err != nil {
		return nil, err
	}
	result, err := r.fit(ctx, response, c.Inline)
	if err != nil {
		// The request was done. It may be done again where that is the same.
		return nil, &mtlshttp.Error{Kind: mtlshttp.KindResource, Reason: "store", Phase: "body", Type: "RuntimeError",
			Retryable: !s.Once, Err: err}
	}
	return result, nil
}

// addSecrets adds the secrets that the step names.
func (s *Step) addSecrets(request *mtlshttp.Request) error {
	for _, header := range slices.Sorted(maps.Keys(s.Secrets)) {
		request.HeaderSecrets = append(request.HeaderSecrets, mtlshttp.HeaderSecret{Name: header, Secret: s.Secrets[header]})
	}
	if s.Auth != nil {
		if s.Auth.Password == "" {
			return refuse("auth", "no-secret", "the password's secret has no name")
		}
		request.Auth = &mtlshttp.BasicAuth{User: s.Auth.User, Secret: s.Auth.Password}
	}
	return nil
}

// send opens the stored body that is to be sent. What it returns has to be
// closed after the request.
func (r *Runner) send(s *Step, request *mtlshttp.Request) (io.Closer, error) {
	switch {
	case s.Send == "":
		return io.NopCloser(nil), nil
	case r.Store == nil:
		return nil, refuse("send", "no-store", "there is no store for bodies")
	case !reflect.ValueOf(request.Body).IsZero():
		return nil, refuse("send", "ambiguous", "the document has a body as well")
	}
	file, err := r.Store.Open(s.Send)
	if err != nil {
		return nil, refuse("send", "not-found", "%w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, refuse("send", "not-found", "%w", errors.Join(err, file.Close()))
	}
	request.Body = mtlshttp.Reader(s.SendType, file, info.Size())
	return file, nil
}

// fit makes the result no larger than inline: the body goes to the store first,
// then the whole bundle.
func (r *Runner) fit(ctx context.Context, response *mtlshttp.Response, inline int) (*Result, error) {
	if inline <= 0 || inline > MaxInline {
		inline = MaxInline
	}
	result := &Result{StatusCode: response.StatusCode}
	body := response.Bytes()
	if reference, stored := response.Data.(string); stored && body == nil {
		result.Body = reference
	}
	bundle, err := json.Marshal(response)
	if err != nil {
		return nil, err
	}
	if len(bundle) > inline && len(body) > 0 {
		if result.Body, err = r.put(ctx, response.FileName, string(body)); err != nil {
			return nil, err
		}
		response.Data = result.Body
		if bundle, err = json.Marshal(response); err != nil {
			return nil, err
		}
	}
	if len(bundle) > inline {
		result.Bundle, err = r.put(ctx, "bundle.json", string(bundle))
		return result, err
	}
	result.Response = bundle
	return result, nil
}

func (r *Runner) put(ctx context.Context, name, content string) (string, error) {
	if r.Store == nil {
		return "", fmt.Errorf("%d bytes are too large for a payload, and there is no store", len(content))
	}
	return r.Store.Put(ctx, name, strings.NewReader(content))
}

func has(headers []mtlshttp.Header, name string) bool {
	return slices.ContainsFunc(headers, func(h mtlshttp.Header) bool { return strings.EqualFold(h.Name, name) })
}
