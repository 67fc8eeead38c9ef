// Package query writes query strings and forms as the npm package request does:
// indexed, in the manner of qs 6.5 (a[0]=1&a[1]=2, a[b]=c), or plain, in that of
// Node's querystring (a=1&a=2). Names and values are percent-encoded but for the
// unreserved characters of RFC 3986, in both.
//
// Where the original loses or reorders what the caller gave, this does not:
//
//   - names keep their order, also those that look like integers;
//   - without indices repeated names keep their places among the others;
//   - no parameter of the URL is dropped: not the empty name, no name that
//     JavaScript's objects have, none after the thousandth;
//   - a name with more than five levels of brackets, or with text among or
//     after them, stays as it is;
//   - an escape that is not UTF-8 stays that escape, and spoils no other;
//   - a bracket in a value is part of the value;
//   - objects, and arrays in arrays, are written indexed where plain writes
//     nothing.
package query

// Pair is a name with a value: a string, a bool, nil, a json.Number, any of Go's
// integers and floats, []any of these, or []Pair as an ordered object.
//
// A name given twice is an array of its values. Nil is the empty text. An empty
// array or object is not there at all.
type Pair struct {
	Name  string
	Value any
}

// Limits of what is written. A query of a URL is bounded by its length, too.
const (
	// DefaultMaxLength is the length of a query in bytes.
	DefaultMaxLength = 64 << 10
	// MaxParams is how many parameters a query has at the most.
	MaxParams = 9_999
	// MaxDepth is how deep arrays and objects nest.
	MaxDepth = 512

	maxFormParams = 1_000_000
	maxFormLength = 64 << 20
)

// Merge reads the query of a URL, lets each name of pairs take the place of that
// name in it, or else follow it, and writes it all. Where nothing is left to
// write it returns rawQuery, which is to be left alone then. maxLength is in
// bytes; 0: DefaultMaxLength. The error is an *Error.
func Merge(rawQuery string, pairs []Pair, plain bool, maxLength int) (string, error) {
	if maxLength <= 0 {
		maxLength = DefaultMaxLength
	}
	if len(rawQuery) > maxLength {
		return "", errLength
	}
	w := &writer{maxParams: MaxParams, maxLength: maxLength}
	var err error
	if plain {
		err = w.plain(parsePlain(rawQuery), pairs)
	} else {
		err = w.indexed(parseIndexed(rawQuery), pairs)
	}
	if err != nil {
		return "", err
	}
	if len(w.out) == 0 {
		return rawQuery, nil
	}
	return string(w.out), nil
}

// Form writes the body of application/x-www-form-urlencoded. A form has at the
// most a million parameters and 64 MiB. The error is an *Error.
func Form(pairs []Pair, plain bool) (string, error) {
	w := &writer{maxParams: maxFormParams, maxLength: maxFormLength}
	var err error
	if plain {
		err = w.plain(nil, pairs)
	} else {
		err = w.indexed(newObject(), pairs)
	}
	return string(w.out), err
}

// Reason says why pairs cannot be written.
type Reason string

const (
	// Length: what is written would be too long.
	Length Reason = "query-length"
	// Params: there are too many parameters.
	Params Reason = "query-params"
	// Depth: arrays and objects nest too deep.
	Depth Reason = "query-depth"
	// Type: a value is of none of the types that Pair names, or is a float
	// without a decimal form.
	Type Reason = "query-type"
)

// Error tells why pairs cannot be written. It holds no name and no value.
type Error struct {
	Reason Reason
	Detail string // a fixed sentence
}

// Error returns the sentence.
func (e *Error) Error() string { return e.Detail }

var (
	errLength = &Error{Length, "the query or form is longer than the limit"}
	errParams = &Error{Params, "the query or form has more parameters than the limit"}
	errDepth  = &Error{Depth, "a value of the query or form nests deeper than the limit"}
	errType   = &Error{Type, "a value of the query or form is no text, number, boolean, null, array or object"}
)
