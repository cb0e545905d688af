package hub

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// The upgrade was granted, then a drain looked for sockets, and only then is there one.
func TestASocketThatADrainDidNotFindIsClosedAllTheSame(t *testing.T) {
	s := lone(t)
	hub := s.engine.hub
	hub.closing.Store(true)
	for name, take := range map[string]func(t *testing.T) io.Reader{
		"by a shard": func(t *testing.T) io.Reader {
			nc, client := connected(t)
			s.takes(t, nc, 0)
			nc.Close()
			return client
		},
		"by a goroutine": func(t *testing.T) io.Reader {
			nc, client := connected(t)
			hub.awaiting.Add(1)
			require.True(t, hub.sockets.adopt(nc, nil, nil, &Request{}, Verdict{Await: true}, false))
			return client
		},
	} {
		t.Run(name, func(t *testing.T) {
			said, err := io.ReadAll(take(t))
			require.NoError(t, err)
			require.Equal(t, "\x88\x0a\x03\xf4draining", string(said))
		})
	}
}
