package hub

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

// hookedConn calls hook when the engine takes it over.
type hookedConn struct {
	net.Conn
	hook func()
}

func (c *hookedConn) SetDeadline(t time.Time) error {
	c.hook()
	return c.Conn.SetDeadline(t)
}

type nobody struct{}

func (nobody) Admit(context.Context, *Request) Verdict                { return Verdict{} }
func (nobody) Authenticate(context.Context, *Request, string) Verdict { return Verdict{} }
func (nobody) Detach(session.Key, session.Socket)                     {}
func (nobody) Ended(session.ID) *session.Notice                       { return nil }

func (nobody) Attach(context.Context, session.Key, session.Attach, func(session.Reply, error)) {}

// stop looks for connections before this one is in the table, and waits for it all the same.
func TestAConnectionThatIsAdoptedWhileTheEngineStopsIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, err := New(Options{Node: "n1", Gate: nobody{}, Owners: nobody{}, Ended: nobody{}})
		require.NoError(t, err)
		server, client := net.Pipe()
		defer client.Close()
		stopped, start := make(chan struct{}), time.Now()
		hooked := &hookedConn{Conn: server, hook: func() {
			go func() {
				h.sockets.stop()
				close(stopped)
			}()
			synctest.Wait() // it has looked, and waits for this connection
		}}
		require.True(t, h.sockets.adopt(hooked, nil, nil, &Request{}, Verdict{Await: true}, false))
		<-stopped
		require.Zero(t, time.Since(start), "it waited for the client, or for a deadline")
		require.Zero(t, h.Count())
		require.False(t, h.sockets.adopt(server, nil, nil, &Request{}, Verdict{Await: true}, false))
	})
}
