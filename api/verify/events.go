package verify

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// event is one of the stream.
type event struct{ name, id, data string }

// events reads server-sent events (HTML, section 9.2), of which each line may have 64 KiB.
type events struct{ lines *bufio.Scanner }

func newEvents(r io.Reader) *events { return &events{bufio.NewScanner(r)} }

// next is the next event that has data; io.EOF at the end of the stream.
func (r *events) next() (e event, err error) {
	for r.lines.Scan() {
		field, value, _ := strings.Cut(r.lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			e.data += value
		case "":
			if e.data != "" {
				return e, nil
			}
			e = event{}
		}
	}
	if err := r.lines.Err(); err != nil {
		return e, err
	}
	return e, io.EOF
}

// hear takes one event. Those of unknown names are for newer readers.
func (v *Verifier) hear(e event, cursor *string) error {
	switch e.name {
	case "revocation":
		return v.hearEnding(e.data)
	case "as_of":
		var said struct {
			AsOf time.Time `json:"as_of"`
		}
		if err := json.Unmarshal([]byte(e.data), &said); err != nil || said.AsOf.IsZero() {
			return fmt.Errorf("as_of %q is no time", e.data)
		}
		v.mu.Lock()
		v.view.complete(said.AsOf, time.Now())
		v.mu.Unlock()
		*cursor = e.id
	}
	return nil
}

func (v *Verifier) hearEnding(text string) error {
	var said struct {
		Session string    `json:"session_id"`
		Reason  string    `json:"reason"`
		EndedAt time.Time `json:"ended_at"`
		Until   time.Time `json:"tokens_expire_at"`
	}
	if err := json.Unmarshal([]byte(text), &said); err != nil {
		return fmt.Errorf("an ended session: %w", err)
	}
	session, err := parseID(said.Session)
	if err != nil || said.Until.IsZero() {
		return fmt.Errorf("an ended session lacks its id or tokens_expire_at: %q", text)
	}
	v.mu.Lock()
	full := len(v.view.ended) >= most
	if !full {
		v.view.ended[session] = ending{said.Reason, said.EndedAt.UnixMilli(), said.Until.UnixMilli()}
	}
	v.mu.Unlock()
	if full {
		return errors.New("more ended sessions than can be remembered")
	}
	if v.o.Ended != nil {
		v.o.Ended(TerminatedError{Session: said.Session, Reason: said.Reason, At: said.EndedAt})
	}
	return nil
}
