package storetest

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

func (s *suite) deadLetters() {
	add := func(l store.DeadLetter) {
		persist(s.Subject, func() (struct{}, error) { return struct{}{}, s.AddDeadLetter(s.T.Context(), l) })
	}
	list := func(limit int) []store.DeadLetter {
		return persist(s.Subject, func() ([]store.DeadLetter, error) { return s.DeadLetters(s.T.Context(), limit) })
	}
	require.Empty(s.T, list(10))
	var want []store.DeadLetter
	for i := range 5 {
		l := store.DeadLetter{Receiver: "shop", EventID: fmt.Sprintf("ada/%d/1", i), At: session.Time(5000 - i), Why: "400 Bad Request", Event: []byte(`{}`)}
		add(l)
		want = append(want, l)
	}
	require.Equal(s.T, want, list(10), "the newest first")
	require.Equal(s.T, want[:2], list(2))
	want[0].Why, want[0].At = "500", 9000
	add(want[0])
	require.Equal(s.T, want, list(10), "once for each event and receiver")
}
