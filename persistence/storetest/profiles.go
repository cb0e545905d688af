package storetest

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

func (s *suite) profile(key session.Key) session.Profile {
	s.T.Helper()
	return persist(s.Subject, func() (session.Profile, error) { return s.Profile(s.T.Context(), key) })
}

func ptr[V any](v V) *V { return &v }

func (s *suite) patch() {
	seat := NewSeat("Ada")
	update := func(p session.ProfilePatch) {
		s.Must(seat.Write(s.Time(), session.Update{Profile: &p}))
		seat.Done()
	}
	s.Must(seat.Write(s.Time(), session.Create{Employee: "Ada", Profile: session.ProfilePatch{
		Username: ptr("Countess"), FirstName: ptr("Ada"), LastName: ptr("Lovelace"), Email: ptr("ada@example.org"),
		Role: ptr("cashier"), PasswordHash: ptr("$argon2id$1"), LegacyID: ptr(ptr(int64(7))),
	}}))
	seat.Done()
	want := session.Profile{
		ID: "Ada", Username: "Countess", FirstName: "Ada", LastName: "Lovelace", Email: "ada@example.org",
		Role: "cashier", PasswordHash: "$argon2id$1", LegacyID: ptr(int64(7)), Credential: 1,
	}
	require.Equal(s.T, want, s.profile("ada"))

	update(session.ProfilePatch{LastName: ptr("King"), Role: ptr("")})
	want.LastName, want.Role = "King", ""
	require.Equal(s.T, want, s.profile("ada"))

	update(session.ProfilePatch{PasswordHash: ptr("$argon2id$2")})
	want.PasswordHash, want.Credential = "$argon2id$2", 2
	require.Equal(s.T, want, s.profile("ada"))

	update(session.ProfilePatch{LegacyID: ptr((*int64)(nil)), Username: ptr("")})
	want.LegacyID, want.Username = nil, ""
	require.Equal(s.T, want, s.profile("ada"))
	require.Equal(s.T, seat.State.Employee, s.Row("ada"))

	s.Login(NewSeat("unknown")) // a trusted login makes the employee, with an empty profile
	require.Equal(s.T, session.Profile{ID: "unknown"}, s.profile("unknown"))
	_, err := try(func() (session.Profile, error) { return s.Profile(s.T.Context(), "nobody") })
	require.ErrorIs(s.T, err, session.ErrNotFound)
	_, err = try(func() (session.Profile, error) { return s.ProfileByUsername(s.T.Context(), "") })
	require.ErrorIs(s.T, err, session.ErrNotFound)
}

func (s *suite) username() {
	create := func(id, name string) store.Write {
		return NewSeat(id).Write(s.Time(), session.Create{Employee: session.EmployeeID(id), Profile: session.ProfilePatch{Username: &name}})
	}
	s.Must(create("ada", "Countess"))
	p := persist(s.Subject, func() (session.Profile, error) { return s.ProfileByUsername(s.T.Context(), "cOUNTESS") })
	require.Equal(s.T, session.EmployeeID("ada"), p.ID)

	errs := s.Commit(create("bea", "bea"), create("cleo", "COUNTESS"), create("dora", ""), create("eve", "EVE"), create("fay", "Eve"), create("gwen", ""))
	require.Equal(s.T, []error{nil, session.ErrUsernameTaken, nil, nil, session.ErrUsernameTaken, nil}, errs)
	for _, key := range []session.Key{"cleo", "fay"} {
		require.Zero(s.T, s.Row(key), "the row goes with the profile")
	}
	ada := &Seat{ID: "ada", State: session.State{Employee: s.Row("ada")}}
	s.Must(ada.Write(s.Time(), session.Update{Profile: &session.ProfilePatch{Username: ptr("COUNTESS")}}))
	ada.Done()
	require.Equal(s.T, "COUNTESS", s.profile("ada").Username, "an employee may respell its own")
	s.Must(ada.Write(s.Time(), session.Update{Profile: &session.ProfilePatch{Username: ptr("lovelace")}}))
	s.Must(create("cleo", "Countess"))
}

func (s *suite) list() {
	policy := &session.Policy{MaxSessions: 3, OnLimit: session.Deny}
	for i := range 20 {
		id := session.EmployeeID(fmt.Sprintf("Till-%02d", i))
		seat := NewSeat(string(id))
		s.Must(seat.Write(s.Time(), session.Create{Employee: id, Policy: policy, Locked: i == 4, Profile: session.ProfilePatch{FirstName: ptr("T")}}))
		seat.Done()
		if i%3 == 0 {
			s.Must(seat.Write(s.Time(), session.Delete{}))
		}
	}
	s.Login(NewSeat("other"))
	page := func(prefix string, after session.Key, limit int) (ids []string, last session.Key) {
		records := persist(s.Subject, func() ([]store.Record, error) { return s.Profiles(s.T.Context(), prefix, after, limit) })
		require.LessOrEqual(s.T, len(records), limit)
		for _, r := range records {
			ids, last = append(ids, string(r.Profile.ID)), r.Profile.ID.Key()
			if prefix == "till-" {
				require.Equal(s.T, store.Record{
					Policy: policy, Locked: r.Profile.ID == "Till-04",
					Profile: session.Profile{ID: r.Profile.ID, FirstName: "T"},
				}, r)
			}
		}
		return ids, last
	}
	var all []string
	for after := session.Key(""); ; {
		ids, last := page("till-", after, 5)
		if len(ids) == 0 {
			break
		}
		all, after = append(all, ids...), last
	}
	want := []string{}
	for i := range 20 {
		if i%3 != 0 {
			want = append(want, fmt.Sprintf("Till-%02d", i))
		}
	}
	require.Equal(s.T, want, all)
	everyone, _ := page("", "", 100)
	require.Equal(s.T, append([]string{"other"}, want...), everyone)
	none, _ := page("till-1x", "", 5)
	require.Empty(s.T, none)
}

func (s *suite) setting() {
	setting := func(name string, proposed []byte) []byte {
		return persist(s.Subject, func() ([]byte, error) { return s.Setting(s.T.Context(), name, proposed) })
	}
	require.Nil(s.T, setting("issuer", nil))
	require.Equal(s.T, []byte("one"), setting("issuer", []byte("one")))
	require.Equal(s.T, []byte("one"), setting("issuer", []byte("two")))
	require.Equal(s.T, []byte("one"), setting("issuer", nil))
	require.Equal(s.T, []byte("two"), setting("other", []byte("two")))
	for _, name := range []string{"issuer", "new"} {
		persist(s.Subject, func() (any, error) { return nil, s.SetSetting(s.T.Context(), name, []byte("three")) })
		require.Equal(s.T, []byte("three"), setting(name, []byte("four")))
	}
}

func (s *suite) marks() {
	mark := func(name string) store.LogPosition {
		return persist(s.Subject, func() (store.LogPosition, error) { return s.Mark(s.T.Context(), name) })
	}
	set := func(name string, at store.LogPosition) {
		persist(s.Subject, func() (bool, error) { return true, s.SetMark(s.T.Context(), name, at) })
	}
	require.Empty(s.T, mark("sweep"))
	set("sweep", "17:3")
	set("other", "1")
	require.EqualValues(s.T, "17:3", mark("sweep"))
	set("sweep", "18:0")
	require.EqualValues(s.T, "18:0", mark("sweep"))
	require.EqualValues(s.T, "1", mark("other"))

	move := func(name string, from, to store.LogPosition) {
		persist(s.Subject, func() (bool, error) { return true, s.MoveMark(s.T.Context(), name, from, to) })
		require.Equal(s.T, to, mark(name))
	}
	move("shared", "", "1")
	move("shared", "1", "2")
	move("shared", "1", "2") // again, by one who did not hear that it was done
	refuse := func(name string, from, to store.LogPosition) {
		before := mark(name)
		_, err := try(func() (bool, error) { return true, s.MoveMark(s.T.Context(), name, from, to) })
		require.ErrorIs(s.T, err, session.ErrConflict, "from %q", from)
		require.Equal(s.T, before, mark(name))
	}
	refuse("shared", "", "3")
	refuse("shared", "1", "3")
	refuse("unset", "1", "2")
}

func (s *suite) signingKeys() {
	keys := func() []store.SigningKey {
		return persist(s.Subject, func() ([]store.SigningKey, error) { return s.SigningKeys(s.T.Context()) })
	}
	add := func(k store.SigningKey) {
		persist(s.Subject, func() (bool, error) { return true, s.AddSigningKey(s.T.Context(), k) })
	}
	require.Empty(s.T, keys())
	young := store.SigningKey{KID: "a", Alg: "EdDSA", Private: []byte{1, 0, 255}, PublishedAt: 20, SignsFrom: 30}
	old := store.SigningKey{KID: "b", Alg: "ES256", Private: []byte{2}, KEKID: "kek", PublishedAt: 10, SignsFrom: 10}
	add(young)
	add(old)
	require.Equal(s.T, []store.SigningKey{old, young}, keys())
	old.RetiredAt = 40
	add(old)
	require.Equal(s.T, []store.SigningKey{old, young}, keys())
}

func (s *suite) schemaAndTime() {
	status := persist(s.Subject, func() (store.SchemaStatus, error) { return s.Schema(s.T.Context()) })
	require.False(s.T, status.Pending())
	require.Positive(s.T, status.Version)
	require.LessOrEqual(s.T, status.MinBinary, status.Latest)
	require.WithinDuration(s.T, time.Now(), s.Time().Std(), 5*time.Second)
}

func (s *suite) closed() {
	s.Login(NewSeat("ada"))
	require.NoError(s.T, s.Close())
	require.NoError(s.T, s.Close(), "twice does no harm")
	for range 3 {
		err := s.Store.Commit(s.T.Context(), 0, []store.Write{NewSeat("bea").Login(1)})[0]
		require.True(s.T, err == session.ErrOutcomeUnknown || errIs(err, session.ErrUnavailable), err)
		_, err = s.Load(s.T.Context(), []session.Key{"ada"})
		require.ErrorIs(s.T, err, session.ErrUnavailable)
		_, err = s.Tail().Next(s.T.Context())
		require.ErrorIs(s.T, err, session.ErrUnavailable)
		_, err = s.Setting(s.T.Context(), "x", []byte("y"))
		require.ErrorIs(s.T, err, session.ErrUnavailable)
	}
}
