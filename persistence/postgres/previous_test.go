package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/persistence/storetest"
)

// A rolling upgrade: the next version has expanded the schema, and this program, which is then the
// previous one, goes on until it is replaced.
func TestThePreviousProgramWorksOnTheNextSchema(t *testing.T) {
	url := pgtest.URL(t)
	first := open(t, url, store.Options{})
	admin, seat := connect(t, url), storetest.NewSeat("ada")
	(storetest.Subject{Store: first, T: t}).Login(seat)
	for _, sql := range []string{
		`ALTER TABLE employees ADD COLUMN next text`, `ALTER TABLE employees ADD COLUMN counted bigint NOT NULL DEFAULT 0`,
		`ALTER TABLE log ADD COLUMN next text`, `ALTER TABLE profiles ADD COLUMN next text`,
		`ALTER TABLE signing_keys ADD COLUMN next text`, `CREATE TABLE next (id bigint)`,
		`INSERT INTO schema_migrations (version_id, is_applied) VALUES (1000, true)`,
	} {
		admin.must(sql)
	}
	(storetest.Subject{Store: first, T: t}).Login(seat) // the one that was running
	for _, mode := range []store.Migrate{store.MigrateAuto, store.MigrateCheck, store.MigrateOff} {
		again := open(t, url, store.Options{Migrate: mode}) // and one that is restarted
		subject := storetest.Subject{Store: again, T: t}
		tail := again.Tail()
		subject.Next(tail)
		subject.Login(seat)
		require.NotEmpty(t, subject.Next(tail))
		require.NoError(t, again.AddSigningKey(t.Context(), store.SigningKey{KID: string(mode), Alg: "EdDSA", Private: []byte("x")}))
		status, err := again.Schema(t.Context())
		require.NoError(t, err)
		require.Equal(t, int64(1000), status.Version)
		require.False(t, status.Pending())
	}
}
