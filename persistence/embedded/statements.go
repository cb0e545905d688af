package embedded

import (
	"context"
	"database/sql"
)

// statements are those that a login or a line of an import runs, prepared once on the writer's connection.
type statements struct {
	insert, update, key, log, username, profile *sql.Stmt
}

// saveProfile keeps the fields that are NULL, and the legacy id, which may become NULL, unless ?10 says so.
const saveProfile = `
INSERT INTO profiles (key, username, username_folded, first_name, last_name, email, role, password_hash, credential, legacy_id)
VALUES (?1, ifnull(?2, ''), nullif(?3, ''), ifnull(?4, ''), ifnull(?5, ''), ifnull(?6, ''), ifnull(?7, ''), ifnull(?8, ''), ifnull(?9, 0), ?11)
ON CONFLICT (key) DO UPDATE SET
	username = ifnull(?2, username), username_folded = iif(?3 IS NULL, username_folded, nullif(?3, '')),
	first_name = ifnull(?4, first_name), last_name = ifnull(?5, last_name), email = ifnull(?6, email), role = ifnull(?7, role),
	password_hash = ifnull(?8, password_hash), credential = ifnull(?9, credential), legacy_id = iif(?10, ?11, legacy_id)`

func (s *statements) prepare(ctx context.Context, db *sql.DB) (err error) {
	for _, one := range []struct {
		to    **sql.Stmt
		query string
	}{
		{&s.insert, `INSERT INTO employees (key, employee_id, version, epoch, state) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`},
		{&s.update, `UPDATE employees SET employee_id = ?, version = ?, epoch = ?, state = ? WHERE key = ? AND version = ?`},
		{&s.key, `INSERT OR REPLACE INTO client_keys (key, hash, body, session, at) VALUES (?, ?, ?, ?, ?)`},
		{&s.log, `INSERT INTO log (at, events) VALUES (?, ?)`},
		{&s.username, `SELECT key FROM profiles WHERE username_folded = ? AND key <> ?`},
		{&s.profile, saveProfile},
	} {
		if *one.to, err = db.PrepareContext(ctx, one.query); err != nil {
			return err
		}
	}
	return nil
}
