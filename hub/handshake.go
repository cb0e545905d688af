package hub

import (
	"bytes"
	"crypto/sha1" // #nosec G505 -- RFC 6455 says SHA-1; nothing rests on it
	"encoding/base64"
	"net/http"
	"strings"
)

// protocolName is the one subprotocol that is ever answered.
const protocolName = "hotseat.v1"

// objection is why a handshake is refused before the Gate sees it.
type objection struct {
	status int
	code   string
	detail string
}

// The objections to a handshake (RFC 6455, sections 4.2.1 and 4.4).
var (
	notGet      = &objection{http.StatusMethodNotAllowed, "method_not_allowed", "a WebSocket handshake is a GET"}
	notHTTP11   = &objection{http.StatusHTTPVersionNotSupported, "invalid_request", "a WebSocket handshake needs HTTP/1.1"}
	noUpgrade   = &objection{http.StatusUpgradeRequired, "invalid_request", "this is a WebSocket: connect with Upgrade: websocket"}
	badVersion  = &objection{http.StatusUpgradeRequired, "invalid_request", "Sec-WebSocket-Version must be 13"}
	badKey      = &objection{http.StatusBadRequest, "invalid_request", "Sec-WebSocket-Key must be once the base64 form of 16 bytes"}
	hasBody     = &objection{http.StatusBadRequest, "invalid_request", "a WebSocket handshake has no body"}
	badProtocol = &objection{http.StatusBadRequest, "invalid_request", "Sec-WebSocket-Protocol must list tokens"}
	badPath     = &objection{http.StatusNotFound, "not_found", "the path is /ws/session/{terminal_id}/"}
	badTerminal = &objection{http.StatusBadRequest, "invalid_request", "terminal_id must be 1 to 64 of A-Z a-z 0-9 _ -"}
)

// check validates the handshake itself, and returns the subprotocols that it offers.
func check(r *http.Request) (offered []string, bad *objection) {
	switch {
	case r.Method != http.MethodGet:
		return nil, notGet
	case !r.ProtoAtLeast(1, 1) || r.ProtoMajor != 1:
		return nil, notHTTP11
	case r.ContentLength != 0: // it would be read as frames
		return nil, hasBody
	case !hasToken(r.Header["Connection"], "upgrade") || !hasToken(r.Header["Upgrade"], "websocket"):
		return nil, noUpgrade
	case !only(r.Header["Sec-Websocket-Version"], "13"):
		return nil, badVersion
	case !goodKey(r.Header["Sec-Websocket-Key"]):
		return nil, badKey
	}
	for _, line := range r.Header["Sec-Websocket-Protocol"] {
		for p := range strings.SplitSeq(line, ",") {
			if p = strings.Trim(p, " \t"); !isToken(p) {
				return nil, badProtocol
			}
			offered = append(offered, p)
		}
	}
	return offered, nil
}

// hasToken reports whether comma-separated header lines contain a word, whatever its case.
func hasToken(lines []string, word string) bool {
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.Trim(item, " \t"), word) {
				return true
			}
		}
	}
	return false
}

func only(lines []string, value string) bool { return len(lines) == 1 && lines[0] == value }

func goodKey(lines []string) bool {
	if len(lines) != 1 || len(lines[0]) != 24 {
		return false
	}
	var key [18]byte
	n, err := base64.StdEncoding.Decode(key[:], []byte(lines[0]))
	return err == nil && n == 16
}

// isToken reports whether s is a token of HTTP (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// acceptKey proves that the handshake was understood (RFC 6455, section 4.2.2).
func acceptKey(key string) string {
	var both [24 + 36]byte
	sum := sha1.Sum(append(append(both[:0], key...), "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"...)) // #nosec G401 -- RFC 6455 says SHA-1; nothing rests on it
	return base64.StdEncoding.EncodeToString(sum[:])
}

// switching is the answer that makes a connection a WebSocket. Extensions are declined by silence.
func switching(key, protocol string, extra http.Header) []byte {
	var b bytes.Buffer
	b.Grow(192)
	b.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
	b.WriteString(acceptKey(key))
	b.WriteString("\r\n")
	if protocol != "" {
		b.WriteString("Sec-WebSocket-Protocol: " + protocol + "\r\n")
	}
	extra.Write(&b)
	b.WriteString("\r\n")
	return b.Bytes()
}
