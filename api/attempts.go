package api

import (
	"context"
	"net/netip"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Attempts limits failed logins. It is asked before any hashing, and only failures count.
// Several goroutines call it.
type Attempts interface {
	// Wait is how long this employee and address must wait; zero: go on.
	Wait(ctx context.Context, key session.Key, from netip.Addr) time.Duration
	Failed(key session.Key, from netip.Addr)
	// Passed is told of right passwords.
	Passed(key session.Key, from netip.Addr)
}

type unlimited struct{}

func (unlimited) Wait(context.Context, session.Key, netip.Addr) time.Duration { return 0 }
func (unlimited) Failed(session.Key, netip.Addr)                              {}
func (unlimited) Passed(session.Key, netip.Addr)                              {}
