package shape

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// draft is what the schemas say that they are.
const draft = "https://json-schema.org/draft/2020-12/schema"

// schema is the part of JSON Schema that a shape needs.
type schema struct {
	Draft      string             `json:"$schema,omitempty"`
	Type       typeNames          `json:"type,omitempty"`
	Properties map[string]*schema `json:"properties,omitzero"`
	Required   []string           `json:"required,omitempty"`
	Items      *schema            `json:"items,omitempty"`
}

// typeNames are one name, or a list of them.
type typeNames []string

func (n typeNames) MarshalJSON() ([]byte, error) {
	if len(n) == 1 {
		return json.Marshal(n[0])
	}
	return json.Marshal([]string(n))
}

func (n *typeNames) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*n = typeNames{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(n))
}

// MarshalJSON writes a JSON Schema that every value which was seen is valid by.
// What all objects of a place had is required there.
func (s *Shape) MarshalJSON() ([]byte, error) {
	out := s.schema()
	out.Draft = draft
	return json.Marshal(out)
}

func (s *Shape) schema() *schema {
	out := &schema{Type: slices.Sorted(maps.Keys(s.types))}
	if s.array {
		out.Type = append(out.Type, "array")
		if s.items != nil {
			out.Items = s.items.schema()
		}
	}
	if s.object {
		out.Type = append(out.Type, "object")
		out.Properties = make(map[string]*schema, len(s.fields))
		for name, field := range s.fields {
			out.Properties[name] = field.schema()
		}
		out.Required = slices.Sorted(maps.Keys(s.required))
	}
	return out
}

// UnmarshalJSON reads what MarshalJSON writes. A schema that says more, or
// something else, is an error: a shape could not say it again.
func (s *Shape) UnmarshalJSON(data []byte) error {
	var in schema
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return err
	}
	if in.Draft != draft {
		return errors.New("not a schema of draft 2020-12")
	}
	in.Draft = ""
	read, err := in.shape()
	if err != nil {
		return err
	}
	*s = *read
	return nil
}

func (in *schema) shape() (*Shape, error) {
	s := new(Shape)
	if in == nil || in.Draft != "" {
		return nil, errors.New("a schema in a schema that is none")
	}
	for _, name := range in.Type {
		switch name {
		case "array":
			s.array = true
		case "object":
			s.object, s.required = true, make(map[string]bool)
		case "string", "boolean", "null", "number", "integer":
			s.of(name)
		default:
			return nil, fmt.Errorf("no type of JSON Schema: %q", name)
		}
	}
	if in.Items != nil && !s.array || (in.Properties != nil || in.Required != nil) && !s.object {
		return nil, errors.New("items without an array, or properties without an object")
	}
	var err error
	if in.Items != nil {
		if s.items, err = in.Items.shape(); err != nil {
			return nil, err
		}
	}
	for name, property := range in.Properties {
		field, err := property.shape()
		if err != nil {
			return nil, err
		}
		s.field(name)
		s.fields[name] = field
	}
	for _, name := range in.Required {
		if s.fields[name] == nil {
			return nil, fmt.Errorf("required and no property: %q", name)
		}
		s.required[name] = true
	}
	return s, nil
}
