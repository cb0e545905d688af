package postgres

import (
	"encoding/binary"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// column is one array parameter: how a write's element is encoded. It appends to b, or answers false
// for null.
type column struct {
	oid   uint32
	value func(b []byte, w *store.Write) ([]byte, bool)
}

var loginColumns = []column{
	{pgtype.TextOID, func(b []byte, w *store.Write) ([]byte, bool) { return append(b, w.Key...), true }},
	{pgtype.TextOID, func(b []byte, w *store.Write) ([]byte, bool) { return append(b, w.Change.Save.ID...), true }},
	{pgtype.Int8OID, func(b []byte, w *store.Write) ([]byte, bool) { return appendInt(b, int64(w.Expected)), true }},
	{pgtype.Int8OID, func(b []byte, w *store.Write) ([]byte, bool) { return appendInt(b, int64(w.Change.Save.Epoch)), true }},
	{pgtype.ByteaOID, func(b []byte, w *store.Write) ([]byte, bool) { return w.Change.Save.AppendRow(b), true }},
	{pgtype.ByteaOID, func(b []byte, w *store.Write) ([]byte, bool) {
		if len(w.Change.Events) == 0 {
			return b, false
		}
		return session.AppendEvents(b, w.Change.Events), true
	}},
}

var keyColumns = []column{
	{pgtype.ByteaOID, ofKey(func(b []byte, k *session.KeyRecord) []byte { return append(b, k.Hash[:]...) })},
	{pgtype.ByteaOID, ofKey(func(b []byte, k *session.KeyRecord) []byte { return append(b, k.Body[:]...) })},
	{pgtype.ByteaOID, ofKey(func(b []byte, k *session.KeyRecord) []byte { return append(b, k.Session[:]...) })},
	{pgtype.Int8OID, ofKey(func(b []byte, k *session.KeyRecord) []byte { return appendInt(b, int64(k.At)) })},
}

var profileColumns = []column{
	{pgtype.BoolOID, func(b []byte, w *store.Write) ([]byte, bool) { return appendBool(b, w.Change.DeleteProfile), true }},
	{pgtype.TextOID, text(func(p *session.ProfilePatch) *string { return p.Username })},
	{pgtype.TextOID, text(func(p *session.ProfilePatch) *string {
		if p.Username == nil {
			return nil
		}
		folded := store.FoldUsername(*p.Username)
		return &folded
	})},
	{pgtype.TextOID, text(func(p *session.ProfilePatch) *string { return p.FirstName })},
	{pgtype.TextOID, text(func(p *session.ProfilePatch) *string { return p.LastName })},
	{pgtype.TextOID, text(func(p *session.ProfilePatch) *string { return p.Email })},
	{pgtype.TextOID, text(func(p *session.ProfilePatch) *string { return p.Role })},
	{pgtype.TextOID, text(func(p *session.ProfilePatch) *string { return p.PasswordHash })},
	{pgtype.Int8OID, func(b []byte, w *store.Write) ([]byte, bool) {
		if p := w.Change.Profile; p == nil || p.PasswordHash == nil {
			return b, false
		}
		return appendInt(b, int64(w.Change.Save.Credential)), true
	}},
	{pgtype.BoolOID, func(b []byte, w *store.Write) ([]byte, bool) {
		return appendBool(b, w.Change.Profile != nil && w.Change.Profile.LegacyID != nil), true
	}},
	{pgtype.Int8OID, func(b []byte, w *store.Write) ([]byte, bool) {
		if p := w.Change.Profile; p != nil && p.LegacyID != nil && *p.LegacyID != nil {
			return appendInt(b, **p.LegacyID), true
		}
		return b, false
	}},
}

func ofKey(appendTo func([]byte, *session.KeyRecord) []byte) func([]byte, *store.Write) ([]byte, bool) {
	return func(b []byte, w *store.Write) ([]byte, bool) {
		if w.Change.Key == nil {
			return b, false
		}
		return appendTo(b, w.Change.Key), true
	}
}

func text(field func(*session.ProfilePatch) *string) func([]byte, *store.Write) ([]byte, bool) {
	return func(b []byte, w *store.Write) ([]byte, bool) {
		if w.Change.Profile == nil {
			return b, false
		}
		value := field(w.Change.Profile)
		if value == nil {
			return b, false
		}
		return append(b, *value...), true
	}
}

// params is a lane's memory for encoding; rows are encoded straight into the arrays.
type params struct {
	buffers [][]byte
	values  [][]byte
}

// encode makes the binary parameters of st. They are good until the next call.
func (p *params) encode(st *statement, writes []store.Write, places []int, writer string, seq int64) [][]byte {
	for len(p.buffers) < len(st.columns) {
		p.buffers = append(p.buffers, nil)
	}
	p.values = append(p.values[:0], []byte(writer), appendInt(nil, seq))
	for i, column := range st.columns {
		p.buffers[i] = column.appendArray(p.buffers[i][:0], writes, places)
		p.values = append(p.values, p.buffers[i])
	}
	return p.values
}

// appendArray writes the wire form of a one-dimensional array.
func (c *column) appendArray(b []byte, writes []store.Write, places []int) []byte {
	const dimensions, mayHaveNulls, lowerBound = 1, 1, 1
	for _, v := range [...]uint32{dimensions, mayHaveNulls, c.oid, uint32(len(places)), lowerBound} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	for _, i := range places {
		at := len(b)
		var there bool
		b = binary.BigEndian.AppendUint32(b, ^uint32(0)) // the length of a null
		if b, there = c.value(b, &writes[i]); there {
			binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-4))
		}
	}
	return b
}

func appendInt(b []byte, v int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(v)) }

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}
