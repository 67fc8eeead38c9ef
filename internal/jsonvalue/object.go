package jsonvalue

// Object is a JSON object whose members keep their order.
type Object []Member

// Member is one name and value of an Object. Value is what ParseOrdered
// returns for values.
type Member struct {
	Name  string
	Value any
}

// Get returns the value of the last member of that name, as JavaScript would.
func (o Object) Get(name string) (any, bool) {
	for i := len(o) - 1; i >= 0; i-- {
		if o[i].Name == name {
			return o[i].Value, true
		}
	}
	return nil, false
}

// MarshalJSON writes the members in their order and escapes no HTML. (An
// encoding/json.Encoder escapes it afterwards, unless told not to.)
func (o Object) MarshalJSON() ([]byte, error) {
	return Append(nil, o)
}
