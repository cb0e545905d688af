// Package frame reads and writes WebSocket frames (RFC 6455, section 5) from and to memory.
//
// The main type is Reader: bytes in, in whatever pieces they arrived, and one Item per frame out.
// It has no clock, connection, goroutine or lock, so every engine shares it and a fuzzer can drive it.
//
// Promise: whatever the bytes are, a Reader never panics, never holds more than one message of the
// limit plus one frame header, refuses what the standard refuses with the standard's close code, and
// gives the same Items however the bytes were cut.
//
// Next: conversation.go in hub gives the Items their meaning.
package frame
