package pgtest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Somebody else's server answers at the port, and the one that found it taken has not said so yet.
func TestAnotherServerIsNotTakenForOnesOwn(t *testing.T) {
	other, s := NewServer(t, Options{}), NewServer(t, Options{})
	s.Stop(t)
	s.port = other.port
	require.ErrorContains(t, s.start(), "in use")
	require.NoError(t, s.startAnywhere())
	require.NotEqual(t, other.port, s.port)
}
