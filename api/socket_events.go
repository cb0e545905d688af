package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/hotseat-hub/hotseat/hub"
)

const (
	// streamBeat is how often a stream says something, so that proxies and clients see that it lives.
	streamBeat = 15 * time.Second
	// slowReader is how long one write may take. A stream has no other write deadline.
	slowReader = 10 * time.Second
)

// events is GET /v1/session/events: the session's messages as server-sent events, until its end.
func (x *exchange) events() error {
	sent := x.r.Header["Last-Event-Id"]
	if len(sent) > 1 {
		return invalidRequest("more than one Last-Event-ID header")
	}
	seen := nothingSeen
	if len(sent) == 1 {
		var err error
		if seen, err = parseSeq("Last-Event-ID", sent[0]); err != nil {
			return err
		}
	}
	s, err := x.subscribe(hub.SSE)
	if err != nil {
		return err
	}
	if s != nil {
		defer s.Leave()
		// Only this status keeps an EventSource that has seen the end from coming back for ever.
		if messages, last := s.Take(); last && len(messages) == 1 && messages[0].Seq >= 0 && messages[0].Seq <= seen {
			return x.noContent()
		}
	}
	h := x.w.Header()
	h["Content-Type"], h["Cache-Control"] = []string{"text/event-stream"}, noStore
	h["X-Accel-Buffering"] = []string{"no"}
	x.w.WriteHeader(http.StatusOK)
	if s == nil {
		return nil
	}
	x.stream(s, seen)
	return nil
}

// stream writes what s has to say until its end or the reader's.
func (x *exchange) stream(s *hub.Subscriber, seen int) {
	beat := time.NewTicker(x.o.StreamBeat)
	defer beat.Stop()
	text := []byte(":\n\n") // also when the client has seen all there is: the first byte says that it works
	for {
		messages, last := s.Take()
		for _, m := range messages {
			if m.Seq < 0 || m.Seq > seen {
				text = appendEvent(text, m)
			}
		}
		if len(text) > 0 && !x.streamed(text) {
			return
		}
		s.Wrote(len(messages))
		if last {
			return
		}
		text = nil
		select {
		case <-s.Changed():
		case <-beat.C:
			text = append(text, ":\n\n"...)
		case <-x.r.Context().Done():
			return
		}
	}
}

// streamed gives text to the kernel; false when the reader is gone or does not read.
func (x *exchange) streamed(text []byte) bool {
	stream := http.NewResponseController(x.w)
	_ = stream.SetWriteDeadline(time.Now().Add(slowReader))
	_, err := x.w.Write(text)
	return err == nil && stream.Flush() == nil
}

// appendEvent is one message as one event. A message is one line: JSON escapes line ends.
func appendEvent(b []byte, m hub.Message) []byte {
	b = fmt.Appendf(b, "event: %s\n", m.Type)
	if m.Seq >= 0 {
		b = fmt.Appendf(b, "id: %d\n", m.Seq)
	}
	return fmt.Appendf(b, "data: %s\n\n", m.JSON)
}
