package hub

import (
	"context"
	"io"
	"runtime"
	"testing"
	"time"

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

func TestASubscriberThatADrainDidNotFindIsClosedAllTheSame(t *testing.T) {
	hub := lone(t).engine.hub
	hub.closing.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := hub.subscribe(ctx, Seat{}, SSE)
	var refused *Refused
	require.ErrorAs(t, err, &refused)
	require.Equal(t, CloseDraining, refused.Close)
	require.Zero(t, hub.subscribers.readers[SSE].Load())
}

// A close that came before the beginning would be lost: who stops looks only once.
func TestASubscriberIsFoundOnlyWhenItHasBegun(t *testing.T) {
	hub := lone(t).engine.hub
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		for last := uint64(0); ctx.Err() == nil; runtime.Gosched() { // with one core the others must get on
			hub.subscribers.each(func(conn uint64) {
				if conn > last {
					last = conn
					hub.closeOne(conn, refuseGoingAway)
				}
			})
		}
	}()
	for range 5000 {
		_, err := hub.subscribe(ctx, Seat{}, SSE)
		var refused *Refused
		require.ErrorAs(t, err, &refused)
		require.Equal(t, CloseGoingAway, refused.Close)
	}
	stop()
	<-looked
}
