package cookiejar

import (
	"encoding/json"
	"unicode/utf8"
)

// Octets are the bytes of a cookie's name, value or path, which need not be
// text. In JSON they are a string where they are UTF-8, else the object
// {"$base64": "…"}, so that every byte comes back.
type Octets string

type base64Octets struct {
	Base64 []byte `json:"$base64"`
}

// MarshalJSON never fails.
func (o Octets) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(o)) {
		return json.Marshal(string(o))
	}
	return json.Marshal(base64Octets{[]byte(o)})
}

// UnmarshalJSON takes both forms, and null as none.
func (o *Octets) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		var b base64Octets
		if err := json.Unmarshal(data, &b); err != nil {
			return err
		}
		*o = Octets(b.Base64)
		return nil
	}
	return json.Unmarshal(data, (*string)(o))
}
