package query

import "strconv"

// writer writes parameters, within limits.
type writer struct {
	out                  []byte
	name                 []byte // of the parameter being written, escaped
	params               int
	maxParams, maxLength int
	depth                int
}

func (w *writer) indexed(o *object, pairs []Pair) error {
	o.setAll(pairs)
	for _, name := range o.names {
		if err := w.value(name, o.values[name]); err != nil {
			return err
		}
	}
	return nil
}

// value writes the parameters of a name, indexed.
func (w *writer) value(name string, value any) error {
	w.name = appendEscaped(w.name[:0], name)
	w.depth = 0
	return w.walk(value)
}

func (w *writer) walk(value any) error {
	switch v := value.(type) {
	case *array:
		return w.items(v.items)
	case []any:
		return w.items(v)
	case *object:
		return w.fields(v)
	case []Pair:
		o := newObject()
		o.setAll(v)
		return w.fields(o)
	}
	s, err := text(value)
	if err != nil {
		return err
	}
	return w.leaf(s)
}

func (w *writer) items(items []any) error {
	index := 0
	for _, item := range items {
		if item == (hole{}) {
			continue
		}
		if err := w.child(strconv.Itoa(index), item); err != nil {
			return err
		}
		index++
	}
	return nil
}

func (w *writer) fields(o *object) error {
	for _, name := range o.names {
		if err := w.child(name, o.values[name]); err != nil {
			return err
		}
	}
	return nil
}

// child writes what is below the current name, whose length is restored.
func (w *writer) child(key string, value any) error {
	if w.depth++; w.depth > MaxDepth {
		return errDepth
	}
	length := len(w.name)
	w.name = append(w.name, "%5B"...)
	w.name = appendEscaped(w.name, key)
	w.name = append(w.name, "%5D"...)
	if len(w.name) > w.maxLength {
		return errLength
	}
	err := w.walk(value)
	w.name = w.name[:length]
	w.depth--
	return err
}

func (w *writer) leaf(value string) error {
	if w.params++; w.params > w.maxParams {
		return errParams
	}
	if w.params > 1 {
		w.out = append(w.out, '&')
	}
	w.out = append(w.out, w.name...)
	w.out = append(w.out, '=')
	if len(w.out)+len(value) > w.maxLength {
		return errLength
	}
	w.out = appendEscaped(w.out, value)
	if len(w.out) > w.maxLength {
		return errLength
	}
	return nil
}
