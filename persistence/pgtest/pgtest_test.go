package pgtest_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func query(t *testing.T, url, sql string) (value string, err error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.Background())
	return value, conn.QueryRow(t.Context(), sql).Scan(&value)
}

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	one, other := pgtest.URL(t), pgtest.URL(t)
	require.NotEqual(t, one, other)
	for _, url := range []string{one, other} {
		name, err := query(t, url, `SELECT current_database()`)
		require.NoError(t, err)
		require.Contains(t, url, name)
	}
}

func TestAKilledServerComesBackWithItsData(t *testing.T) {
	s := pgtest.NewServer(t, pgtest.Options{Fsync: true})
	url := s.URL(t)
	fsync, err := query(t, url, `SHOW fsync`)
	require.NoError(t, err)
	require.Equal(t, "on", fsync)
	_, err = query(t, url, `CREATE TABLE x (y text)`)
	require.ErrorIs(t, err, pgx.ErrNoRows)
	_, err = query(t, url, `INSERT INTO x VALUES ('there') RETURNING y`)
	require.NoError(t, err)
	s.Kill(t)
	_, err = query(t, url, `SELECT y FROM x`)
	require.Error(t, err)
	s.Start(t)
	value, err := query(t, url, `SELECT y FROM x`)
	require.NoError(t, err)
	require.Equal(t, "there", value)
	require.Positive(t, s.CPU())
}
