package main

import (
	"context"
	"errors"

	"github.com/hotseat-hub/hotseat/api"
	"github.com/hotseat-hub/hotseat/persistence"
	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// eventLog shows operators the log in the form that relays send it.
type eventLog struct{ n *node }

func (l eventLog) Read(ctx context.Context, after string, limit int) (page api.LogPage, err error) {
	read, err := l.n.store.ReadLog(ctx, persistence.LogPosition(after), limit)
	if errors.Is(err, store.ErrPositionLost) {
		return page, session.ErrCursorExpired
	}
	if err != nil {
		return page, err
	}
	page.Next, page.More = string(read.Next), read.More
	for i := range read.Events {
		e := relay.Encode(l.n.tokens.Issuer(), read.Events[i])
		page.Events = append(page.Events, api.LoggedEvent{Type: e.Type.String(), JSON: e.Structured()})
	}
	return page, nil
}

func (l eventLog) End(ctx context.Context) (string, error) {
	at, err := l.n.store.LogEnd(ctx)
	return string(at), err
}
