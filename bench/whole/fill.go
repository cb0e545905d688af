package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/hotseat-hub/hotseat/persistence"
	"github.com/hotseat-hub/hotseat/session"
)

// fill writes employees, each by its first login.
func fill(ctx context.Context, url string, employees int) (err error) {
	store, err := persistence.Open(ctx, url, persistence.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	const batch = 2000
	for from := 0; from < employees; from += batch {
		var writes []persistence.Write
		for n := from; n < min(from+batch, employees); n++ {
			w, err := firstLogin(n)
			if err != nil {
				return err
			}
			writes = append(writes, w)
		}
		for _, err := range store.Commit(ctx, 0, writes) {
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func firstLogin(n int) (persistence.Write, error) {
	id := session.EmployeeID(fmt.Sprintf("employee-%07d", n))
	var random session.ID
	binary.BigEndian.PutUint64(random[:], uint64(n)+1)
	binary.LittleEndian.PutUint64(random[8:], (uint64(n)+1)*0x9e3779b97f4a7c15)
	_, change, err := session.Step(session.State{}, session.TimeOf(time.Now()), session.Login{
		Employee: id, Session: random, Terminal: session.TerminalID(random.String()), Device: "Chrome on Windows",
		IP: "192.0.2.7", UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", Client: "pos", Trusted: true,
		Lifetime: 12 * time.Hour, Token: 15 * time.Minute, Default: session.Policy{MaxSessions: 1, OnLimit: session.Takeover},
	})
	return persistence.Write{Key: id.Key(), Change: &change}, err
}
