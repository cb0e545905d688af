package wire

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/hotseat-hub/hotseat/session"
)

// fill sets every exported field to something of its own, so that one that the encoding forgets shows.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), n)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.String:
		v.SetString("text " + string(rune('a'+*n%26)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(uint64(1 + *n%5))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n) + 1)
	case reflect.Uint, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n) + 1)
	}
}

func filled[T any]() (v T) {
	n := 0
	fill(reflect.ValueOf(&v).Elem(), &n)
	return v
}

func TestEveryFieldOfEveryCommandArrives(t *testing.T) {
	login := filled[session.Login]()
	login.Looked, login.Found = false, nil // the driver's own notes, which a reload forgets anyway
	for _, cmd := range []session.Command{
		login, filled[session.Attach](), filled[session.Check](), filled[session.Detach](), filled[session.Logout](),
		filled[session.Refresh](),
		session.Expire{},
		filled[session.End](), filled[session.Create](), filled[session.Update](),
		filled[session.Delete](),
		session.Login{},
		session.Attach{},
		session.End{},
		session.Update{},
		session.Create{},
	} {
		b, err := AppendCommand(nil, "ada", cmd)
		require.NoError(t, err)
		key, got, err := Command(b)
		require.NoError(t, err)
		require.EqualValues(t, "ada", key)
		require.Empty(t, cmp.Diff(cmd, got))
	}
	cleared := session.Create{Profile: session.ProfilePatch{LegacyID: new(*int64)}}
	b, err := AppendCommand(nil, "ada", cleared)
	require.NoError(t, err)
	_, got, err := Command(b)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(session.Command(cleared), got), "a legacy id that is taken away is not one that stays")
	_, err = AppendCommand(nil, "ada", session.NodeLost{})
	require.ErrorIs(t, err, session.ErrUnknownCommand)
}

func TestEveryFieldOfAReplyArrives(t *testing.T) {
	reply := filled[session.Reply]()
	reply.Row.Policy.OnLimit, reply.Row.Policy.MaxSessions = session.Deny, 3
	reply.Deliveries = []*session.Delivery{session.NewDelivery(1), session.NewDelivery(0)}
	a, err := DecodeAnswer(AppendAnswer(nil, reply, nil))
	require.NoError(t, err)
	require.NoError(t, a.Err)
	require.Len(t, a.Reply.Deliveries, 2)
	require.Empty(t, cmp.Diff(reply, a.Reply, cmpopts.IgnoreFields(session.Reply{}, "Deliveries")))
}

func TestCallersCanActOnAnErrorOfAnotherNode(t *testing.T) {
	for n, err := range causes[1:] {
		a, malformed := DecodeAnswer(AppendAnswer(nil, session.Reply{}, err))
		require.NoError(t, malformed)
		require.ErrorIs(t, a.Err, err, "number %d", n+1)
	}
	notice := filled[session.Notice]()
	a, _ := DecodeAnswer(AppendAnswer(nil, session.Reply{}, &session.TerminatedError{Notice: notice}))
	var terminated *session.TerminatedError
	require.ErrorAs(t, a.Err, &terminated)
	require.Empty(t, cmp.Diff(notice, terminated.Notice))
	held := []session.Session{filled[session.Session]()}
	a, _ = DecodeAnswer(AppendAnswer(nil, session.Reply{}, &session.ActiveError{Active: held}))
	var active *session.ActiveError
	require.ErrorAs(t, a.Err, &active)
	require.Equal(t, held, active.Active)
	a, _ = DecodeAnswer(AppendAnswer(nil, session.Reply{}, errors.New("what only its log says")))
	require.ErrorIs(t, a.Err, ErrElsewhere)
}

func TestEnvelopesAndListsArrive(t *testing.T) {
	e := filled[Envelope]()
	got, err := Open(e.Seal())
	require.NoError(t, err)
	require.Equal(t, e, got)
	notices := []Notice{filled[Notice](), {}}
	gotNotices, err := Notices(AppendNotices(nil, notices))
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(notices, gotNotices))
	announced := []Announced{filled[Announced](), {}}
	gotAnnounced, err := Announce(AppendAnnounce(nil, announced))
	require.NoError(t, err)
	require.Equal(t, announced, gotAnnounced)
	_, err = Announce(AppendAnnounce(nil, make([]Announced, MaxBatch+1)))
	require.ErrorIs(t, err, ErrMalformed, "more than a batch")
	d := Delivery{Index: 3, Stage: session.Acked, After: time.Second}
	gotDelivery, err := DecodeDelivery(d.AppendDelivery(nil))
	require.NoError(t, err)
	require.Equal(t, d, gotDelivery)
}

func TestANewerProgramsFieldsArePassedOverAndItsCommandsRefused(t *testing.T) {
	b, err := AppendCommand(nil, "ada", session.Logout{Session: session.ID{1}})
	require.NoError(t, err)
	b = protowire.AppendTag(b, 500, protowire.BytesType)
	b = protowire.AppendString(b, "from the future")
	_, cmd, err := Command(b)
	require.NoError(t, err)
	require.Equal(t, session.Logout{Session: session.ID{1}}, cmd)

	unknown := protowire.AppendTag(nil, 499, protowire.BytesType)
	_, _, err = Command(protowire.AppendBytes(unknown, nil))
	require.ErrorIs(t, err, session.ErrUnknownCommand)
}

func FuzzMessages(f *testing.F) {
	login, _ := AppendCommand(nil, "ada", filled[session.Login]())
	f.Add(login)
	f.Add(AppendAnswer(nil, filled[session.Reply](), nil))
	f.Add((&Envelope{Version: 1, Kind: KindNotices, Body: AppendNotices(nil, []Notice{{Conn: 1}})}).Seal().Value)
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _, _ = Command(b)
		_, _ = DecodeAnswer(b)
		_, _ = Notices(b)
		_, _ = Announce(b)
		_, _ = DecodeDelivery(b)
		_, _ = DecodeTest(b)
		_, _ = Number(b)
		if e, err := Open(wrapperspb.Bytes(b)); err == nil {
			again, err := Open(e.Seal())
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(e, again, cmpopts.EquateEmpty()))
		}
	})
}
