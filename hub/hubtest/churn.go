package hubtest

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/session"
)

// churn has sockets come and go, and remembers those that have gone.
type churn struct {
	*Server
	t    *testing.T
	mu   sync.Mutex
	gone []uint64
}

// Sockets come and go by the hundred, so numbers of descriptors are given out again at once, while
// notices and closes are on their way to those who had them before. Each hears only what is its own.
func (ports) ADescriptorThatIsUsedAgainGetsNothingOfItsFormerSocket(t *testing.T) {
	c := churn{Server: routes(t, hub.Options{AckTimeout: 20 * time.Millisecond}), t: t}
	stop := c.tail(t)
	defer stop()
	var clients sync.WaitGroup
	for worker := range 12 {
		clients.Go(func() {
			for round := range 60 {
				employee := session.EmployeeID(fmt.Sprintf("e%d-%d", worker, round))
				if err := c.live(employee, rand.IntN(4), round%3 == 0); err != nil {
					t.Errorf("%s: %v", employee, err)
				}
			}
		})
	}
	clients.Wait()
	require.Greater(t, len(c.gone), 300, "sockets that were there and went")
}

// live has one socket live, and leave in one of four ways.
func (c *churn) live(employee session.EmployeeID, way int, kept bool) error {
	token, reply := c.Floor.Login(employee, "till-1")
	r, err := c.come(token, kept)
	if err != nil {
		return fmt.Errorf("no socket: %w", err)
	}
	defer r.net.Close()
	if way == 0 { // gone before anything is said
		r.net.(*net.TCPConn).SetLinger(0)
		r.net.Close()
		c.Floor.Login(employee, "till-2")
		return nil
	}
	mine := reply.Session.ID
	ids := c.Hub.SocketsOf(mine)
	defer func() { c.left(ids) }()
	for {
		f, err := r.read()
		if err != nil {
			return err
		}
		switch {
		case f.Header.OpCode == ws.OpText && !strings.Contains(string(f.Payload), mine.String()):
			return fmt.Errorf("session %s heard %s", mine, f.Payload)
		case f.Header.OpCode == ws.OpClose:
			if code := binary.BigEndian.Uint16(f.Payload); code != 4510 {
				return fmt.Errorf("closed with %d, another's", code)
			}
			return nil
		case strings.Contains(string(f.Payload), "established"):
			c.closeTheGone()
			if way == 1 { // the notice and the end meet
				go c.Floor.Login(employee, "till-2")
				r.net.(*net.TCPConn).SetLinger(0)
				return nil
			}
			c.Floor.Login(employee, "till-2")
		case way == 2:
			r.net.Write(text(`{"type":"ack","seq":1}`))
		}
	}
}

// come opens a socket, as the first or a later request of its connection.
func (c *churn) come(token string, kept bool) (*raw, error) {
	r := c.open(c.t)
	if kept {
		io.WriteString(r.net, post("one"))
		r.answered("one")
	}
	io.WriteString(r.net, handshake("/ws/session/till-1/", "Authorization", "Bearer "+token))
	resp, err := http.ReadResponse(r.in, nil)
	if err == nil && resp.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	return r, err
}

func (c *churn) left(ids []uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = append(c.gone, ids...)
}

// closeTheGone closes sockets that went a moment ago, as an owner does who has not heard of it yet.
func (c *churn) closeTheGone() {
	c.mu.Lock()
	late := append([]uint64(nil), c.gone[max(0, len(c.gone)-40):]...)
	c.mu.Unlock()
	for _, id := range late {
		c.Hub.CloseSurplus(id)
	}
}
