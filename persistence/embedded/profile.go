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
	err := t.tx.Stmt(t.stmts.username).QueryRow(store.FoldUsername(*p.Username), string(w.Key)).Scan(&other)
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
	var folded, legacy, credential any
	if p.Username != nil {
		folded = store.FoldUsername(*p.Username)
	}
	if p.LegacyID != nil {
		legacy = *p.LegacyID
	}
	if p.PasswordHash != nil {
		credential = int64(w.Change.Save.Credential)
	}
	_, err := t.tx.Stmt(t.stmts.profile).Exec(string(w.Key), p.Username, folded, p.FirstName, p.LastName,
		p.Email, p.Role, p.PasswordHash, credential, p.LegacyID != nil, legacy)
	return err
}
