package main

import (
	"context"
	"errors"
	"net/http"
	"os"

	"github.com/hotseat-hub/hotseat/api"
	"github.com/hotseat-hub/hotseat/cmd/hotseat/config"
	"github.com/hotseat-hub/hotseat/persistence"
	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/relay/backchannel"
	"github.com/hotseat-hub/hotseat/persistence/relay/outbound"
	"github.com/hotseat-hub/hotseat/persistence/relay/push"
	"github.com/hotseat-hub/hotseat/persistence/relay/setevent"
	"github.com/hotseat-hub/hotseat/persistence/relay/webhook"
	"github.com/hotseat-hub/hotseat/session"
)

// receiver is how one of the file's receivers gets its events.
func (n *node) receiver(r config.Receiver) (relay.Route, error) {
	route := relay.Route{Name: r.Name, FromStart: r.FromStart}
	client := outbound.New(outbound.Options{Networks: r.Networks})
	var protocol push.Protocol
	switch r.Kind {
	case config.Stdout:
		route.Sink = relay.Only(relay.Lines{W: os.Stdout}, r.Events)
		return route, nil
	case config.CAEPPoll:
		n.events.streams = append(n.events.streams, setevent.Stream{
			Name: r.Name, Audience: r.Audience, Method: setevent.ByPoll, Authorization: "Bearer " + r.Secret,
		})
		route.Watched = true
		return route, nil
	case config.CAEPPush:
		n.events.streams = append(n.events.streams, setevent.Stream{
			Name: r.Name, Audience: r.Audience, Method: setevent.ByPush, URL: r.URL, Authorization: r.Secret, Client: client,
		})
		protocol = &setevent.Push{Signer: n.tokens, Audience: r.Audience, Authorization: r.Secret}
	case config.BackChannel:
		protocol = &backchannel.Protocol{Signer: n.tokens, Audience: r.Audience, ExternalSID: r.ExternalSID}
	case config.Webhook:
		made, err := webhook.New(r.Secret, r.Events)
		if err != nil {
			return route, err
		}
		protocol = made
	default:
		panic("serve: the configuration let a receiver of kind " + r.Kind + " through")
	}
	route.Sink = push.New(push.Options{Name: r.Name, URL: r.URL, Client: client, Protocol: protocol, Dead: n.store, Marks: n.store, GiveUp: r.GiveUp})
	return route, nil
}

// openTransmitter serves the receivers of security events, if there are any.
func (n *node) openTransmitter(ctx context.Context) error {
	if len(n.events.streams) == 0 {
		return nil
	}
	n.events.caep = setevent.NewTransmitter(setevent.Options{
		Issuer: n.tokens.Issuer(), BaseURL: n.url(), Streams: n.events.streams, Log: n.store, Signer: n.tokens, Logger: n.log,
	})
	return n.events.caep.Begin(ctx)
}

// securityEvents keeps a nil pointer from becoming a handler that is not nil.
func (n *node) securityEvents() http.Handler {
	if n.events.caep == nil {
		return nil
	}
	return n.events.caep
}

// deadLetters reads those of the store in the shape that api shows.
type deadLetters struct{ store persistence.Store }

func (d deadLetters) DeadLetters(ctx context.Context, limit int) ([]api.DeadLetter, error) {
	found, err := d.store.DeadLetters(ctx, limit)
	letters := make([]api.DeadLetter, len(found))
	for i := range found {
		letters[i] = api.DeadLetter(found[i])
	}
	return letters, err
}

// usernames tells the original's consumers how an employee logs in.
type usernames struct{ store persistence.Store }

func (u usernames) Username(ctx context.Context, id session.EmployeeID) (string, error) {
	profile, err := u.store.Profile(ctx, id.Key())
	switch {
	case err == nil && profile.Username != "":
		return profile.Username, nil
	case err != nil && !errors.Is(err, session.ErrNotFound):
		return "", err
	}
	return string(id), nil
}
