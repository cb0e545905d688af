package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/session"
)

// terminal is a browser tab, the same for every employee.
const terminal = "0192f0c4-7b1e-7e3a-9a51-0d2f6c8b1a2e"

// floor lets everybody in and knows nobody.
type floor struct{ logins atomic.Uint64 }

func (f *floor) Admit(_ context.Context, r *hub.Request) hub.Verdict {
	name := strings.TrimPrefix(r.Authorization, "Bearer ")
	s := &hub.Seat{Key: session.Key(name), Employee: session.EmployeeID(name), Terminal: terminal, Epoch: 7}
	n := f.logins.Add(1) * 0x9e3779b97f4a7c15
	for i := range 8 {
		s.Session[8+i] = byte(n >> (8 * i))
	}
	return hub.Verdict{Seat: s}
}

func (f *floor) Authenticate(context.Context, *hub.Request, string) hub.Verdict { return hub.Verdict{} }
func (f *floor) Detach(session.Key, session.Socket)                             {}
func (f *floor) Ended(session.ID) *session.Notice                               { return nil }

func (f *floor) Attach(_ context.Context, _ session.Key, a session.Attach, done func(session.Reply, error)) {
	done(session.Reply{Session: &session.Session{ID: a.Session, Terminal: terminal, Epoch: a.Epoch}}, nil)
}

// server is what the other process serves.
type server interface {
	broadcast() int // one frame to every socket
	count() int     // sockets that have not been noticed to be gone
}

// serve is the other process: it says its address, then what broadcasts took, until its input ends.
func serve(kind string) error {
	address, s, err := open(kind)
	if err != nil {
		return err
	}
	fmt.Println(address)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		switch in.Text() {
		case "settle":
			debug.FreeOSMemory()
			fmt.Println("{}")
		case "count":
			fmt.Println(s.count())
		case "broadcast":
			start := time.Now()
			n := s.broadcast()
			json.NewEncoder(os.Stdout).Encode(broadcast{n, time.Since(start)})
		}
	}
	return nil
}

type broadcast struct {
	Frames int
	Took   time.Duration
}

func open(kind string) (net.Addr, server, error) {
	if kind == "bare" {
		return openBare()
	}
	f := &floor{}
	h, err := hub.New(hub.Options{
		Node: "n1", Gate: f, Owners: f, Ended: f, Goroutines: kind == "goroutines",
		MaxStrangers: 1 << 20, // all come from one address
	})
	if err != nil {
		return nil, nil, err
	}
	go h.Run(context.Background())
	var listener net.Listener
	if kind == "goroutines" {
		listener, err = net.Listen("tcp", "127.0.0.1:0")
	} else {
		var port *hub.Port
		if port, err = hub.Listen("127.0.0.1:0"); err == nil {
			listener, err = port, h.AcceptFrom(port)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	go http.Serve(listener, h)
	return listener.Addr(), wholeHub{h}, nil
}

type wholeHub struct{ *hub.Hub }

func (h wholeHub) count() int { return h.Count() }

func (h wholeHub) broadcast() int { return h.TestTermination(terminal, true) }

// bare writes to descriptors, one after the other: no server can do less.
type bare struct {
	fds   chan int
	all   []int
	frame []byte
}

// frameBytes is as long as a termination.
const frameBytes = 329

func openBare() (net.Addr, server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	b := &bare{fds: make(chan int, 1<<16), frame: make([]byte, frameBytes)}
	go func() {
		for {
			nc, err := listener.Accept()
			if err != nil {
				return
			}
			raw, _ := nc.(*net.TCPConn).SyscallConn() // a TCP connection has one
			fd := -1
			raw.Control(func(its uintptr) { fd, _ = unix.FcntlInt(its, unix.F_DUPFD_CLOEXEC, 0) })
			nc.Close()
			io.WriteString(fdWriter(fd), "HTTP/1.1 101 Switching Protocols\r\n\r\n")
			b.fds <- fd
		}
	}()
	return listener.Addr(), b, nil
}

type fdWriter int

func (w fdWriter) Write(b []byte) (int, error) { return unix.Write(int(w), b) }

func (b *bare) broadcast() (n int) {
	for len(b.fds) > 0 {
		b.all = append(b.all, <-b.fds)
	}
	for _, fd := range b.all {
		if wrote, _ := unix.Write(fd, b.frame); wrote == len(b.frame) {
			n++
		}
	}
	return n
}

// count closes all of them: who only writes does not notice who is gone.
func (b *bare) count() int {
	for len(b.fds) > 0 {
		b.all = append(b.all, <-b.fds)
	}
	for _, fd := range b.all {
		unix.Close(fd)
	}
	b.all = b.all[:0]
	return 0
}
