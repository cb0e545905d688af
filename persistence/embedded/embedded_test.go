package embedded_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/embedded"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

func TestWhatWasCommittedIsThereAfterReopening(t *testing.T) {
	dir := t.TempDir()
	s, err := embedded.Open(t.Context(), dir, store.Options{})
	require.NoError(t, err)
	name := "Ada"
	row := session.Employee{ID: "Ada", Version: 1, Epoch: 1}
	change := &session.Change{
		Save: &row, Profile: &session.ProfilePatch{FirstName: &name},
		Events: []session.Event{{Type: session.Ended, Employee: "Ada", Epoch: 1, N: 1}},
	}
	require.Equal(t, []error{nil}, s.Commit(t.Context(), 0, []store.Write{{Key: "ada", Change: change}}))
	_, err = embedded.Open(t.Context(), dir, store.Options{})
	require.ErrorIs(t, err, embedded.ErrHeld)
	require.NoError(t, s.Close())

	s, err = embedded.Open(t.Context(), dir, store.Options{})
	require.NoError(t, err)
	defer s.Close()
	rows, err := s.Load(t.Context(), []session.Key{"nobody", "ada"})
	require.NoError(t, err)
	require.Equal(t, []session.Employee{{}, row}, rows)
	p, err := s.Profile(t.Context(), "ada")
	require.NoError(t, err)
	require.Equal(t, session.Profile{ID: "Ada", FirstName: "Ada"}, p)
	endings, err := s.Tail().Next(t.Context())
	require.NoError(t, err)
	require.Len(t, endings, 1)
}
