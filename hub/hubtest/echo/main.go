package main

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/session"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9001", "host:port; with port 0 a free one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := serve(ctx, *listen, func(at net.Addr) { fmt.Printf("ws://%s/ws/session/echo/\n", at) })
	if err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}

// longest is the longest message that is echoed: the longest of Autobahn's.
const longest = 16 << 20

// serve echoes until ctx is done, and returns when nothing of it runs.
func serve(ctx context.Context, address string, ready func(net.Addr)) error {
	port, err := hub.Listen(address)
	if err != nil {
		return err
	}
	e := &everybody{}
	h, err := hub.New(hub.Options{
		Node: "echo", Gate: e, Owners: e, Ended: e, Echo: true,
		MessageLimit: longest, WriteQueue: 4 * longest, FrameBurst: 1<<16 - 1, FrameRate: int(time.Second),
	})
	if err == nil {
		err = h.AcceptFrom(port)
	}
	if err != nil {
		return errors.Join(err, port.Close())
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	stopped := make(chan error, 2)
	hubCtx, stopHub := context.WithCancel(context.WithoutCancel(ctx))
	defer stopHub()
	go func() { stopped <- h.Run(hubCtx) }()
	go func() { stopped <- server.Serve(port) }()
	ready(port.Addr())
	<-ctx.Done()
	err = server.Close()
	stopHub()
	for range cap(stopped) {
		if why := <-stopped; !errors.Is(why, http.ErrServerClosed) {
			err = errors.Join(err, why)
		}
	}
	return err
}

// everybody may come, and each has a session of its own.
type everybody struct{ sessions atomic.Uint64 }

func (e *everybody) Admit(_ context.Context, r *hub.Request) hub.Verdict {
	seat := &hub.Seat{Key: "echo", Employee: "echo", Terminal: session.TerminalID(r.TerminalID), Epoch: 1}
	binary.LittleEndian.PutUint64(seat.Session[8:], e.sessions.Add(1))
	return hub.Verdict{Seat: seat}
}

func (e *everybody) Authenticate(context.Context, *hub.Request, string) hub.Verdict {
	return hub.Verdict{Close: hub.CloseBadToken}
}

func (e *everybody) Attach(_ context.Context, _ session.Key, a session.Attach, done func(session.Reply, error)) {
	done(session.Reply{Session: &session.Session{ID: a.Session}}, nil)
}

func (e *everybody) Detach(session.Key, session.Socket) {}

func (e *everybody) Ended(session.ID) *session.Notice { return nil }
