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
func (x *exchange) body() ([]byte, error) {
	if encoding := x.r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, unsupported("compressed bodies are not taken")
	}
	media, params, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return nil, unsupported("the body must be application/json")
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
	if err := checkMembers(walk, memberNames(reflect.TypeOf(v)), 1); err != nil {
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

// checkMembers refuses what encoding/json would take: a member twice, and names in other case.
func checkMembers(walk *json.Decoder, names map[string]bool, depth int) error {
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
		if !names[name] {
			return invalidRequest("unknown field %q", shorten(name))
		}
		if seen[name] {
			return invalidRequest("field %q is there twice", name)
		}
		seen[name] = true
		if err := checkValue(walk, names, depth); err != nil {
			return err
		}
	}
}

func checkValue(walk *json.Decoder, names map[string]bool, depth int) error {
	value, err := walk.Token()
	if err != nil {
		return malformed(err)
	}
	switch value {
	case json.Delim('{'):
		return checkMembers(walk, names, depth+1)
	case json.Delim('['):
		return invalidRequest("there is a list where none is taken")
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

var knownNames sync.Map // reflect.Type → map[string]bool

// memberNames are the JSON names in a type, nested ones too.
func memberNames(t reflect.Type) map[string]bool {
	if known, ok := knownNames.Load(t); ok {
		return known.(map[string]bool)
	}
	names := map[string]bool{}
	collectNames(t, names)
	knownNames.Store(t, names)
	return names
}

func collectNames(t reflect.Type, names map[string]bool) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
			names[name] = true
		}
		collectNames(t.Field(i).Type, names)
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

// UnmarshalJSON implements json.Unmarshaler; it is called for null too.
func (o *optional[T]) UnmarshalJSON(b []byte) error {
	o.Set = true
	strict := json.NewDecoder(bytes.NewReader(b))
	strict.DisallowUnknownFields()
	return strict.Decode(&o.Value)
}
