package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// read bounds what do asks of the pool, and tells an absent server from a defect.
func (s *Store) read(ctx context.Context, do func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return problem(ctx, do(bounded))
}

// query calls each for every row.
func (s *Store) query(ctx context.Context, sql string, args []any, each func(pgx.Rows) error) error {
	return s.read(ctx, func(ctx context.Context) error {
		rows, err := s.pool.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := each(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// Load implements store.Store.
func (s *Store) Load(ctx context.Context, keys []session.Key) ([]session.Employee, error) {
	places := make(map[session.Key][]int, len(keys))
	asked := make([]string, len(keys))
	for i, key := range keys {
		places[key] = append(places[key], i)
		asked[i] = string(key)
	}
	employees := make([]session.Employee, len(keys))
	const sql = `SELECT key, employee_id, version, epoch, state FROM employees WHERE key = ANY($1::text[])`
	err := s.query(ctx, sql, []any{asked}, func(rows pgx.Rows) error {
		var key, id string
		var version, epoch int64
		var state pgtype.DriverBytes
		if err := rows.Scan(&key, &id, &version, &epoch, &state); err != nil {
			return err
		}
		e, err := store.DecodeRow(id, version, epoch, state)
		for _, i := range places[session.Key(key)] {
			employees[i] = e
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load %d employees: %w", len(keys), err)
	}
	return employees, nil
}

// FindKey implements store.Store.
func (s *Store) FindKey(ctx context.Context, key session.Key, hash [16]byte, since session.Time) (*session.KeyRecord, error) {
	var found *session.KeyRecord
	const sql = `SELECT body, session, at FROM client_keys WHERE key = $1 AND hash = $2 AND at >= $3`
	err := s.query(ctx, sql, []any{string(key), hash[:], int64(since)}, func(rows pgx.Rows) error {
		var body, id pgtype.DriverBytes
		record := &session.KeyRecord{Hash: hash}
		if err := rows.Scan(&body, &id, &record.At); err != nil {
			return err
		}
		copy(record.Body[:], body)
		copy(record.Session[:], id)
		found = record
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find idempotency key of %s: %w", key, err)
	}
	return found, nil
}

const recordColumns = `SELECT e.key, e.employee_id, e.version, e.epoch, e.state, coalesce(p.username, ''), coalesce(p.first_name, ''),
	coalesce(p.last_name, ''), coalesce(p.email, ''), coalesce(p.role, ''), p.legacy_id, coalesce(p.password_hash, ''), coalesce(p.credential, 0) `

// Profile implements store.Store.
func (s *Store) Profile(ctx context.Context, key session.Key) (session.Profile, error) {
	return s.profile(ctx, `FROM employees e LEFT JOIN profiles p ON p.key = e.key WHERE e.key = $1`, string(key))
}

// ProfileByUsername implements store.Store.
func (s *Store) ProfileByUsername(ctx context.Context, username string) (session.Profile, error) {
	return s.profile(ctx, `FROM profiles p JOIN employees e ON e.key = p.key WHERE p.username_folded = $1`, store.FoldUsername(username))
}

func (s *Store) profile(ctx context.Context, from, arg string) (session.Profile, error) {
	records, _, err := s.records(ctx, recordColumns+from, arg)
	if err != nil {
		return session.Profile{}, fmt.Errorf("read profile: %w", err)
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
		records, end, err := s.records(ctx, recordColumns+`FROM employees e LEFT JOIN profiles p ON p.key = e.key
			WHERE e.key > $1 AND e.key >= $2 AND ($3 = '' OR e.key < $3) ORDER BY e.key LIMIT $4`,
			last, prefix, store.PrefixEnd(prefix), limit-len(page))
		if err != nil {
			return nil, fmt.Errorf("list profiles: %w", err)
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
func (s *Store) records(ctx context.Context, sql string, args ...any) (records []store.Record, last string, err error) {
	err = s.query(ctx, sql, args, func(rows pgx.Rows) error {
		var id string
		var version, epoch int64
		var state pgtype.DriverBytes
		var r store.Record
		p := &r.Profile
		if err := rows.Scan(&last, &id, &version, &epoch, &state, &p.Username, &p.FirstName, &p.LastName,
			&p.Email, &p.Role, &p.LegacyID, &p.PasswordHash, &p.Credential); err != nil {
			return err
		}
		e, err := store.DecodeRow(id, version, epoch, state)
		if err == nil && e.Exists() {
			p.ID, r.Policy, r.Locked = e.ID, e.Policy, e.Locked
			records = append(records, r)
		}
		return err
	})
	return records, last, err
}

// Setting implements store.Store.
func (s *Store) Setting(ctx context.Context, name string, proposed []byte) ([]byte, error) {
	var value []byte
	err := s.read(ctx, func(ctx context.Context) error {
		if proposed != nil {
			if _, err := s.pool.Exec(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, proposed); err != nil {
				return err
			}
		}
		return s.pool.QueryRow(ctx, `SELECT value FROM settings WHERE name = $1`, name).Scan(&value)
	})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("setting %s: %w", name, err)
	}
	return value, nil
}

// SetSetting implements store.Store.
func (s *Store) SetSetting(ctx context.Context, name string, value []byte) error {
	err := s.read(ctx, func(ctx context.Context) error {
		_, err := s.pool.Exec(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
		return err
	})
	if err != nil {
		return fmt.Errorf("set %s: %w", name, err)
	}
	return nil
}

// Mark implements store.Store.
func (s *Store) Mark(ctx context.Context, name string) (at store.LogPosition, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, `SELECT at FROM marks WHERE name = $1`, name).Scan(&at)
	})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("mark %s: %w", name, err)
	}
	return at, nil
}

// SetMark implements store.Store.
func (s *Store) SetMark(ctx context.Context, name string, at store.LogPosition) error {
	const sql = `INSERT INTO marks (name, at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET at = excluded.at`
	err := s.read(ctx, func(ctx context.Context) error {
		_, err := s.pool.Exec(ctx, sql, name, string(at))
		return err
	})
	if err != nil {
		return fmt.Errorf("set mark %s: %w", name, err)
	}
	return nil
}

const moveMarkSQL = `INSERT INTO marks (name, at) SELECT $1::text, $3::text WHERE $2::text = '' OR EXISTS (SELECT FROM marks WHERE name = $1)
	ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE marks.at IN ($2, excluded.at)`

// MoveMark implements store.Store.
func (s *Store) MoveMark(ctx context.Context, name string, from, to store.LogPosition) error {
	err := s.read(ctx, func(ctx context.Context) error {
		tag, err := s.pool.Exec(ctx, moveMarkSQL, name, string(from), string(to))
		if err == nil && tag.RowsAffected() == 0 {
			return fmt.Errorf("somebody else has: %w", session.ErrConflict)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("move mark %s: %w", name, err)
	}
	return nil
}

// SigningKeys implements store.Store.
func (s *Store) SigningKeys(ctx context.Context) ([]store.SigningKey, error) {
	var keys []store.SigningKey
	const sql = `SELECT kid, alg, private, kek_id, published_at, signs_from, retired_at FROM signing_keys ORDER BY published_at, kid`
	err := s.query(ctx, sql, nil, func(rows pgx.Rows) error {
		var k store.SigningKey
		err := rows.Scan(&k.KID, &k.Alg, &k.Private, &k.KEKID, &k.PublishedAt, &k.SignsFrom, &k.RetiredAt)
		keys = append(keys, k)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	return keys, nil
}

// AddSigningKey implements store.Store.
func (s *Store) AddSigningKey(ctx context.Context, k store.SigningKey) error {
	err := s.read(ctx, func(ctx context.Context) error {
		_, err := s.pool.Exec(ctx, `INSERT INTO signing_keys (kid, alg, private, kek_id, published_at, signs_from, retired_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (kid) DO UPDATE SET alg = excluded.alg, private = excluded.private,
			kek_id = excluded.kek_id, published_at = excluded.published_at, signs_from = excluded.signs_from, retired_at = excluded.retired_at`,
			k.KID, k.Alg, k.Private, k.KEKID, int64(k.PublishedAt), int64(k.SignsFrom), int64(k.RetiredAt))
		return err
	})
	if err != nil {
		return fmt.Errorf("store signing key %s: %w", k.KID, err)
	}
	return nil
}
