package hub

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// The objections of a hub that has no place for a socket.
var (
	drainingHere = &objection{http.StatusServiceUnavailable, "overloaded", "this node is being drained; connect again"}
	tooManyAwait = &objection{http.StatusServiceUnavailable, "overloaded", "too many sockets wait to send their token; send it in the handshake"}
)

// refuse answers with what the Gate decided.
func (h *Hub) refuse(w http.ResponseWriter, r *http.Request, v Verdict) {
	maps.Copy(w.Header(), v.Header)
	if v.RetryAfter > 0 {
		seconds := (v.RetryAfter + time.Second - 1) / time.Second
		w.Header().Set("Retry-After", strconv.Itoa(int(seconds)))
	}
	if v.Problem == nil {
		h.object(w, r, &objection{v.Status, "invalid_request", "the handshake was refused"})
		return
	}
	writeProblem(w, v.Status, v.Problem)
}

// sendElsewhere answers a handshake that comes while the node is drained.
func (h *Hub) sendElsewhere(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "1")
	w.Header().Set("Connection", "close") // a proxy's next attempt goes elsewhere
	h.object(w, r, drainingHere)
}

// object answers a handshake that is wrong in itself, with the headers that its status asks for.
func (h *Hub) object(w http.ResponseWriter, r *http.Request, o *objection) {
	switch o.status {
	case http.StatusUpgradeRequired:
		w.Header().Set("Sec-WebSocket-Version", "13")
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodGet)
	}
	id := requestID(r, w.Header())
	w.Header().Set("X-Request-Id", id)
	body, _ := json.Marshal(struct { // texts and a number always marshal
		Type      string `json:"type"`
		Title     string `json:"title"`
		Status    int    `json:"status"`
		Detail    string `json:"detail"`
		Code      string `json:"code"`
		RequestID string `json:"request_id"`
	}{"urn:hotseat:problem:" + o.code, http.StatusText(o.status), o.status, o.detail, o.code, id})
	writeProblem(w, o.status, body)
}

// goodRequestID is what a client may call its request.
var goodRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// requestID is the one that middleware has answered with, else the client's own, else a new one.
func requestID(r *http.Request, answered http.Header) string {
	if id := answered.Get("X-Request-Id"); id != "" {
		return id
	}
	if id := r.Header.Get("X-Request-Id"); goodRequestID.MatchString(id) {
		return id
	}
	return rand.Text()
}

func writeProblem(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(body)
}
