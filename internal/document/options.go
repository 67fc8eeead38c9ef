package document

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// text is an option that is a text, flag one that is off by default.
func text(name string, field func(*Request) *string) requestKey {
	return requestKey{name, func(r *Request, v any) error {
		s, ok := v.(string)
		if !ok {
			return errors.New("text is expected")
		}
		*field(r) = s
		return nil
	}, func(r *Request) any {
		if s := *field(r); s != "" {
			return s
		}
		return nil
	}}
}

func flag(name string, field func(*Request) *bool) requestKey {
	return requestKey{name, func(r *Request, v any) (err error) {
		*field(r), err = boolOf(v)
		return err
	}, func(r *Request) any {
		if *field(r) {
			return true
		}
		return nil
	}}
}

// inverted is an option whose default is true.
func inverted(name string, field func(*Request) *bool) requestKey {
	return requestKey{name, func(r *Request, v any) error {
		b, err := boolOf(v)
		*field(r) = !b && err == nil
		return err
	}, func(r *Request) any {
		if *field(r) {
			return false
		}
		return nil
	}}
}

func boolOf(v any) (bool, error) {
	switch v {
	case true, "true":
		return true, nil
	case false, "false":
		return false, nil
	}
	return false, errors.New("true or false is expected")
}

// readTimeout reads seconds, as a number or numeric text.
func readTimeout(r *Request, v any) error {
	s, ok := scalarText(v)
	if _, isBool := v.(bool); !ok || isBool {
		return errTimeout
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || !(seconds >= MinTimeout.Seconds() && seconds <= MaxTimeout.Seconds()) {
		return errTimeout
	}
	r.Timeout = time.Duration(math.Round(seconds * float64(time.Second)))
	return nil
}

var errTimeout = &Error{"timeout", Timeout, errors.New("the timeout is in seconds, 1 to 300")}

func writeTimeout(r *Request) any {
	if r.Timeout == 0 {
		return nil
	}
	return json.Number(strconv.FormatFloat(r.Timeout.Seconds(), 'f', -1, 64))
}

func readMaxRedirects(r *Request, v any) error {
	s, _ := scalarText(v)
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return errors.New("a whole number from 0 to 100 is expected")
	}
	if n == 0 {
		n = -1 // in Go, 0 is the default
	}
	r.Redirect.Max = n
	return nil
}

func writeMaxRedirects(r *Request) any {
	if r.Redirect.Max == 0 {
		return nil
	}
	return max(r.Redirect.Max, 0)
}

func stringsOf(v any) ([]string, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, errors.New("a list of texts is expected")
	}
	out := make([]string, 0, len(list))
	for _, item := range list {
		s, ok := item.(string)
		if !ok {
			return nil, errors.New("a list of texts is expected")
		}
		out = append(out, s)
	}
	return out, nil
}

func readSecret(r *Request, v any) (err error)  { r.Secret, err = stringsOf(v); return err }
func readOrigins(r *Request, v any) (err error) { r.Origins, err = stringsOf(v); return err }

func writeStrings(field func(*Request) []string) func(*Request) any {
	return func(r *Request) any {
		var list []any
		for _, s := range field(r) {
			list = append(list, s)
		}
		if list == nil {
			return nil
		}
		return list
	}
}

func readAuth(set func(*Auth, string)) func(*Request, any) error {
	return func(r *Request, v any) error {
		s, ok := scalarText(v)
		if !ok {
			return errors.New("text is expected")
		}
		if r.Auth == nil {
			r.Auth = new(Auth)
		}
		set(r.Auth, s)
		return nil
	}
}

func (a *Auth) setUser(s string)     { a.User = s }
func (a *Auth) setPassword(s string) { a.Password = s }

// readPassword reads a password, or the name of the secret that is it.
func readPassword(r *Request, v any) error {
	named, ok, err := secretName(v)
	if err != nil {
		return err
	}
	if !ok {
		return readAuth((*Auth).setPassword)(r, v)
	}
	if r.Auth == nil {
		r.Auth = new(Auth)
	}
	r.Auth.Secret = named
	return nil
}

func writePassword(r *Request) any {
	switch {
	case r.Auth == nil:
		return nil
	case r.Auth.Secret != "":
		return jsonvalue.Object{{Name: secretMember, Value: r.Auth.Secret}}
	}
	return r.Auth.Password
}

// secretMember is how a document names a secret in place of its value:
// {"secret": "name"}.
const secretMember = "secret"

// secretName tells the name of a secret from a value.
func secretName(v any) (name string, is bool, err error) {
	object, is := v.(jsonvalue.Object)
	if !is {
		return "", false, nil
	}
	value, _ := object.Get(secretMember)
	name, _ = value.(string)
	if name == "" || len(object) != 1 {
		return "", true, errors.New(`text is expected, or the name of a secret as {"secret": "name"}`)
	}
	return name, true, nil
}
