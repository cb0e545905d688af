package session

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Lengths of free text, in bytes.
const (
	MaxDevice     = 128
	MaxUserAgent  = 512
	MaxExternalID = 128
	MaxMessage    = 256
)

// Clean makes free text from outside safe to store and show: valid UTF-8, no control characters,
// at most limit bytes without cutting a character in two.
func Clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
