package hub

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/hotseat-hub/hotseat/session"
)

// pathPrefix is what stands before the terminal in the path.
const pathPrefix = "/ws/session/"

// ServeHTTP answers GET /ws/session/{terminal_id}, with or without a last slash. It owns the
// connection from the upgrade on.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	offered, bad := check(r)
	if bad != nil {
		h.object(w, r, bad)
		return
	}
	if h.closing.Load() {
		h.sendElsewhere(w, r)
		return
	}
	terminal, bad := terminalOf(r.URL.Path)
	if bad != nil {
		h.object(w, r, bad)
		return
	}
	request := newRequest(r, terminal, offered)
	ctx, cancel := context.WithTimeout(r.Context(), h.rules.attachTimeout)
	defer cancel()
	verdict := h.judge(func() Verdict { return h.options.Gate.Admit(ctx, request) })
	switch {
	case verdict.Status != 0:
		h.refuse(w, r, verdict)
	case h.closing.Load(): // since the Gate was asked
		h.sendElsewhere(w, r)
	case verdict.Await && !h.mayAwait():
		w.Header().Set("Retry-After", "5")
		h.object(w, r, tooManyAwait)
	default:
		h.upgrade(w, r, request, verdict)
	}
}

// mayAwait takes one of the places for sockets that have not sent their token; the engine gives it
// back.
func (h *Hub) mayAwait() bool {
	if h.awaiting.Add(1) <= int64(h.options.MaxAwaiting) {
		return true
	}
	h.awaiting.Add(-1)
	h.refuseQueue()
	return false
}

// await counts a socket to be among the strangers of its address until it sends its token, if it has not.
// Its engine calls it before the socket begins.
func (h *Hub) await(r *Request, v Verdict, conn uint64) {
	if v.Await {
		r.place = h.strangers.enter(r.Remote, func() { h.engine.post(conn, (*conversation).dismiss) })
	}
}

// upgrade takes the connection from the HTTP server.
func (h *Hub) upgrade(w http.ResponseWriter, r *http.Request, request *Request, v Verdict) {
	nc, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		h.options.Log.Error("this HTTP server or its middleware cannot give up a connection", "error", err)
		h.object(w, r, notHTTP11)
		h.giveBack(v)
		return
	}
	protocol := choose(v, request.Protocols)
	head := switching(r.Header.Get("Sec-Websocket-Key"), protocol, w.Header())
	early := make([]byte, buffered.Reader.Buffered())
	buffered.Read(early)
	if !h.engines.adopt(nc, head, early, request, v, protocol == protocolName) {
		nc.Close()
		h.giveBack(v)
	}
}

// giveBack undoes mayAwait for a connection that no engine took.
func (h *Hub) giveBack(v Verdict) {
	if v.Await {
		h.awaiting.Add(-1)
	}
}

// choose answers with a subprotocol only if it was offered; never with one that carries a token.
func choose(v Verdict, offered []string) string {
	protocol := v.Protocol
	if protocol == "" {
		protocol = protocolName
	}
	if protocol != protocolName || !slices.Contains(offered, protocol) {
		return ""
	}
	return protocol
}

// terminalOf reads the terminal out of the path.
func terminalOf(path string) (session.TerminalID, *objection) {
	name, ok := strings.CutPrefix(path, pathPrefix)
	name = strings.TrimSuffix(name, "/")
	if !ok || name == "" || strings.Contains(name, "/") {
		return "", badPath
	}
	terminal, err := session.ParseTerminalID(name)
	if err != nil {
		return "", badTerminal
	}
	return terminal, nil
}

func newRequest(r *http.Request, terminal session.TerminalID, offered []string) *Request {
	request := &Request{
		TerminalID: string(terminal), Query: r.URL.Query().Get("ticket"),
		Authorization: r.Header.Get("Authorization"), Protocols: offered,
		Origin: r.Header.Get("Origin"), Host: r.Host, UserAgent: r.UserAgent(),
		TLS: r.TLS != nil, Header: func(name string) []string { return r.Header[name] },
	}
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		request.Remote = at.Addr().Unmap().WithZone("")
	}
	return request
}
