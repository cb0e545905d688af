package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"
)

const maxDepth = 8 // objects in objects; ours have two

// decodeJSON is what exchange.decode promises, of a text.
func decodeJSON(b []byte, v any) error {
	if !json.Valid(b) {
		return malformed(json.Unmarshal(b, new(json.RawMessage)))
	}
	walk := walker{rest: b}
	if walk.next() != '{' {
		return invalidRequest("the body must be a JSON object")
	}
	if err := walk.object(membersOf(reflect.TypeOf(v)), 1); err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return malformed(err)
	}
	return nil
}

// walker looks for what encoding/json would take: a member twice, names in another case, and names
// that nothing has. It walks over valid JSON.
type walker struct{ rest []byte }

// next is the first byte that is no space.
func (w *walker) next() byte {
	w.rest = bytes.TrimLeft(w.rest, " \t\r\n")
	return w.rest[0]
}

// skip passes by n bytes, and by the space before them.
func (w *walker) skip(n int) {
	w.next()
	w.rest = w.rest[n:]
}

// object passes by an object that is to become what is known; below the depth of any type of ours
// nothing is.
func (w *walker) object(known members, depth int) error {
	if depth > maxDepth {
		return invalidRequest("the body is nested too deeply")
	}
	var seen uint64
	for w.skip(1); w.next() != '}'; {
		if w.next() == ',' {
			w.skip(1)
		}
		name := unquote(w.text())
		m, ok := known[string(name)]
		if !ok {
			return invalidRequest("unknown field %q", shorten(string(name)))
		}
		if seen&(1<<m.place) != 0 {
			return invalidRequest("field %q is there twice", name)
		}
		seen |= 1 << m.place
		w.next()
		w.skip(1) // the colon
		if err := w.value(name, m.is, depth); err != nil {
			return err
		}
	}
	w.skip(1)
	return nil
}

func (w *walker) value(name []byte, is reflect.Type, depth int) error {
	switch w.next() {
	case '{':
		return w.object(membersOf(is), depth+1)
	case '[':
		return invalidRequest("field %q must not be an array", name)
	case '"':
		w.text()
	default:
		w.rest = w.rest[bytes.IndexAny(w.rest, ",} \t\r\n"):]
	}
	return nil
}

// text passes by a text and returns it with its quotes.
func (w *walker) text() []byte {
	w.next()
	end := 1
	for ; w.rest[end] != '"'; end++ {
		if w.rest[end] == '\\' {
			end++
		}
	}
	text := w.rest[:end+1]
	w.rest = w.rest[end+1:]
	return text
}

// unquote is a text without its quotes and escapes.
func unquote(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return text[1 : len(text)-1]
	}
	var plain string
	_ = json.Unmarshal(text, &plain) // it is valid
	return []byte(plain)
}

func shorten(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// malformed says what is wrong without repeating values, which may be secrets.
func malformed(err error) error {
	var typ *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	var ready *problem
	switch {
	case errors.As(err, &ready):
		return ready
	case errors.As(err, &typ):
		kind, _, _ := strings.Cut(typ.Value, " ")
		return invalidRequest("field %q must not be a %s", typ.Field, kind)
	case errors.As(err, &syntax):
		return invalidRequest("malformed JSON at byte %d", syntax.Offset)
	}
	return invalidRequest("malformed or incomplete JSON")
}

// member is one name of a struct: its place among them, less than 64, and what its value is.
type member struct {
	place int
	is    reflect.Type
}

type members map[string]member

var knownMembers sync.Map // reflect.Type → members

// membersOf are those of the struct that t is, points to or may hold; none when it is no struct.
func membersOf(t reflect.Type) members {
	if known, ok := knownMembers.Load(t); ok {
		return known.(members)
	}
	found := members{}
	collect(t, found)
	knownMembers.Store(t, found)
	return found
}

func collect(t reflect.Type, found members) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if holder, ok := reflect.Zero(t).Interface().(interface{ holds() reflect.Type }); ok {
		t = holder.holds()
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Anonymous {
			collect(field.Type, found)
		} else if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			found[name] = member{len(found), field.Type}
		}
	}
}

// secret is a text that must arrive as it was meant: bytes that are not UTF-8 are refused, not
// replaced, or different passwords would become the same.
type secret string

// UnmarshalJSON implements json.Unmarshaler.
func (s *secret) UnmarshalJSON(b []byte) error {
	if !utf8.Valid(b) {
		return invalidRequest("a password must be valid UTF-8")
	}
	if len(b) == 0 || b[0] != '"' {
		return invalidRequest("a password must be a string")
	}
	return json.Unmarshal(b, (*string)(s))
}

// optional tells an absent member from null: Set, then Value nil.
type optional[T any] struct {
	Set   bool
	Value *T
}

// holds is for collect.
func (optional[T]) holds() reflect.Type { return reflect.TypeFor[T]() }

// UnmarshalJSON implements json.Unmarshaler; it is called for null too.
func (o *optional[T]) UnmarshalJSON(b []byte) error {
	o.Set = true
	strict := json.NewDecoder(bytes.NewReader(b))
	strict.DisallowUnknownFields()
	return strict.Decode(&o.Value)
}
