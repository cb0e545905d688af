package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// loadChunk is how many keys one query asks for.
const loadChunk = 256

// Load implements store.Store.
func (s *Store) Load(ctx context.Context, keys []session.Key) ([]session.Employee, error) {
	rows := make([]session.Employee, len(keys))
	for from := 0; from < len(keys); from += loadChunk {
		to := min(from+loadChunk, len(keys))
		if err := s.load(ctx, keys[from:to], rows[from:to]); err != nil {
			return nil, fmt.Errorf("load %d employees: %w", len(keys), problem(err))
		}
	}
	return rows, nil
}

func (s *Store) load(ctx context.Context, keys []session.Key, into []session.Employee) error {
	places := make(map[string][]int, len(keys))
	args := make([]any, len(keys))
	for i, key := range keys {
		places[string(key)] = append(places[string(key)], i)
		args[i] = string(key)
	}
	query := `SELECT key, employee_id, version, epoch, state FROM employees WHERE key IN (?` + strings.Repeat(`, ?`, len(keys)-1) + `)` // #nosec G202 -- only placeholders are joined
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key, id string
		var version, epoch int64
		var state sql.RawBytes
		if err := rows.Scan(&key, &id, &version, &epoch, &state); err != nil {
			return err
		}
		e, err := store.DecodeRow(id, version, epoch, state)
		if err != nil {
			return err
		}
		for _, i := range places[key] {
			into[i] = e
		}
	}
	return rows.Err()
}

// FindKey implements store.Store.
func (s *Store) FindKey(ctx context.Context, key session.Key, hash [16]byte, since session.Time) (*session.KeyRecord, error) {
	var body, id []byte
	var at int64
	err := s.read.QueryRowContext(ctx, `SELECT body, session, at FROM client_keys WHERE key = ? AND hash = ? AND at >= ?`,
		string(key), hash[:], int64(since)).Scan(&body, &id, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find idempotency key of %s: %w", key, problem(err))
	}
	record := &session.KeyRecord{Hash: hash, At: session.Time(at)}
	copy(record.Body[:], body)
	copy(record.Session[:], id)
	return record, nil
}

const recordColumns = `e.key, e.employee_id, e.version, e.epoch, e.state, coalesce(p.username, ''), coalesce(p.first_name, ''),
	coalesce(p.last_name, ''), coalesce(p.email, ''), coalesce(p.role, ''), p.legacy_id, coalesce(p.password_hash, ''), coalesce(p.credential, 0)
	FROM employees e LEFT JOIN profiles p ON p.key = e.key`

// Profile implements store.Store.
func (s *Store) Profile(ctx context.Context, key session.Key) (session.Profile, error) {
	return s.profile(ctx, `e.key = ?`, string(key))
}

// ProfileByUsername implements store.Store.
func (s *Store) ProfileByUsername(ctx context.Context, username string) (session.Profile, error) {
	return s.profile(ctx, `p.username_folded = nullif(?, '')`, store.FoldUsername(username))
}

func (s *Store) profile(ctx context.Context, where, arg string) (session.Profile, error) {
	records, _, err := s.records(ctx, `SELECT `+recordColumns+` WHERE `+where, arg)
	if err != nil {
		return session.Profile{}, fmt.Errorf("read profile: %w", problem(err))
	}
	if len(records) == 0 {
		return session.Profile{}, session.ErrNotFound
	}
	return records[0].Profile, nil
}

// Profiles implements store.Store. It asks again while tombstones leave the page short.
func (s *Store) Profiles(ctx context.Context, prefix string, after session.Key, limit int) ([]store.Record, error) {
	var page []store.Record
	for last := string(after); len(page) < limit; {
		records, end, err := s.records(ctx, `SELECT `+recordColumns+
			` WHERE e.key > ? AND e.key >= ? AND (? = '' OR e.key < ?) ORDER BY e.key LIMIT ?`,
			last, prefix, store.PrefixEnd(prefix), store.PrefixEnd(prefix), limit-len(page))
		if err != nil {
			return nil, fmt.Errorf("list profiles: %w", problem(err))
		}
		page = append(page, records...)
		if end == "" {
			break
		}
		last = end
	}
	return page, nil
}

// records answers the existing employees among the rows, and the key of the last row, if any.
func (s *Store) records(ctx context.Context, query string, args ...any) (records []store.Record, last string, err error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, "", err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var version, epoch int64
		var state sql.RawBytes
		var r store.Record
		p := &r.Profile
		if err := rows.Scan(&last, &id, &version, &epoch, &state, &p.Username, &p.FirstName, &p.LastName,
			&p.Email, &p.Role, &p.LegacyID, &p.PasswordHash, &p.Credential); err != nil {
			return nil, "", err
		}
		e, err := store.DecodeRow(id, version, epoch, state)
		if err != nil {
			return nil, "", err
		}
		if e.Exists() {
			p.ID, r.Policy, r.Locked = e.ID, e.Policy, e.Locked
			records = append(records, r)
		}
	}
	return records, last, rows.Err()
}
