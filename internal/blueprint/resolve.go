package blueprint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// ErrUnresolved is what a Resolver returns for an expression that it has no
// value for: the field stays as it is and the expression stays listed.
var ErrUnresolved = errors.New("blueprint: the expression is not resolved")

// Resolver gives the value of an expression: nil, bool, text, []byte, a number,
// an array or an object, as encoding/json decodes them.
type Resolver func(ctx context.Context, e Expression) (any, error)

// ResolveError says which expression a Resolver failed at.
type ResolveError struct {
	Expression Expression
	Err        error
}

func (e *ResolveError) Error() string {
	return fmt.Sprintf("%s: the expression was not resolved: %v", e.Expression.Field, e.Err)
}

func (e *ResolveError) Unwrap() error { return e.Err }

// Resolve returns the module with its expressions filled; m is not changed. A
// value that is the whole of its field keeps its type; amid other text it
// becomes text: nothing for null, arrays joined by ", ", objects as JSON. A
// value is data: braces in it are not read again. Where one expression of a
// text is ErrUnresolved the text stays as it is. Its errors are *ResolveError
// and the context's.
func (m *Module) Resolve(ctx context.Context, resolve Resolver) (*Module, error) {
	r := &resolution{ctx: ctx, resolve: resolve, at: map[string][]Expression{}}
	for _, e := range m.Expressions {
		r.at[e.Path] = append(r.at[e.Path], e)
	}
	filled := *m
	parameters, err := r.fill(m.parameters, join(m.Route, "parameters"))
	if err != nil {
		return nil, err
	}
	mapper, err := r.fill(m.mapper, join(m.Route, "mapper"))
	if err != nil {
		return nil, err
	}
	filled.parameters, filled.mapper = object(parameters), object(mapper)
	filled.convert()
	return &filled, nil
}

type resolution struct {
	ctx     context.Context
	resolve Resolver
	at      map[string][]Expression // by path
}

func (r *resolution) fill(v any, path string) (any, error) {
	switch v := v.(type) {
	case string:
		return r.text(v, path)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			var err error
			if out[i], err = r.fill(item, index(path, i)); err != nil {
				return nil, err
			}
		}
		return out, nil
	case jsonvalue.Object:
		out := make(jsonvalue.Object, len(v))
		for i, m := range v {
			value, err := r.fill(m.Value, join(path, m.Name))
			if err != nil {
				return nil, err
			}
			out[i] = jsonvalue.Member{Name: m.Name, Value: value}
		}
		return out, nil
	}
	return v, nil
}

func (r *resolution) text(s, path string) (any, error) {
	expressions := map[string]Expression{}
	for _, e := range r.at[path] {
		if _, twice := expressions[e.Text]; !twice { // allowRedirects fills two fields
			expressions[e.Text] = e
		}
	}
	if len(expressions) == 0 {
		return s, nil
	}
	parts, _ := segments(s)
	var b strings.Builder
	for _, p := range parts {
		if !p.expression {
			b.WriteString(p.text)
			continue
		}
		value, err := r.value(expressions[p.text])
		if errors.Is(err, ErrUnresolved) {
			return s, nil
		}
		if err != nil {
			return nil, err
		}
		if len(parts) == 1 {
			return value, nil
		}
		b.WriteString(flatten(value))
	}
	return literal(b.String()), nil
}

func (r *resolution) value(e Expression) (any, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, context.Cause(r.ctx)
	}
	v, err := r.resolve(r.ctx, e)
	if err == nil {
		v, err = normal(v)
	}
	if err != nil {
		return nil, &ResolveError{e, err}
	}
	return v, nil
}

// normal is v in the types of this package, its text literal.
func normal(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, []byte, json.Number:
		return v, nil
	case string:
		return literal(v), nil
	}
	text, err := jsonvalue.Append(nil, v)
	if err != nil {
		return nil, err
	}
	parsed, err := jsonvalue.ParseOrdered(text, jsonvalue.Limits{})
	if err != nil {
		return nil, err
	}
	return literals(parsed), nil
}

func literals(v any) any {
	switch v := v.(type) {
	case string:
		return literal(v)
	case []any:
		for i := range v {
			v[i] = literals(v[i])
		}
	case jsonvalue.Object:
		for i := range v {
			v[i].Value = literals(v[i].Value)
		}
	}
	return v
}
