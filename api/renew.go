package api

import (
	"context"

	"github.com/hotseat-hub/hotseat/session"
)

// renew hashes a password that was just checked once more, as new ones are: the old hash is another
// system's, or of other costs. Sessions and epoch stay; a password that was changed meanwhile too.
// When it does not work out now, the next login tries again.
func (x *exchange) renew(ctx context.Context, key session.Key, pass string, checked uint32) {
	hash, err := x.o.Passwords.Hash(ctx, pass)
	if err == nil {
		_, err = x.o.Employees.Do(ctx, key, session.Update{
			Deadline: x.deadline(), Profile: &session.ProfilePatch{PasswordHash: &hash}, Default: x.o.Policy,
			KeepSessions: true, Checked: checked, Actor: passwordClient,
		})
	}
	if err != nil {
		x.o.Log.Info("password hash not renewed; the next login tries again", "request_id", x.id, "error", err)
	}
}
