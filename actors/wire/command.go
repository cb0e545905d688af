package wire

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/hotseat-hub/hotseat/session"
)

// The numbers of commands in a message: never renumber. NodeLost is not among them, every node sees
// for itself who has left.
const (
	isLogin protowire.Number = iota + 2
	isAttach
	isCheck
	isDetach
	isLogout
	isRefresh
	isExpire
	isEnd
	isCreate
	isUpdate
	isDelete
)

// AppendCommand encodes a command for the employee with this key.
func AppendCommand(b []byte, key session.Key, cmd session.Command) ([]byte, error) {
	known := true
	b = encode(b, func(f *fields) {
		text(f, 1, &key)
		switch c := cmd.(type) {
		case session.Login:
			within(f, isLogin, &c, login)
		case session.Attach:
			within(f, isAttach, &c, attach)
		case session.Check:
			within(f, isCheck, &c, check)
		case session.Detach:
			within(f, isDetach, &c.Socket, socket)
		case session.Logout:
			within(f, isLogout, &c, logout)
		case session.Refresh:
			within(f, isRefresh, &c, refresh)
		case session.Expire:
			within(f, isExpire, &c, func(*fields, *session.Expire) {})
		case session.End:
			within(f, isEnd, &c, end)
		case session.Create:
			within(f, isCreate, &c, create)
		case session.Update:
			within(f, isUpdate, &c, update)
		case session.Delete:
			within(f, isDelete, &c, remove)
		default:
			known = false
		}
	})
	if !known {
		return nil, fmt.Errorf("send %T to another node: %w", cmd, session.ErrUnknownCommand)
	}
	return b, nil
}

// Command decodes AppendCommand. One that this program does not know is session.ErrUnknownCommand.
func Command(b []byte) (key session.Key, cmd session.Command, err error) {
	err = decode(b, func(f *fields) {
		text(f, 1, &key)
		cmd = f.command()
	})
	if err == nil && cmd == nil {
		err = session.ErrUnknownCommand
	}
	return key, cmd, err
}

func (f *fields) command() session.Command {
	for _, one := range f.in {
		switch one.number {
		case isLogin:
			return inner(f, one, login)
		case isAttach:
			return inner(f, one, attach)
		case isCheck:
			return inner(f, one, check)
		case isDetach:
			return session.Detach{Socket: inner(f, one, socket)}
		case isLogout:
			return inner(f, one, logout)
		case isRefresh:
			return inner(f, one, refresh)
		case isExpire:
			return session.Expire{}
		case isEnd:
			return inner(f, one, end)
		case isCreate:
			return inner(f, one, create)
		case isUpdate:
			return inner(f, one, update)
		case isDelete:
			return inner(f, one, remove)
		}
	}
	return nil
}

func inner[T any](f *fields, one field, describe func(*fields, *T)) (v T) {
	f.inside(one.bytes, func(in *fields) { describe(in, &v) })
	return v
}

func login(f *fields, c *session.Login) {
	number(f, 1, &c.At)
	text(f, 2, &c.Employee)
	array(f, 3, &c.Session)
	text(f, 4, &c.Terminal)
	text(f, 5, &c.Device)
	text(f, 6, &c.IP)
	text(f, 7, &c.UserAgent)
	text(f, 8, &c.ExternalID)
	text(f, 9, &c.Client)
	flag(f, 10, &c.Trusted)
	number(f, 11, &c.Credential)
	number(f, 12, &c.Lifetime)
	number(f, 13, &c.Idle)
	number(f, 14, &c.Token)
	within(f, 15, &c.Default, policy)
	number(f, 16, &c.Grace)
	number(f, 17, &c.IfActive)
	flag(f, 18, &c.Override)
	optional(f, 19, &c.Key, keyRecord)
	number(f, 20, &c.Maybe)
}

func attach(f *fields, c *session.Attach) {
	number(f, 1, &c.At)
	array(f, 2, &c.Session)
	number(f, 3, &c.Epoch)
	within(f, 4, &c.Socket, socket)
	optional(f, 5, &c.Ticket, func(f *fields, t *session.Ticket) {
		array(f, 1, &t.Nonce)
		number(f, 2, &t.IssuedAt)
	})
}

func socket(f *fields, s *session.Socket) {
	text(f, 1, &s.Node)
	number(f, 2, &s.Conn)
}

func check(f *fields, c *session.Check) {
	number(f, 1, &c.At)
	array(f, 2, &c.Session)
	number(f, 3, &c.Epoch)
}

func logout(f *fields, c *session.Logout) {
	number(f, 1, &c.At)
	array(f, 2, &c.Session)
}

func refresh(f *fields, c *session.Refresh) {
	number(f, 1, &c.At)
	array(f, 2, &c.Session)
	number(f, 3, &c.Generation)
	number(f, 4, &c.Token)
	number(f, 5, &c.Idle)
	flag(f, 6, &c.Passed)
}

func end(f *fields, c *session.End) {
	number(f, 1, &c.At)
	array(f, 2, &c.Session)
	array(f, 3, &c.Except)
	number(f, 4, &c.Reason)
	text(f, 5, &c.Actor)
	text(f, 6, &c.Message)
}

func create(f *fields, c *session.Create) {
	number(f, 1, &c.At)
	text(f, 2, &c.Employee)
	within(f, 3, &c.Profile, profilePatch)
	optional(f, 4, &c.Policy, policy)
	flag(f, 5, &c.Locked)
	text(f, 6, &c.Actor)
}

func update(f *fields, c *session.Update) {
	number(f, 1, &c.At)
	optional(f, 2, &c.Profile, profilePatch)
	flag(f, 3, &c.SetPolicy)
	optional(f, 4, &c.Policy, policy)
	within(f, 5, &c.Default, policy)
	optional(f, 6, &c.Locked, func(f *fields, locked *bool) { flag(f, 1, locked) })
	flag(f, 7, &c.KeepSessions)
	text(f, 8, &c.Actor)
	number(f, 9, &c.Checked)
}

func remove(f *fields, c *session.Delete) {
	number(f, 1, &c.At)
	text(f, 2, &c.Actor)
}

func policy(f *fields, p *session.Policy) {
	number(f, 1, &p.MaxSessions)
	number(f, 2, &p.OnLimit)
}

func keyRecord(f *fields, k *session.KeyRecord) {
	array(f, 1, &k.Hash)
	array(f, 2, &k.Body)
	array(f, 3, &k.Session)
	number(f, 4, &k.At)
}

func profilePatch(f *fields, p *session.ProfilePatch) {
	for i, one := range []**string{&p.Username, &p.FirstName, &p.LastName, &p.Email, &p.Role, &p.PasswordHash} {
		optional(f, protowire.Number(i+1), one, func(f *fields, s *string) { text(f, 1, s) })
	}
	optional(f, 7, &p.LegacyID, func(f *fields, id **int64) {
		optional(f, 1, id, func(f *fields, n *int64) { number(f, 1, n) })
	})
}
