package e2e

import (
	"testing"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

func TestADatabaseThatIsAwayCostsRefusalsAndNothingElse(t *testing.T) {
	for name, leave := range map[string]func(*pgtest.Server, testing.TB){
		"stopped": (*pgtest.Server).Stop,
		"killed":  (*pgtest.Server).Kill,
	} {
		t.Run(name, func(t *testing.T) {
			database := pgtest.NewServer(t, pgtest.Options{Fsync: true})
			s := start(t, database.URL(t))
			testStoreAway(t, s, newNPM(t), func() { leave(database, t) }, func() { database.Start(t) })
		})
	}
}
