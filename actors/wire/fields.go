package wire

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrMalformed is what decoding anything but the output of the encoders wraps.
var ErrMalformed = errors.New("malformed message between nodes")

// fields describes a type once for both directions: encoding, every call appends a field; decoding, it
// looks the field up in what was read. A zero value is not written.
type fields struct {
	out      []byte
	in       []field
	decoding bool
	bad      bool
}

// field is one that was read.
type field struct {
	number protowire.Number
	bytes  []byte // nil: a varint
	varint uint64
}

// encode appends what describe says.
func encode(b []byte, describe func(*fields)) []byte {
	f := fields{out: b}
	describe(&f)
	return f.out
}

// decode reads b; describe fills its value.
func decode(b []byte, describe func(*fields)) error {
	f := fields{decoding: true}
	f.read(b)
	if !f.bad {
		describe(&f)
	}
	if f.bad {
		return ErrMalformed
	}
	return nil
}

func (f *fields) read(b []byte) {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			f.bad = true
			return
		}
		b = b[n:]
		one := field{number: number}
		switch kind {
		case protowire.VarintType:
			one.varint, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			one.bytes, n = protowire.ConsumeBytes(b)
			if one.bytes == nil {
				one.bytes = []byte{}
			}
		default:
			n = protowire.ConsumeFieldValue(number, kind, b)
		}
		if n < 0 {
			f.bad = true
			return
		}
		b = b[n:]
		f.in = append(f.in, one)
	}
}

// find is the last field of that number, as in protobuf.
func (f *fields) find(number protowire.Number) *field {
	for i := len(f.in) - 1; i >= 0; i-- {
		if f.in[i].number == number {
			return &f.in[i]
		}
	}
	return nil
}

func number[T ~int | ~int64 | ~uint64 | ~uint32 | ~uint8](f *fields, n protowire.Number, v *T) {
	if f.decoding {
		if found := f.find(n); found != nil && found.bytes == nil {
			*v = T(found.varint)
		}
		return
	}
	if *v != 0 {
		f.out = protowire.AppendTag(f.out, n, protowire.VarintType)
		f.out = protowire.AppendVarint(f.out, uint64(*v))
	}
}

func flag(f *fields, n protowire.Number, v *bool) {
	var bit uint8
	if *v {
		bit = 1
	}
	number(f, n, &bit)
	*v = bit != 0
}

func text[T ~string](f *fields, n protowire.Number, v *T) {
	if f.decoding {
		if found := f.find(n); found != nil {
			*v = T(found.bytes)
		}
		return
	}
	if *v != "" {
		f.out = protowire.AppendTag(f.out, n, protowire.BytesType)
		f.out = protowire.AppendString(f.out, string(*v))
	}
}

// blob is for nested encodings; decoded, it shares the message's memory.
func blob(f *fields, n protowire.Number, v *[]byte) {
	if f.decoding {
		if found := f.find(n); found != nil {
			*v = found.bytes
		}
		return
	}
	if len(*v) > 0 {
		f.out = protowire.AppendTag(f.out, n, protowire.BytesType)
		f.out = protowire.AppendBytes(f.out, *v)
	}
}

func array[T ~[16]byte](f *fields, n protowire.Number, v *T) {
	if f.decoding {
		if found := f.find(n); found != nil {
			if len(found.bytes) != 16 {
				f.bad = true
				return
			}
			*v = T(found.bytes)
		}
		return
	}
	if raw := [16]byte(*v); raw != [16]byte{} {
		f.out = protowire.AppendTag(f.out, n, protowire.BytesType)
		f.out = protowire.AppendBytes(f.out, raw[:])
	}
}

// within describes a nested value that is always there.
func within[T any](f *fields, n protowire.Number, v *T, describe func(*fields, *T)) {
	if f.decoding {
		if found := f.find(n); found != nil {
			f.inside(found.bytes, func(inner *fields) { describe(inner, v) })
		}
		return
	}
	f.nest(n, func(inner *fields) { describe(inner, v) })
}

// optional describes a nested value that may be missing.
func optional[T any](f *fields, n protowire.Number, v **T, describe func(*fields, *T)) {
	if f.decoding {
		if found := f.find(n); found != nil {
			*v = new(T)
			f.inside(found.bytes, func(inner *fields) { describe(inner, *v) })
		}
		return
	}
	if *v != nil {
		f.nest(n, func(inner *fields) { describe(inner, *v) })
	}
}

// list describes a repeated value; a message with more than most is malformed.
func list[T any](f *fields, n protowire.Number, v *[]T, most int, describe func(*fields, *T)) {
	if !f.decoding {
		for i := range *v {
			f.nest(n, func(inner *fields) { describe(inner, &(*v)[i]) })
		}
		return
	}
	for i := range f.in {
		if f.in[i].number != n {
			continue
		}
		if len(*v) == most {
			f.bad = true
			return
		}
		var one T
		f.inside(f.in[i].bytes, func(inner *fields) { describe(inner, &one) })
		*v = append(*v, one)
	}
}

func (f *fields) nest(n protowire.Number, describe func(*fields)) {
	f.out = protowire.AppendTag(f.out, n, protowire.BytesType)
	f.out = protowire.AppendBytes(f.out, encode(nil, describe))
}

func (f *fields) inside(b []byte, describe func(*fields)) {
	if err := decode(b, describe); err != nil {
		f.bad = true
	}
}
