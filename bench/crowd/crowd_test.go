package crowd_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hotseat-hub/hotseat/bench/crowd"
	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/hub/hubtest"
	"github.com/hotseat-hub/hotseat/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// ear hears the events as texts. Its room is larger than what any test causes.
type ear chan string

func (e ear) Open(tag uint64, _ time.Time, err error) {
	if err != nil {
		e <- fmt.Sprintf("%d failed: %v", tag, err)
		return
	}
	e <- fmt.Sprintf("%d open", tag)
}

func (e ear) Told(tag uint64, _ time.Time, n crowd.Notice) {
	e <- fmt.Sprintf("%d told %s at %d", tag, n.Reason, n.Epoch)
}

func (e ear) Closed(tag uint64, _ time.Time, code int) { e <- fmt.Sprintf("%d closed %d", tag, code) }

func (e ear) next(t *testing.T) string {
	t.Helper()
	select {
	case event := <-e:
		return event
	case <-time.After(patience):
		require.FailNow(t, "no event")
		return ""
	}
}

// ways runs a test with every carrier.
func ways(t *testing.T, test func(t *testing.T, s *hubtest.Server, c *crowd.Crowd, heard ear)) {
	for name, way := range map[string]struct {
		listen     hubtest.Listener
		goroutines bool
	}{"shards": {hubtest.Shared, false}, "goroutines": {hubtest.Shared, true}, "tls": {hubtest.Secure, false}} {
		t.Run(name, func(t *testing.T) {
			s := hubtest.Start(t, way.listen, hub.Options{})
			heard := make(ear, 10_000)
			c, err := crowd.New(crowd.Options{Events: heard, Sockets: 10, Goroutines: way.goroutines})
			require.NoError(t, err)
			defer c.Close()
			test(t, s, c, heard)
		})
	}
}

func seat(s *hubtest.Server, employee, terminal string) crowd.Seat {
	token, _ := s.Floor.Login(session.EmployeeID(employee), session.TerminalID(terminal))
	return crowd.Seat{Address: netip.MustParseAddrPort(s.Addr), Host: "hub.example", Terminal: terminal, Token: token, TLS: s.TLS}
}

func TestASocketIsToldItsEndAcknowledgesAndIsClosed(t *testing.T) {
	ways(t, func(t *testing.T, s *hubtest.Server, c *crowd.Crowd, heard ear) {
		c.Open(1, seat(s, "ada", "till-1"))
		require.Equal(t, "1 open", heard.next(t))
		require.Equal(t, 1, c.Count())
		s.Floor.AwaitHandles(t, "ada", 1)
		second := seat(s, "ada", "till-2")
		require.Equal(t, "1 told new_login at 2", heard.next(t))
		require.Equal(t, "1 closed 4510", heard.next(t), "the ack brings the close")
		c.Open(2, second)
		require.Equal(t, "2 open", heard.next(t))
		c.Drop(2, false)
		require.Equal(t, "2 closed 1006", heard.next(t))
		require.Zero(t, c.Count())
		s.Floor.AwaitHandles(t, "ada", 0)
	})
}

func TestASocketOfAnEndedSessionIsNeverEstablished(t *testing.T) {
	ways(t, func(t *testing.T, s *hubtest.Server, c *crowd.Crowd, heard ear) {
		old := seat(s, "ada", "till-1")
		_ = seat(s, "ada", "till-2")
		c.Open(1, old)
		require.Equal(t, "1 told new_login at 2", heard.next(t))
		require.Equal(t, "1 failed: the session has ended", heard.next(t))
	})
}

func TestARefusalSaysWhatTheServerSaid(t *testing.T) {
	ways(t, func(t *testing.T, s *hubtest.Server, c *crowd.Crowd, heard ear) {
		bad := seat(s, "ada", "till-1")
		bad.Token = "stolen"
		c.Open(7, bad)
		require.Contains(t, heard.next(t), "7 failed: the server refused the socket: ")
	})
}

func TestNoServerNoSocket(t *testing.T) {
	ways(t, func(t *testing.T, s *hubtest.Server, c *crowd.Crowd, heard ear) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		nobody := seat(s, "ada", "till-1")
		nobody.Address = netip.MustParseAddrPort(l.Addr().String())
		require.NoError(t, l.Close())
		c.Open(1, nobody)
		require.Contains(t, heard.next(t), "connection refused")
	})
}

func TestManySocketsOverSeveralSourcesAndAllAreDropped(t *testing.T) {
	ways(t, func(t *testing.T, s *hubtest.Server, c *crowd.Crowd, heard ear) {
		const n = 300
		for i := range n {
			c.Open(uint64(i), seat(s, fmt.Sprintf("employee-%d", i), "till"))
		}
		for range n {
			require.Contains(t, heard.next(t), " open")
		}
		require.Equal(t, n, c.Count())
		for i := range n {
			c.Drop(uint64(i), i%2 == 0)
		}
		for range n {
			require.Contains(t, heard.next(t), " closed 1006")
		}
	})
}

func TestSourcesAreUsed(t *testing.T) {
	s := hubtest.Start(t, hubtest.Shared, hub.Options{})
	heard := make(ear, 100)
	sources := []netip.Addr{netip.MustParseAddr("127.0.0.7"), netip.MustParseAddr("127.0.0.8")}
	for _, goroutines := range []bool{false, true} {
		c, err := crowd.New(crowd.Options{Events: heard, Sockets: 2, Sources: sources, Goroutines: goroutines})
		require.NoError(t, err)
		for i := range 2 {
			c.Open(uint64(i), seat(s, fmt.Sprintf("employee-%d", i), "till"))
			require.Contains(t, heard.next(t), " open")
		}
		table, err := os.ReadFile("/proc/net/tcp")
		require.NoError(t, err)
		require.Contains(t, string(table), "0700007F:", "127.0.0.7")
		require.Contains(t, string(table), "0800007F:", "127.0.0.8")
		c.Close()
	}
}

// A server that accepts and says nothing, and one that answers byte by byte.
func TestSilentAndSlowServers(t *testing.T) {
	for _, goroutines := range []bool{false, true} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		answers := make(chan []byte, 2)
		served := make(chan struct{})
		go func() {
			defer close(served)
			for answer := range answers {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				for _, b := range answer {
					_, _ = conn.Write([]byte{b})
				}
				_, _ = io.Copy(io.Discard, conn)
				conn.Close()
			}
		}()
		heard := make(ear, 100)
		c, err := crowd.New(crowd.Options{Events: heard, Sockets: 2, Goroutines: goroutines, Patience: time.Second})
		require.NoError(t, err)
		to := crowd.Seat{Address: netip.MustParseAddrPort(l.Addr().String()), Host: "h", Terminal: "t", Token: "x"}

		answers <- nil
		c.Open(1, to)
		require.Equal(t, "1 failed: "+crowd.ErrLate.Error(), heard.next(t))

		established := `{"type":"session_established"}`
		answers <- []byte("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81" +
			string(rune(len(established))) + established)
		c.Open(2, to)
		require.Equal(t, "2 open", heard.next(t))
		c.Close()
		close(answers)
		<-served
		require.NoError(t, l.Close())
	}
}

func TestLimitsNameTheCommandThatRaisesThem(t *testing.T) {
	n, err := crowd.ShardsFor(100_000)
	require.NoError(t, err)
	require.GreaterOrEqual(t, n, 2)
	_, err = crowd.ShardsFor(1 << 40)
	require.ErrorContains(t, err, "run `ulimit -n ")

	loopback, far := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.0.2.1")
	few, err := crowd.SourcesFor(loopback, 20_000, nil)
	require.NoError(t, err)
	require.Empty(t, few)
	many, err := crowd.SourcesFor(loopback, 60_000, nil)
	require.NoError(t, err)
	require.Len(t, many, 3)
	_, err = crowd.SourcesFor(far, 60_000, nil)
	require.ErrorContains(t, err, "ip addr add")
}

// The limit of open files holds for a shard: a process that may open 200 files holds 300 sockets.
func TestMoreSocketsThanTheProcessMayOpenFiles(t *testing.T) {
	if os.Getenv("HOTSEAT_TEST_CROWD") != "" {
		holdMany(t, os.Getenv("HOTSEAT_TEST_CROWD"))
		return
	}
	s := hubtest.Start(t, hubtest.Shared, hub.Options{})
	command := exec.Command("sh", "-c", `ulimit -n 200; exec "$0" -test.run TestMoreSocketsThanTheProcessMayOpenFiles -test.v`, os.Args[0])
	var tokens []string
	for i := range 300 {
		tokens = append(tokens, seat(s, fmt.Sprintf("employee-%d", i), "till").Token)
	}
	command.Env = append(os.Environ(), "HOTSEAT_TEST_CROWD="+s.Addr+" "+strings.Join(tokens, " "))
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "300 sockets")
}

func holdMany(t *testing.T, what string) {
	words := strings.Fields(what)
	heard := make(ear, 1000)
	c, err := crowd.New(crowd.Options{Events: heard, Sockets: 300})
	require.NoError(t, err)
	defer c.Close()
	for i, token := range words[1:] {
		c.Open(uint64(i), crowd.Seat{Address: netip.MustParseAddrPort(words[0]), Host: "h", Terminal: "till", Token: token})
	}
	for range words[1:] {
		require.Contains(t, heard.next(t), " open")
	}
	t.Logf("%d sockets", c.Count())

	_, err = crowd.New(crowd.Options{Events: heard, Sockets: 100_000})
	require.Error(t, err)
	require.False(t, errors.Is(err, crowd.ErrLate))
	require.ErrorContains(t, err, "ulimit -n")
}
