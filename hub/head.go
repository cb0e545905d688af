package hub

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/hotseat-hub/hotseat/session"
)

// maxHead is the longest request that the shards read themselves; a longer one goes on to net/http.
const maxHead = 8 << 10

// socketTarget begins every request that may become a socket.
const socketTarget = "GET /ws/"

// What the first bytes of a connection are.
type kindOfHead uint8

const (
	headPartial kindOfHead = iota // nothing can be said yet
	headSocket                    // a whole request for a socket
	headOther                     // for net/http, whose answers all others are
)

// classify looks at the first bytes of a connection, and finds where a whole request for a socket ends.
func classify(b []byte) (kind kindOfHead, end int) {
	if n := min(len(b), len(socketTarget)); string(b[:n]) != socketTarget[:n] {
		return headOther, 0
	}
	line := 0 // where the present line begins
	for i, c := range b[:min(len(b), maxHead)] {
		if c != '\n' {
			continue
		}
		if i == 0 || b[i-1] != '\r' {
			return headOther, 0
		}
		if i == line+1 {
			return headSocket, i + 1
		}
		line = i + 1
	}
	if len(b) >= maxHead {
		return headOther, 0
	}
	return headPartial, 0
}

// head is a request for a socket that is right in every way. It keeps the request's bytes alive.
type head struct {
	lines    []headLine
	terminal session.TerminalID
	query    string
	offered  []string
	key      string
}

type headLine struct{ name, value string }

// parseHead reads a whole request. It knows only the handshakes that check, terminalOf and net/http
// find nothing wrong with; whatever is unusual is not ok, and is left to them to refuse or to take.
func parseHead(text string) (*head, bool) {
	first, rest, _ := strings.Cut(text, "\r\n")
	target, ok := strings.CutPrefix(first, "GET ")
	if !ok {
		return nil, false
	}
	target, ok = strings.CutSuffix(target, " HTTP/1.1")
	if !ok {
		return nil, false
	}
	h := &head{lines: make([]headLine, 0, 16)}
	if !h.readTarget(target) || !h.readLines(rest) || !h.readHandshake() {
		return nil, false
	}
	return h, true
}

func (h *head) readTarget(target string) bool {
	for i := range len(target) {
		if c := target[i]; c <= ' ' || c >= 0x7f || c == '#' {
			return false
		}
	}
	path, query, _ := strings.Cut(target, "?")
	if strings.Contains(path, "%") {
		return false
	}
	terminal, bad := terminalOf(path)
	h.terminal = terminal
	if query != "" {
		values, _ := url.ParseQuery(query) // what is wrong in it is left out, as net/http does
		h.query = values.Get("ticket")
	}
	return bad == nil
}

func (h *head) readLines(rest string) bool {
	for {
		line, after, ok := strings.Cut(rest, "\r\n")
		if !ok || line == "" {
			return ok && after == ""
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) {
			return false
		}
		value = strings.Trim(value, " \t")
		for i := range len(value) {
			if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
				return false
			}
		}
		h.lines = append(h.lines, headLine{name, value})
		rest = after
	}
}

// readHandshake is check, for what was read here.
func (h *head) readHandshake() bool {
	for _, unusual := range []string{"Content-Length", "Transfer-Encoding", "Expect", "Trailer", "Pragma"} {
		if h.first(unusual) != nil {
			return false
		}
	}
	host := h.values("Host")
	if len(host) != 1 || !plainHost(host[0]) {
		return false
	}
	key := h.values("Sec-Websocket-Key")
	if !hasToken(h.values("Connection"), "upgrade") || !hasToken(h.values("Upgrade"), "websocket") ||
		!only(h.values("Sec-Websocket-Version"), "13") || !goodKey(key) {
		return false
	}
	h.key = key[0]
	for _, line := range h.values("Sec-Websocket-Protocol") {
		for p := range strings.SplitSeq(line, ",") {
			if p = strings.Trim(p, " \t"); !isToken(p) {
				return false
			}
			h.offered = append(h.offered, p)
		}
	}
	return true
}

// plainHost knows names, addresses and ports; anything else is for net/http to judge.
func plainHost(host string) bool {
	for i := range len(host) {
		c := host[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && strings.IndexByte(".:-_[]", c) < 0 {
			return false
		}
	}
	return host != ""
}

func (h *head) first(name string) *headLine {
	for i := range h.lines {
		if strings.EqualFold(h.lines[i].name, name) {
			return &h.lines[i]
		}
	}
	return nil
}

// values are those of a header, in their order; nil when there is none.
func (h *head) values(name string) (values []string) {
	for i := range h.lines {
		if strings.EqualFold(h.lines[i].name, name) {
			values = append(values, h.lines[i].value)
		}
	}
	return values
}

func (h *head) get(name string) string {
	if line := h.first(name); line != nil {
		return line.value
	}
	return ""
}

// echo is what the 101 says beside what it must.
func (h *head) echo() http.Header {
	if id := h.get("X-Request-Id"); id != "" && goodRequestID.MatchString(id) {
		return http.Header{"X-Request-Id": {id}}
	}
	return nil
}

// request is what the Gate sees.
func (h *head) request(remote netip.Addr) *Request {
	return &Request{
		TerminalID: string(h.terminal), Query: h.query, Authorization: h.get("Authorization"), Protocols: h.offered,
		Origin: h.get("Origin"), Host: h.get("Host"), UserAgent: h.get("User-Agent"), Remote: remote, Header: h.values,
	}
}
