package actors

import (
	"errors"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Request is one command on its way to an employee. Done is called exactly once, on any goroutine,
// and must not block.
type Request struct {
	Command session.Command
	At      time.Time // when it was asked, for the notice's latency
	Done    func(session.Reply, error)

	waited    bool   // the goroutine that sends it waits for the answer, and holds nothing meanwhile
	entry     *entry // counts what is outstanding; nil outside a shard
	forwarded uint32 // see entry
	key       session.Key
	attempts  int
}

func (r *Request) answer(reply session.Reply, err error) {
	if r.entry != nil {
		r.entry.outstanding.Add(-1)
	}
	if r.Done != nil {
		r.Done(reply, err)
	}
}

// again prepares the command for a second decision: what was looked up for the first is stale, and
// after an unknown outcome the session may have begun at that epoch.
func (r *Request) again(why error, epoch session.Epoch) {
	login, ok := r.Command.(session.Login)
	if !ok {
		return
	}
	login.Looked, login.Found = false, nil
	if login.Maybe == 0 && errors.Is(why, session.ErrOutcomeUnknown) {
		login.Maybe = epoch
	}
	r.Command = login
}
