package mtlshttp

import (
	"github.com/mtlshttp/mtlshttp/internal/shape"
)

// Shape is what bundles look like: which fields they have, of which types. It
// comes from Response.Shape, or is read back from its own JSON, and is otherwise
// never modified. The zero value has seen nothing.
type Shape struct{ seen shape.Shape }

// Shape tells the fields of a bundle that can be mapped into a next step:
// statusCode, headers, cookieHeaders, data, fileSize, url, contentType, charset
// and fileName.
func (r *Response) Shape() *Shape {
	headers := make([]any, 0, len(r.Headers))
	for _, h := range r.Headers {
		headers = append(headers, map[string]any{"name": h.Name, "value": h.Value})
	}
	cookies := make([]any, 0, len(r.CookieHeaders))
	for _, c := range r.CookieHeaders {
		cookies = append(cookies, c)
	}
	s := new(Shape)
	s.seen.Add(map[string]any{"statusCode": r.StatusCode, "headers": headers, "cookieHeaders": cookies, "data": r.Data,
		"fileSize": r.FileSize, "url": r.URL, "contentType": r.ContentType, "charset": r.Charset, "fileName": r.FileName})
	return s
}

// Merge returns the shape of everything that any of them has seen. nil has seen
// nothing.
func (s *Shape) Merge(others ...*Shape) *Shape {
	sum := new(Shape)
	for _, o := range append([]*Shape{s}, others...) {
		if o != nil {
			sum.seen.Join(&o.seen)
		}
	}
	return sum
}

// MarshalJSON writes a JSON Schema (draft 2020-12) that every bundle which was
// seen is valid by. What all objects of a place had is required there.
func (s *Shape) MarshalJSON() ([]byte, error) { return s.seen.MarshalJSON() }

// UnmarshalJSON reads what MarshalJSON wrote, all of it: a shape that was stored
// merges as if it had not been. Any other schema is an error of kind parse,
// reason shape, and leaves s as it is.
func (s *Shape) UnmarshalJSON(data []byte) error {
	if err := s.seen.UnmarshalJSON(data); err != nil {
		return &Error{Kind: KindParse, Reason: "shape", Phase: phaseParse, Type: typeName(KindParse, 0), Err: err}
	}
	return nil
}

// Paths lists every field, sorted, as a next step refers to it: data.user.id,
// and data.entries[].id for one of the objects in an array. A name that is not
// letters, digits and _ stands in backticks.
func (s *Shape) Paths() []string { return s.seen.Paths() }
