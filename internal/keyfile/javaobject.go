package keyfile

import (
	"errors"
	"fmt"
)

// A secret key in a JCEKS file is a serialized Java object without a length in
// front. To find what follows it, skipJavaObject walks the grammar of the Java
// Object Serialization Specification, section 6.4; it builds nothing.
func skipJavaObject(r *octetReader) {
	if header := r.take(4); r.err == nil && string(header) != "\xac\xed\x00\x05" {
		r.err = errors.New("a secret key that is not a serialized object")
	}
	s := &javaStream{octetReader: r}
	s.content(0)
}

// javaClass is what the layout of an object's data follows from.
type javaClass struct {
	flags  byte
	fields []byte // type codes
	name   string
	parent *javaClass
}

type javaStream struct {
	*octetReader
	handles []*javaClass // nil where the object is no class
}

const (
	javaNull           = 0x70
	javaReference      = 0x71
	javaClassDesc      = 0x72
	javaObject         = 0x73
	javaString         = 0x74
	javaArray          = 0x75
	javaBlockData      = 0x77
	javaEndBlockData   = 0x78
	javaBlockDataLong  = 0x7a
	javaLongString     = 0x7c
	javaBaseHandle     = 0x7e0000
	javaWriteMethod    = 0x01
	javaSerializable   = 0x02
	javaExternalizable = 0x04
	javaMaxDepth       = 32
)

// content skips one object or block, and gives its class if it describes one.
func (s *javaStream) content(depth int) *javaClass {
	if depth > javaMaxDepth && s.err == nil {
		s.err = errors.New("serialized objects nested too deep")
	}
	if s.err != nil {
		return nil
	}
	switch code := s.octet(); code {
	case javaNull:
	case javaReference:
		if i := int(s.uint32()) - javaBaseHandle; i >= 0 && i < len(s.handles) {
			return s.handles[i]
		}
		s.fail("a reference to nothing")
	case javaClassDesc:
		return s.classDesc(depth)
	case javaObject:
		class := s.content(depth + 1)
		s.handles = append(s.handles, nil)
		s.object(class, depth)
	case javaString:
		s.handles = append(s.handles, nil)
		s.take(s.uint16())
	case javaLongString:
		s.handles = append(s.handles, nil)
		s.take(4)
		s.blob()
	case javaArray:
		s.array(s.content(depth+1), depth)
	case javaBlockData:
		s.take(int(s.octet()))
	case javaBlockDataLong:
		s.blob()
	default:
		s.fail(fmt.Sprintf("a serialized object with the code %#02x", code))
	}
	return nil
}

func (s *javaStream) fail(what string) {
	if s.err == nil {
		s.err = errors.New(what)
	}
}

func (s *javaStream) classDesc(depth int) *javaClass {
	class := &javaClass{name: string(s.take(s.uint16()))}
	s.take(8) // serialVersionUID
	s.handles = append(s.handles, class)
	class.flags = s.octet()
	for range s.uint16() {
		code := s.octet()
		s.take(s.uint16())
		if code == '[' || code == 'L' {
			s.content(depth + 1) // the name of its class
		}
		class.fields = append(class.fields, code)
		if s.err != nil {
			return class
		}
	}
	s.annotation(depth)
	class.parent = s.content(depth + 1)
	return class
}

// annotation skips blocks and objects to their end mark.
func (s *javaStream) annotation(depth int) {
	for s.err == nil {
		if len(s.rest) > 0 && s.rest[0] == javaEndBlockData {
			s.take(1)
			return
		}
		s.content(depth + 1)
	}
}

// object skips the data of an object, that of its topmost class first.
func (s *javaStream) object(class *javaClass, depth int) {
	var lineage []*javaClass
	for ; class != nil && len(lineage) < javaMaxDepth; class = class.parent {
		lineage = append(lineage, class)
	}
	for i := len(lineage) - 1; i >= 0 && s.err == nil; i-- {
		class := lineage[i]
		if class.flags&javaExternalizable != 0 || class.flags&javaSerializable == 0 {
			s.fail("an object that reads itself")
			return
		}
		for _, code := range class.fields {
			s.data(code, depth)
		}
		if class.flags&javaWriteMethod != 0 {
			s.annotation(depth)
		}
	}
}

func (s *javaStream) array(class *javaClass, depth int) {
	s.handles = append(s.handles, nil)
	n := int(s.uint32())
	if class == nil || len(class.name) < 2 {
		s.fail("an array of nothing")
		return
	}
	for i := 0; i < n && s.err == nil; i++ {
		s.data(class.name[1], depth)
	}
}

// data skips a value by its type code.
func (s *javaStream) data(code byte, depth int) {
	switch code {
	case 'B', 'Z':
		s.take(1)
	case 'C', 'S':
		s.take(2)
	case 'I', 'F':
		s.take(4)
	case 'J', 'D':
		s.take(8)
	case 'L', '[':
		s.content(depth + 1)
	default:
		s.fail("a field of no type")
	}
}
