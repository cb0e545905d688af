package api

import (
	"bytes"
	"errors"
	"reflect"

	"github.com/go-json-experiment/json" // encoding/json/v2, in the standard library from Go 1.27 on
	"github.com/go-json-experiment/json/jsontext"
)

// strictly refuses names that nothing has; names in another case or twice are refused by default. Free text
// may be no UTF-8: it is cleaned where it is kept.
var strictly = json.JoinOptions(json.RejectUnknownMembers(true), jsontext.AllowInvalidUTF8(true))

// decodeJSON is what exchange.decode promises, of a text.
func decodeJSON(b []byte, v any) error {
	if !bytes.HasPrefix(bytes.TrimLeft(b, " \t\r\n"), []byte("{")) {
		return invalidRequest("the body must be a JSON object")
	}
	if err := json.Unmarshal(b, v, strictly); err != nil {
		return malformed(err)
	}
	return nil
}

// malformed says what is wrong without repeating values, which may be secrets.
func malformed(err error) error {
	var ready *problem
	var meant *json.SemanticError
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &ready):
		return ready
	case errors.As(err, &syntax) && errors.Is(err, jsontext.ErrDuplicateName):
		return invalidRequest("field %q is there twice", nameAt(syntax.JSONPointer))
	case errors.As(err, &syntax):
		return invalidRequest("malformed or incomplete JSON at byte %d", syntax.ByteOffset)
	case errors.As(err, &meant) && errors.Is(err, json.ErrUnknownName):
		return invalidRequest("unknown field %q", nameAt(meant.JSONPointer))
	case errors.As(err, &meant) && meant.JSONKind == '0' && isInteger(meant.GoType):
		return invalidRequest("field %q must be a whole number", nameAt(meant.JSONPointer))
	case errors.As(err, &meant):
		return invalidRequest("field %q must not be %s", nameAt(meant.JSONPointer), kinds[meant.JSONKind])
	}
	return invalidRequest("malformed JSON")
}

func isInteger(t reflect.Type) bool {
	return t != nil && t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64
}

var kinds = map[jsontext.Kind]string{
	'n': "null", 'f': "a boolean", 't': "a boolean", '"': "a string", '0': "a number", '{': "an object", '[': "an array",
}

// nameAt is the name of the field that p points to.
func nameAt(p jsontext.Pointer) string { return shorten(p.LastToken()) }

// shorten cuts what may be anything.
func shorten(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// secret is a text that must arrive as it was meant: what is no Unicode is refused, not replaced, or
// different passwords would become the same.
type secret string

// UnmarshalJSON implements json.Unmarshaler.
func (s *secret) UnmarshalJSON(b []byte) error {
	if b[0] != '"' || json.Unmarshal(b, (*string)(s)) != nil {
		return invalidRequest("a password must be a string of valid Unicode")
	}
	return nil
}

// optional tells an absent member from null: Set, then Value nil.
type optional[T any] struct {
	Set   bool
	Value *T
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom, as strictly as what is around it; it is called for null too.
func (o *optional[T]) UnmarshalJSONFrom(in *jsontext.Decoder) error {
	o.Set = true
	return json.UnmarshalDecode(in, &o.Value)
}
