package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"
)

const maxBody = 64 << 10

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
	if err := x.mustBe(want); err != nil {
		return nil, err
	}
	if x.r.ContentLength > maxBody {
		return nil, tooLarge()
	}
	b, err := readAll(http.MaxBytesReader(x.w, x.r.Body, maxBody), x.r.ContentLength)
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

// mustBe checks what the body says it is.
func (x *exchange) mustBe(want string) error {
	if encoding := x.r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return unsupported("compressed bodies are not taken")
	}
	return checkMedia(x.r.Header.Get("Content-Type"), want)
}

func checkMedia(text, want string) error {
	if text == want {
		return nil
	}
	media, params, err := mime.ParseMediaType(text)
	if err != nil || media != want {
		return unsupported("the body must be " + want)
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return unsupported("the body must be in UTF-8")
	}
	return nil
}

// readAll reads as much as was announced, or what there is when nothing was.
func readAll(body io.Reader, announced int64) ([]byte, error) {
	if announced < 0 {
		return io.ReadAll(body)
	}
	b := make([]byte, announced)
	_, err := io.ReadFull(body, b)
	return b, err
}

func unsupported(detail string) *problem {
	return &problem{status: http.StatusUnsupportedMediaType, code: "unsupported_media_type", detail: detail}
}

func tooLarge() *problem {
	return &problem{status: http.StatusRequestEntityTooLarge, code: "body_too_large", detail: "the body may have 64 KiB"}
}
