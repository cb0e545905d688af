package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
)

// streams are the feeds of backends and operators that are open. They end when the server shuts
// down, and their readers come back elsewhere.
type streams struct {
	once  sync.Once
	ended chan struct{}
}

// EndStreams ends the feeds, so that a shutdown need not wait for them. Those of terminals end with
// their sockets.
func (a *API) EndStreams() { a.streams.once.Do(func() { close(a.streams.ended) }) }

// beginStream answers 200 with the headers of server-sent events.
func (x *exchange) beginStream() {
	h := x.w.Header()
	h["Content-Type"], h["Cache-Control"] = []string{"text/event-stream"}, noStore
	h["X-Accel-Buffering"] = []string{"no"}
	x.w.WriteHeader(http.StatusOK)
}

// appendJSONEvent is v as one event. JSON has no line ends in it.
func appendJSONEvent(b []byte, name, id string, v any) []byte {
	b = fmt.Appendf(b, "event: %s\n", name)
	if id != "" {
		b = fmt.Appendf(b, "id: %s\n", id)
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic("api: an event of plain fields does not marshal: " + err.Error())
	}
	return fmt.Appendf(b, "data: %s\n\n", text)
}
