package relay

import (
	"context"
	"log/slog"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// lostMark keeps when a sink was lost last, beside its mark.
const lostMark = "relay-lost/"

func lostNow() store.LogPosition { return store.LogPosition(session.TimeOf(time.Now()).String()) }

func sayLost(log *slog.Logger, sink string, why error) {
	log.Error("a sink is lost: it was away for longer than events are kept, has missed some for ever, and goes on from the present",
		"sink", sink, "why", why)
}

// Marks are moved by whichever node serves a receiver that fetches its events itself.
type Marks interface {
	LogEnd(ctx context.Context) (store.LogPosition, error)
	SetMark(ctx context.Context, name string, at store.LogPosition) error
	MoveMark(ctx context.Context, name string, from, to store.LogPosition) error
}

// Lose lets such a receiver go on from the present, which it answers, because its place in the log is gone.
// session.ErrConflict: another node has moved its mark meanwhile. The alarm is raised before the mark moves:
// one too many is better than none.
func Lose(ctx context.Context, m Marks, log *slog.Logger, receiver string, from store.LogPosition, why error) (store.LogPosition, error) {
	end, err := m.LogEnd(ctx)
	if err != nil {
		return "", err
	}
	if err := m.SetMark(ctx, lostMark+receiver, lostNow()); err != nil {
		return "", err
	}
	if err := m.MoveMark(ctx, store.HoldPrefix+receiver, from, end); err != nil {
		return "", err
	}
	sayLost(log, receiver, why)
	return end, nil
}
