package embedded

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// check refuses what PostgreSQL refuses too, though SQLite would take any bytes for text.
func check(w *store.Write) error {
	texts := []*string{(*string)(&w.Key), (*string)(&w.Change.Save.ID)}
	if p := w.Change.Profile; p != nil {
		texts = append(texts, p.Username, p.FirstName, p.LastName, p.Email, p.Role, p.PasswordHash)
	}
	for _, text := range texts {
		if text != nil && (!utf8.ValidString(*text) || strings.ContainsRune(*text, 0)) {
			return fmt.Errorf("text %q is not valid UTF-8 without NUL: %w", *text, session.ErrRejected)
		}
	}
	return nil
}

// usernameTaken asks before anything is written, so that no write has to be undone; there is one
// writer only.
func (t *transaction) usernameTaken(w *store.Write) (bool, error) {
	p := w.Change.Profile
	if p == nil || p.Username == nil || *p.Username == "" {
		return false, nil
	}
	var other string
	err := t.tx.QueryRow(`SELECT key FROM profiles WHERE username_folded = ? AND key <> ?`,
		store.FoldUsername(*p.Username), string(w.Key)).Scan(&other)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func (t *transaction) saveProfile(w *store.Write) error {
	if w.Change.DeleteProfile {
		_, err := t.tx.Exec(`DELETE FROM profiles WHERE key = ?`, string(w.Key))
		return err
	}
	if !w.HasProfile() {
		return nil
	}
	p := w.Change.Profile
	const insert = `INSERT INTO profiles (key, username, first_name, last_name, email, role, password_hash, credential)
		VALUES (?, '', '', '', '', '', '', 0) ON CONFLICT DO NOTHING`
	if _, err := t.tx.Exec(insert, string(w.Key)); err != nil {
		return err
	}
	set := []string{}
	args := []any{}
	for _, field := range []struct {
		column string
		value  *string
	}{
		{"username", p.Username},
		{"first_name", p.FirstName},
		{"last_name", p.LastName},
		{"email", p.Email},
		{"role", p.Role},
		{"password_hash", p.PasswordHash},
	} {
		if field.value != nil {
			set, args = append(set, field.column+" = ?"), append(args, *field.value)
		}
	}
	if p.Username != nil {
		set, args = append(set, "username_folded = nullif(?, '')"), append(args, store.FoldUsername(*p.Username))
	}
	if p.PasswordHash != nil {
		set, args = append(set, "credential = ?"), append(args, int64(w.Change.Save.Credential))
	}
	if p.LegacyID != nil {
		set, args = append(set, "legacy_id = ?"), append(args, *p.LegacyID)
	}
	_, err := t.tx.Exec(`UPDATE profiles SET `+strings.Join(set, ", ")+` WHERE key = ?`, append(args, string(w.Key))...) // #nosec G202 -- only columns of a table above are joined
	return err
}
