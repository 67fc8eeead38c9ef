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

var errNoText = errors.New("text is expected")

// set reads a value of the key into a request.
func (k *requestKey) set(r *Request, v any) (err error) {
	switch {
	case k.text != nil:
		s, ok := v.(string)
		if !ok {
			return errNoText
		}
		*k.text(r) = s
	case k.flag != nil:
		*k.flag(r), err = boolOf(v)
	case k.inverted != nil:
		var on bool
		on, err = boolOf(v)
		*k.inverted(r) = !on && err == nil
	default:
		err = k.read(r, v)
	}
	return err
}

// value is the key's in a request; nil: it is left out.
func (k *requestKey) value(r *Request) any {
	switch {
	case k.text != nil:
		if s := *k.text(r); s != "" {
			return s
		}
	case k.flag != nil:
		if *k.flag(r) {
			return true
		}
	case k.inverted != nil:
		if *k.inverted(r) {
			return false
		}
	default:
		return k.write(r)
	}
	return nil
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
	if err != nil || strings.ContainsAny(s, "xX_") || // numbers of Go alone
		!(seconds >= MinTimeout.Seconds() && seconds <= MaxTimeout.Seconds()) {
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
	if number, is := v.(json.Number); is { // which may be written as 5.0 or 1e1
		var f float64
		f, err = number.Float64()
		if n = int(f); f != math.Trunc(f) || f > math.MaxInt32 {
			n = -1
		}
	}
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

func anyStrings(list []string) any {
	if len(list) == 0 {
		return nil
	}
	values := make([]any, len(list))
	for i, s := range list {
		values[i] = s
	}
	return values
}

// auth is where credentials of a request are kept.
func (r *Request) auth() *Auth {
	if r.Auth == nil {
		r.Auth = new(Auth)
	}
	return r.Auth
}

func readUser(r *Request, v any) error {
	s, ok := scalarText(v)
	if !ok {
		return errNoText
	}
	r.auth().User = s
	return nil
}

// readPassword reads a password, or the name of the secret that is it.
func readPassword(r *Request, v any) error {
	named, ok, err := secretName(v)
	if err != nil {
		return err
	}
	if ok {
		r.auth().Secret = named
		return nil
	}
	s, ok := scalarText(v)
	if !ok {
		return errNoText
	}
	r.auth().Password = s
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
