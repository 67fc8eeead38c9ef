package query

import (
	"strconv"
	"strings"
)

const (
	maxLevels = 5  // of brackets in a name that are read as nesting
	maxIndex  = 20 // of a bracket that is read as an array's index
)

// parseIndexed reads a query as qs does: brackets in names nest, repeated names
// make arrays. Values are strings, *array and *object; where a name is used as
// both value and object, also true.
func parseIndexed(raw string) *object {
	flat := newObject()
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value := cutIndexed(part)
		old, there := flat.values[name]
		if there {
			flat.values[name] = concat(old, value)
		} else {
			flat.set(name, value)
		}
	}
	result := newObject()
	for _, name := range flat.names {
		parent, keys := splitName(name)
		value := nest(keys, flat.values[name])
		if parent == "" && len(keys) > 0 { // "[a]" is "a", and "[]" a list without name
			result = merge(result, value).(*object)
			continue
		}
		if old, there := result.values[parent]; there {
			value = merge(old, value)
		}
		result.set(parent, value)
	}
	return result
}

// cutIndexed cuts a parameter at its first equals sign. One inside of brackets
// belongs to the name.
func cutIndexed(part string) (name, value string) {
	name, value, _ = strings.Cut(part, "=")
	if strings.LastIndexByte(name, '[') > strings.LastIndexByte(name, ']') {
		if at := strings.Index(part, "]="); at >= 0 {
			name, value = part[:at+1], part[at+2:]
		}
	}
	return unescape(name), unescape(value)
}

// splitName splits "a[b][]" into "a" and "[b]", "[]". A name that is not of this
// form, or too deep, has no keys.
func splitName(name string) (parent string, keys []string) {
	open := strings.IndexByte(name, '[')
	if open < 0 || !strings.HasSuffix(name, "]") {
		return name, nil
	}
	for rest := name[open:]; rest != ""; {
		end := strings.IndexByte(rest, ']')
		if rest[0] != '[' || strings.IndexByte(rest[1:end], '[') >= 0 || len(keys) == maxLevels {
			return name, nil
		}
		keys = append(keys, rest[:end+1])
		rest = rest[end+1:]
	}
	return name[:open], keys
}

// nest wraps a value in what its bracketed keys ask for.
func nest(keys []string, value any) any {
	for i := len(keys) - 1; i >= 0; i-- {
		key := keys[i][1 : len(keys[i])-1]
		index, isIndex := arrayIndex(key)
		switch {
		case key == "":
			value = concat(&array{}, value)
		case isIndex:
			list := &array{make([]any, index+1)}
			for j := range list.items {
				list.items[j] = hole{}
			}
			list.items[index] = value
			value = list
		default:
			o := newObject()
			o.set(key, value)
			value = o
		}
	}
	return value
}

func arrayIndex(key string) (int, bool) {
	index, err := strconv.Atoi(key)
	return index, err == nil && index >= 0 && index <= maxIndex && strconv.Itoa(index) == key
}

// concat joins two values into one array, as JavaScript's concat does.
func concat(a, b any) *array {
	list, ok := a.(*array)
	if !ok {
		list = &array{[]any{a}}
	}
	if more, ok := b.(*array); ok {
		list.items = append(list.items, more.items...)
	} else {
		list.items = append(list.items, b)
	}
	return list
}

// merge joins what two parameters say about one name.
func merge(target, source any) any {
	if source == "" {
		return target
	}
	if word, isText := source.(string); isText {
		switch t := target.(type) {
		case *array:
			t.items = append(t.items, word)
		case *object:
			t.set(word, true)
		default:
			return &array{[]any{target, word}}
		}
		return target
	}
	list, isList := target.(*array)
	if more, ok := source.(*array); ok && isList {
		return mergeArrays(list, more)
	}
	fields, isObject := target.(*object)
	if !isList && !isObject {
		return concat(target, source)
	}
	if isList {
		fields = indices(list)
	}
	from, ok := source.(*object)
	if !ok {
		from = indices(source.(*array))
	}
	for _, name := range from.names {
		value := from.values[name]
		if old, there := fields.values[name]; there {
			value = merge(old, value)
		}
		fields.set(name, value)
	}
	return fields
}

func mergeArrays(target, source *array) *array {
	for i, item := range source.items {
		switch {
		case item == hole{}:
		case i >= len(target.items):
			for len(target.items) < i {
				target.items = append(target.items, hole{})
			}
			target.items = append(target.items, item)
		case target.items[i] == hole{}:
			target.items[i] = item
		case isNested(target.items[i]) && isNested(item):
			target.items[i] = merge(target.items[i], item)
		default:
			target.items = append(target.items, item)
		}
	}
	return target
}

func isNested(value any) bool {
	switch value.(type) {
	case *array, *object:
		return true
	}
	return false
}

// indices is an array as an object, its indices as names.
func indices(list *array) *object {
	o := newObject()
	for i, item := range list.items {
		if item != (hole{}) {
			o.set(strconv.Itoa(i), item)
		}
	}
	return o
}
