package embedded

import (
	"context"
	"database/sql"
)

// statements are those that a login runs, prepared once on the writer's connection.
type statements struct {
	insert, update, key, log *sql.Stmt
}

func (s *statements) prepare(ctx context.Context, db *sql.DB) (err error) {
	for _, one := range []struct {
		to    **sql.Stmt
		query string
	}{
		{&s.insert, `INSERT INTO employees (key, employee_id, version, epoch, state) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`},
		{&s.update, `UPDATE employees SET employee_id = ?, version = ?, epoch = ?, state = ? WHERE key = ? AND version = ?`},
		{&s.key, `INSERT OR REPLACE INTO client_keys (key, hash, body, session, at) VALUES (?, ?, ?, ?, ?)`},
		{&s.log, `INSERT INTO log (at, events) VALUES (?, ?)`},
	} {
		if *one.to, err = db.PrepareContext(ctx, one.query); err != nil {
			return err
		}
	}
	return nil
}
