package storetest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

func (s *suite) terminals() {
	find := func(id session.TerminalID) session.Key {
		return persist(s.Subject, func() (session.Key, error) { return s.Terminal(s.T.Context(), id) })
	}
	keep := func(id session.TerminalID, key session.Key) {
		persist(s.Subject, func() (bool, error) {
			return true, s.KeepTerminal(s.T.Context(), id, key, session.TimeOf(time.Now()).Add(time.Hour))
		})
	}
	require.Empty(s.T, find("till-1"), "nobody made it")
	keep("till-1", "ada")
	keep("till-2", "grace")
	keep("till-1", "ada")
	require.EqualValues(s.T, "ada", find("till-1"))
	require.EqualValues(s.T, "grace", find("till-2"))
	require.Empty(s.T, find("TILL-1"), "ids are exact")
}
