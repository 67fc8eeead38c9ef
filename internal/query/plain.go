package query

import "strings"

// param is a parameter as a plain query has it.
type param struct{ name, value string }

// parsePlain reads a query without giving brackets a meaning.
func parsePlain(raw string) []param {
	var params []param
	for part := range strings.SplitSeq(raw, "&") {
		if part != "" {
			name, value, _ := strings.Cut(part, "=")
			params = append(params, param{unescape(name), unescape(value)})
		}
	}
	return params
}

// plain writes the parameters of a URL with the values of pairs in their places,
// then the other pairs.
func (w *writer) plain(params []param, pairs []Pair) error {
	given := map[string][]any{}
	for _, p := range pairs {
		given[p.Name] = append(given[p.Name], p.Value)
	}
	written := map[string]bool{}
	for _, p := range params {
		values, replaced := given[p.name]
		if !replaced {
			values = []any{p.value}
		} else if written[p.name] {
			continue
		}
		for _, value := range values {
			if err := w.plainValue(p.name, value); err != nil {
				return err
			}
		}
		written[p.name] = replaced
	}
	for _, p := range pairs {
		if !written[p.Name] {
			if err := w.plainValue(p.Name, p.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// plainValue writes a value, a flat array as the name repeated.
func (w *writer) plainValue(name string, value any) error {
	list, ok := value.([]any)
	if !ok || hasNested(list) {
		return w.value(name, value)
	}
	for _, item := range list {
		if err := w.value(name, item); err != nil {
			return err
		}
	}
	return nil
}

func hasNested(list []any) bool {
	for _, item := range list {
		switch item.(type) {
		case []any, []Pair:
			return true
		}
	}
	return false
}
