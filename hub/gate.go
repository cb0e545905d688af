package hub

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Request is a WebSocket handshake that is right as far as RFC 6455 goes.
type Request struct {
	TerminalID    string // of the path, well-formed
	Query         string // the value of `ticket` in the query; empty without one
	Authorization string
	Protocols     []string // the subprotocols offered, in order
	Origin        string
	Host          string
	UserAgent     string
	Remote        netip.Addr // of the peer, which may be a proxy
	TLS           bool       // the connection itself is encrypted
	// Header returns all values of a header, by its canonical name.
	Header func(name string) []string

	place *stranger // while a token is awaited
}

// Gate decides who may have a socket. Its methods are called by many goroutines, may take their time
// (they run in nobody's way), and must return when ctx is done.
type Gate interface {
	// Admit judges a handshake before it is answered.
	Admit(ctx context.Context, r *Request) Verdict
	// Authenticate judges the token of a first message. The Verdict is a Seat, Terminated or a Close.
	Authenticate(ctx context.Context, r *Request, token string) Verdict
}

// Verdict is what to do with a handshake or a token. Exactly one of Seat, Await, Terminated, Status
// and Close is set.
type Verdict struct {
	// Seat: the credential is good as far as it says; whether its session is, the owner knows.
	Seat *Seat
	// Await: no credential yet; the first message must bring it.
	Await bool
	// Terminated: the session is known to have ended: accept, tell, close.
	Terminated *session.Notice
	// Compat goes with Terminated; see Seat.
	Compat bool
	// Status: refuse with this HTTP status, before any upgrade.
	Status int
	// Close: accept, send one error with Code and Message, and close with this: a browser cannot
	// read a refused handshake.
	Close CloseCode

	// Protocol is the subprotocol to answer with; it is left out unless the client offered it.
	// Empty: hotseat.v1 when offered.
	Protocol string
	// Problem is the body of a Status, application/problem+json.
	Problem []byte
	// Header goes with a Status, for example WWW-Authenticate.
	Header http.Header
	// RetryAfter goes with a Status, rounded up to seconds; zero: none.
	RetryAfter time.Duration
	// Code and Message go with a Close.
	Code, Message string
}

// Seat is what a good credential says of its socket.
type Seat struct {
	Key      session.Key
	Employee session.EmployeeID
	Session  session.ID
	Terminal session.TerminalID
	Epoch    session.Epoch
	Ticket   *session.Ticket // when the credential was one; the owner spends it
	// Compat: the server speaks the original's protocol with those who do not negotiate ours, and
	// keeps the terminals of others from everybody.
	Compat bool
	// Bare: nothing but the terminal's id was shown. Such a socket hears of the end, and nothing else
	// passes in either direction, but for the ping of a client that negotiated our protocol.
	Bare bool
}

// Owners are where employees live. Neither method waits.
type Owners interface {
	// Attach announces a socket to the employee's owner. done is called once, on any goroutine, and
	// must not be called while a lock is held that Tell or CloseSurplus may need.
	Attach(ctx context.Context, key session.Key, a session.Attach, done func(session.Reply, error))
	// Detach says that a socket which was attached is gone.
	Detach(key session.Key, s session.Socket)
}

// Ended is the node's view of ended sessions: the notice of one that has ended, else nil. It is
// called while a socket's lock is held and must not wait.
type Ended interface {
	Ended(id session.ID) *session.Notice
}
