package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/hotseat-hub/hotseat/api/token"
	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/session"
)

// Subscriptions are the sockets' fallbacks: what a socket would be told, by plain HTTP.
type Subscriptions interface {
	// Subscribe returns once the seat's owner has answered.
	Subscribe(ctx context.Context, seat hub.Seat, via hub.Transport) (*hub.Subscriber, error)
	// Ack passes on that a terminal has been told, and answers for how many subscribers.
	Ack(id session.ID, seq uint64) int
}

var _ Subscriptions = (*hub.Hub)(nil)

// nothingSeen stands where a client has seen no message yet: the first is number 0.
const nothingSeen = -1

// subscribe takes the seat of the request's credential. Nil, without an error, when only the headers
// are asked for. A session that has ended is not refused: its first message says so.
func (x *exchange) subscribe(via hub.Transport) (*hub.Subscriber, error) {
	if x.o.Subscriptions == nil {
		return nil, notFound("this server has no such messages")
	}
	// The body, if there was any, is of no interest, and its deadline must not end the exchange.
	_ = http.NewResponseController(x.w).SetReadDeadline(time.Time{})
	ctx, cancel := context.WithTimeout(x.r.Context(), commandTimeout)
	defer cancel()
	seat, err := x.credentialSeat(ctx, via)
	if err != nil || x.r.Method == http.MethodHead {
		return nil, err
	}
	s, err := x.o.Subscriptions.Subscribe(ctx, *seat, via)
	return s, problemOfSubscribe(err)
}

// credentialSeat is the seat of the access token or, for streams, of the ticket.
func (x *exchange) credentialSeat(ctx context.Context, via hub.Transport) (*hub.Seat, error) {
	ticket := x.r.URL.Query().Get("ticket")
	if via == hub.SSE && ticket != "" && x.r.Header["Authorization"] == nil {
		t, err := x.o.Tokens.ParseTicket(ticket)
		switch {
		case errors.Is(err, session.ErrTicketSpent):
			return nil, errTicketSpent
		case err != nil:
			return nil, invalidToken("the ticket is malformed or not of this server")
		}
		return &hub.Seat{
			Key: t.Employee.Key(), Employee: t.Employee, Session: t.Session, Terminal: t.Terminal, Epoch: t.Epoch, Ticket: &t.Ticket,
			Compat: x.o.Compat != nil,
		}, nil
	}
	claims, err := x.verify()
	if errors.Is(err, token.ErrExpired) {
		err = x.expired(ctx, claims)
	}
	if err != nil {
		return nil, err
	}
	return &hub.Seat{
		Key: claims.Key, Employee: claims.Employee, Session: claims.Session, Terminal: claims.Terminal, Epoch: claims.Epoch,
		Compat: x.o.Compat != nil,
	}, nil
}

// expired tells the expired token of a live session, which should be refreshed, from one whose session
// has ended, which may hear so.
func (x *exchange) expired(ctx context.Context, c *token.Claims) error {
	row, err := x.o.Rows.Load(ctx, c.Key)
	if err != nil {
		return err
	}
	switch _, err = row.Valid(c.Session, c.Epoch, x.o.Clock.Now()); {
	case errors.Is(err, session.ErrTerminated):
		return nil
	case err != nil:
		return err
	}
	return token.ErrExpired
}

var errTicketSpent = invalidToken("the ticket has expired or was used; get another")

// problemOfSubscribe is what a close code would have said to a socket.
func problemOfSubscribe(err error) error {
	var refused *hub.Refused
	switch {
	case errors.Is(err, hub.ErrDraining):
		return errOverloaded
	case !errors.As(err, &refused):
		return err
	}
	switch refused.Close {
	case hub.CloseTicketSpent:
		return errTicketSpent
	case hub.CloseBadToken:
		return session.ErrEpochAhead
	case hub.CloseTryLater:
		return errUnavailable
	case hub.CloseInternal:
		return err
	}
	return errOverloaded // this node or this session has no place for one more
}

// pollWait is how long a poll without news takes, below what proxies wait.
const pollWait = 25 * time.Second

// pollView answers a poll.
type pollView struct {
	Messages []json.RawMessage `json:"messages"`
	Seq      int               `json:"seq"` // for the next ?after=
}

// poll is GET /v1/session/poll?after=SEQ: the messages after that one, as soon as there is one.
func (x *exchange) poll() error {
	after, err := parseSeq("after", x.r.URL.Query().Get("after"))
	if err != nil {
		return err
	}
	s, err := x.subscribe(hub.Poll)
	if s == nil {
		return err
	}
	defer s.Leave()
	enough := time.NewTimer(x.o.PollWait)
	defer enough.Stop()
	for {
		messages, last := s.Take()
		view := pollView{Messages: []json.RawMessage{}, Seq: max(after, 0)}
		for _, m := range messages {
			if m.Seq < 0 || m.Seq > after {
				view.Messages = append(view.Messages, m.JSON)
			}
			view.Seq = max(view.Seq, m.Seq)
		}
		if len(view.Messages) > 0 || last {
			if len(messages) == 0 {
				return errOverloaded // closed without a word, as one too many
			}
			return x.polled(s, len(messages), view)
		}
		s.Wrote(len(messages)) // what the client has seen before
		select {
		case <-s.Changed():
		case <-enough.C:
			return x.polled(s, 0, view)
		case <-x.r.Context().Done():
			return nil
		}
	}
}

// polled answers a poll with the first n messages of s.
func (x *exchange) polled(s *hub.Subscriber, n int, view pollView) error {
	stream := http.NewResponseController(x.w)
	_ = stream.SetWriteDeadline(time.Now().Add(slowReader))
	if err := x.reply(http.StatusOK, view); err != nil {
		return err
	}
	if err := stream.Flush(); err == nil {
		s.Wrote(n)
	}
	return nil
}

// parseSeq is a message number that a client has seen; without a text it has seen none.
func parseSeq(name, text string) (int, error) {
	if text == "" {
		return nothingSeen, nil
	}
	seq, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, invalidRequest("%s must be the number of a message", name)
	}
	return int(seq), nil
}

// ackRequest is the body of POST /v1/session/ack.
type ackRequest struct {
	Seq *uint32 `json:"seq"`
}

// ack is POST /v1/session/ack. The session has ended by then, and its token may have expired: it need
// only be one that was issued for it.
func (x *exchange) ack() error {
	if x.o.Subscriptions == nil {
		return notFound("this server has no such messages")
	}
	claims, err := x.verify()
	if err != nil && !errors.Is(err, token.ErrExpired) {
		return err
	}
	var req ackRequest
	if err := x.decode(&req); err != nil {
		return err
	}
	if req.Seq == nil {
		return invalidRequest("seq must be given")
	}
	x.o.Subscriptions.Ack(claims.Session, uint64(*req.Seq))
	return x.noContent()
}
