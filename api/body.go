package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	maxBody  = 64 << 10
	maxDepth = 8 // objects in objects; ours have two
)

// decode reads the request's JSON object into v, a pointer to a struct. It takes nothing that v does
// not name, exactly as v names it, once, and nothing after it.
func (x *exchange) decode(v any) error {
	b, err := x.body()
	if err != nil {
		return err
	}
	return decodeJSON(b, v)
}

// decodeOptional is decode for routes that need no body.
func (x *exchange) decodeOptional(v any) error {
	if x.r.ContentLength == 0 {
		return nil
	}
	return x.decode(v)
}

// body reads the request's body.
func (x *exchange) body() ([]byte, error) { return x.bodyOf("application/json") }

// bodyOf reads a body that must be of this media type.
func (x *exchange) bodyOf(want string) ([]byte, error) {
	if encoding := x.r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, unsupported("compressed bodies are not taken")
	}
	media, params, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if err != nil || media != want {
		return nil, unsupported("the body must be " + want)
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, unsupported("the body must be in UTF-8")
	}
	if x.r.ContentLength > maxBody {
		return nil, tooLarge()
	}
	b, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, tooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, invalidRequest("the body did not arrive within %s", bodyTimeout)
	case err != nil:
		return nil, invalidRequest("the body ended early")
	}
	_ = http.NewResponseController(x.w).SetReadDeadline(time.Time{})
	return b, nil
}

func unsupported(detail string) *problem {
	return &problem{status: http.StatusUnsupportedMediaType, code: "unsupported_media_type", detail: detail}
}

func tooLarge() *problem {
	return &problem{status: http.StatusRequestEntityTooLarge, code: "body_too_large", detail: "the body may have 64 KiB"}
}

func decodeJSON(b []byte, v any) error {
	walk := json.NewDecoder(bytes.NewReader(b))
	first, err := walk.Token()
	if err != nil {
		return malformed(err)
	}
	if first != json.Delim('{') {
		return invalidRequest("the body must be a JSON object")
	}
	if err := checkMembers(walk, membersOf(reflect.TypeOf(v)), 1); err != nil {
		return err
	}
	if _, err := walk.Token(); err != io.EOF {
		return invalidRequest("something follows the JSON object")
	}
	strict := json.NewDecoder(bytes.NewReader(b))
	strict.DisallowUnknownFields()
	if err := strict.Decode(v); err != nil {
		return malformed(err)
	}
	return nil
}

// checkMembers refuses what encoding/json would take: a member twice, and names in other case. It is
// called inside an object that is to become a known; below the depth of any type of ours there is
// nothing known.
func checkMembers(walk *json.Decoder, known members, depth int) error {
	if depth > maxDepth {
		return invalidRequest("the body is nested too deeply")
	}
	seen := map[string]bool{}
	for {
		next, err := walk.Token()
		if err != nil {
			return malformed(err)
		}
		name, isName := next.(string)
		if !isName { // the end of the object
			return nil
		}
		typ, ok := known[name]
		if !ok {
			return invalidRequest("unknown field %q", shorten(name))
		}
		if seen[name] {
			return invalidRequest("field %q is there twice", name)
		}
		seen[name] = true
		if err := checkValue(walk, name, typ, depth); err != nil {
			return err
		}
	}
}

func checkValue(walk *json.Decoder, name string, typ reflect.Type, depth int) error {
	value, err := walk.Token()
	if err != nil {
		return malformed(err)
	}
	switch value {
	case json.Delim('{'):
		return checkMembers(walk, membersOf(typ), depth+1)
	case json.Delim('['):
		return invalidRequest("field %q must not be an array", name)
	}
	return nil
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

// members are the JSON names of a struct and the types of their values.
type members map[string]reflect.Type

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
			found[name] = field.Type
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
