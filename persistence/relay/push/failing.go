package push

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/store"
)

// Marks have since when events fail, so that a restart or another leader gives none of them more time. They
// are set under the term of a delivery.
type Marks interface {
	Mark(ctx context.Context, name string) (store.LogPosition, error)
}

// failingMark keeps the first failures of the page under way, by event id, beside the receiver's mark.
const failingMark = "relay-failing/"

// recall reads once in a term what was kept before it. While the store is away the term's own time counts.
func (s *Sink) recall(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.recalled || s.o.Marks == nil {
		return
	}
	text, err := s.o.Marks.Mark(ctx, failingMark+s.o.Name)
	if err != nil {
		return
	}
	s.recalled = true
	if text != "" {
		_ = json.Unmarshal([]byte(text), &s.kept) // what cannot be read is as if it was not there
	}
	for id, t := range s.tries { // those that failed while it could not be read
		if since, known := s.kept[id]; known && since.Before(t.since) {
			t.since = since
		}
	}
}

// note keeps what of the page fails, if that is not known already. What was given up stays in it: the
// page comes again in the next term, and shall not wait for it once more.
func (s *Sink) note(ctx context.Context, events []relay.Event, keep relay.Keep) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.recalled {
		return
	}
	failing := map[string]time.Time{}
	for i := range events {
		id := events[i].ID
		if t := s.tries[id]; t != nil {
			failing[id] = t.since
		} else if since, known := s.kept[id]; known && !s.done[id] {
			failing[id] = since
		}
	}
	if maps.EqualFunc(failing, s.kept, time.Time.Equal) {
		return
	}
	text, err := json.Marshal(failing)
	if err != nil {
		panic("push: texts and times do not marshal: " + err.Error())
	}
	if keep(ctx, failingMark+s.o.Name, store.LogPosition(text)) == nil {
		s.kept = failing
	}
}

// arrived forgets that the event has failed before.
func (s *Sink) arrived(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tries, id)
}
