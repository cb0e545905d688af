package scenario

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hotseat-hub/hotseat/bench/caller"
)

// errUntold: an ended session's open tab heard nothing of it. No run may have one.
var errUntold = errors.New("an open tab was not told")

// errLost: a tab's connection broke before it was told; it hears when it comes back.
var errLost = errors.New("a tab lost its connection before it was told")

// callers are connections, one for each worker and target. A worker uses its own only.
type callers [][]*caller.Caller

func (r *run) callers(workers int) callers {
	all := make(callers, workers)
	for w := range all {
		for i := range r.Targets {
			all[w] = append(all[w], caller.New(r.Targets[(w+i)%len(r.Targets)]))
		}
	}
	return all
}

func (c callers) close() {
	for _, of := range c {
		for _, one := range of {
			one.Close()
		}
	}
}

// logIn gives the member a new session at a new terminal.
func (r *run) logIn(ctx context.Context, c *caller.Caller, m *member) error {
	return r.logInAs(ctx, c, m, r.nextLogin(m))
}

func (r *run) nextLogin(m *member) caller.Login {
	l := caller.Login{Employee: m.name, Terminal: r.terminal(), Password: r.Password}
	if r.History != nil || r.notes.Scenario == "failover" {
		l.Key = fmt.Sprintf("%s-%s", m.name, l.Terminal)
	}
	return l
}

var terminals atomic.Int64

// terminal is new in the run, and very likely in the store.
func (r *run) terminal() string {
	return fmt.Sprintf("till-%x-%x", r.notes.Started.UnixNano(), terminals.Add(1))
}

func (r *run) logInAs(ctx context.Context, c *caller.Caller, m *member, l caller.Login) error {
	done := r.sees()
	seat, reply, err := c.LogIn(ctx, r.ServiceKey, l)
	done.login(m, l, seat, reply, c, err)
	if err == nil {
		m.seat = seat
		r.pulse.succeed()
	}
	return err
}

// everyone does something for each member before anything is measured, so many at once.
func (r *run) everyone(ctx context.Context, phase string, workers int, do func(context.Context, *caller.Caller, *member) error) error {
	r.Progress.Phase(phase, len(r.crew.all))
	connections := r.callers(min(workers, len(r.crew.all)))
	defer connections.close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		next, done atomic.Int64
		all        sync.WaitGroup
		progress   sync.Mutex
	)
	for _, own := range connections {
		all.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(r.crew.all) {
					return
				}
				answered := r.pulse.owes()
				err := do(ctx, own[0], r.crew.all[i])
				answered()
				if err != nil {
					cancel(err)
					return
				}
				if n := int(done.Add(1)); n%100 == 0 || n == len(r.crew.all) {
					progress.Lock()
					r.Progress.Step(n, "")
					progress.Unlock()
				}
			}
		})
	}
	all.Wait()
	return prepare(phase, context.Cause(ctx))
}

// logInEveryone gives each member a session; employees with a password are made first.
func (r *run) logInEveryone(ctx context.Context) error {
	if r.Password != "" && r.AdminKey != "" {
		err := r.everyone(ctx, "make employees", 4, func(ctx context.Context, c *caller.Caller, m *member) error {
			err := c.AddEmployee(ctx, r.AdminKey, m.name, r.Password)
			if err == nil {
				r.pulse.succeed()
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	workers := 64
	if r.Password != "" {
		workers = 8 // hashing is what it takes, and the server bounds it
	}
	return r.everyone(ctx, "log in", workers, func(ctx context.Context, c *caller.Caller, m *member) error {
		err := r.logIn(ctx, c, m)
		for try := 0; err != nil && busy(err) && try < 20; try++ {
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			err = r.logIn(ctx, c, m)
		}
		return err
	})
}

// busy is an answer that asks to come again.
func busy(err error) bool {
	var refused *caller.Refused
	return errors.As(err, &refused) && (refused.Status == 503 || refused.Status == 429)
}

// seatEveryone gives each member a session and an open socket.
func (r *run) seatEveryone(ctx context.Context) error {
	if err := r.logInEveryone(ctx); err != nil {
		return err
	}
	return r.reseat(ctx, "open sockets", 32)
}

// reseat opens the sockets of those who have none.
func (r *run) reseat(ctx context.Context, phase string, workers int) error {
	return r.everyone(ctx, phase, workers, func(ctx context.Context, _ *caller.Caller, m *member) error {
		if m.isSeated() {
			return nil
		}
		_, err := r.crew.sit(ctx, m)
		if err != nil {
			return fmt.Errorf("the socket of %s: %w", m.name, err)
		}
		return nil
	})
}

// kindOf names a failure of a socket for a count: by its cause, without the addresses.
func kindOf(err error) error {
	var cause syscall.Errno
	var op *net.OpError
	switch {
	case errors.Is(err, ErrGone):
		return err
	case errors.As(err, &cause):
		return errors.New("socket: " + cause.Error())
	case errors.As(err, &op):
		return errors.New("socket: " + op.Err.Error())
	}
	return fmt.Errorf("socket: %w", err)
}
