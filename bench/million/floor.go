package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/session"
)

// node is as long as the names that the program gives itself.
const node = session.Node("local@0192f0c4-7b1e-7e3a-9a51-0d2f6c8b1a2e")

// blank is a store that has a profile of everybody and keeps nothing.
type blank struct{}

func (blank) Load(key session.Key, done func(session.Employee, error)) {
	done(session.Employee{
		ID: session.EmployeeID(key), Version: 1, Credential: 1, FirstName: "Augusta Ada", LastName: "Lovelace",
	}, nil)
}

func (blank) Commit(_ session.Key, _ session.Version, _ *session.Change, done func(error, bool)) {
	done(nil, false)
}

func (blank) Help(ask func()) { ask() }

func (blank) FindKey(_ session.Key, _ [16]byte, _ session.Time, done func(*session.KeyRecord, error)) {
	done(nil, nil)
}

// nowhere is where no socket is.
type nowhere struct{}

func (nowhere) Tell([]session.Told, []*session.Delivery, time.Time) {}
func (nowhere) CloseSurplus(session.Socket)                         {}
func (nowhere) Sockets(session.ID) []session.Socket                 { return nil }
func (nowhere) Add([]session.Event)                                 {}

type wall struct{}

func (wall) Now() session.Time { return session.TimeOf(time.Now()) }

// loginOf is the login of a browser. Each text in it is a string of its own, as those are that a
// request brought.
func loginOf(n, turn int) (session.Key, session.Login) {
	id := session.EmployeeID("employee-" + strconv.Itoa(n))
	var random session.ID
	binary.BigEndian.PutUint64(random[:], uint64(turn)<<32|uint64(n)+1)
	binary.LittleEndian.PutUint64(random[8:], (uint64(n)+1)*0x9e3779b97f4a7c15)
	return id.Key(), session.Login{
		Employee: id, Session: random, Terminal: session.TerminalID(random.String()),
		Device: strings.Clone("Chrome on Windows"), IP: fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255),
		UserAgent: strings.Clone("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"),
		Client:    "hotseat", Trusted: true, Lifetime: 12 * time.Hour, Token: 15 * time.Minute,
		Default: session.Policy{MaxSessions: 1, OnLimit: session.Takeover},
	}
}

// quiet waits until nobody has anything to do.
func quiet(s *actors.System) {
	for s.Asleep() < s.Resident() {
		time.Sleep(100 * time.Millisecond)
	}
}

// cpuTime is this process's, user and system.
func cpuTime() time.Duration {
	var used unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &used) // fails only for a bad address
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// resident is how much of this process is in RAM.
func resident() (int64, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return kilobytes << 10, err
}
