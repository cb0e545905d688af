package storetest

import (
	"testing"

	"github.com/hotseat-hub/hotseat/persistence/store"
)

// Opener makes an empty store that goes with the test, and what opens the same data once more, as
// another node does; a store for one process returns itself.
type Opener func(t *testing.T) (first store.Store, again func(t *testing.T) store.Store)

// Run runs the suite over open's stores, and over the same stores failing at every call.
func Run(t *testing.T, open Opener) {
	t.Run("as it is", func(t *testing.T) { run(t, open) })
	t.Run("failing at every call", func(t *testing.T) {
		run(t, func(t *testing.T) (store.Store, func(t *testing.T) store.Store) {
			first, again := open(t)
			return Failing(first), func(t *testing.T) store.Store { return Failing(again(t)) }
		})
	})
}

type suite struct {
	Subject
	again func() Subject
}

func run(t *testing.T, open Opener) {
	for _, test := range []struct {
		name string
		run  func(*suite)
	}{
		{"what was committed is read back", (*suite).readBack},
		{"rows come in the order of the keys", (*suite).order},
		{"of writers that expect one version one wins", (*suite).compareAndSet},
		{"only a write that expects nothing inserts", (*suite).insertBranch},
		{"a tombstone keeps version and epoch", (*suite).tombstone},
		{"a conflict in a batch touches only its own write", (*suite).conflictInBatch},
		{"a second write to an employee in one batch is a conflict", (*suite).twiceInBatch},
		{"invalid data is refused alone", (*suite).culprit},
		{"a cancelled call does nothing", (*suite).cancelled},
		{"events come back in order, each once", (*suite).events},
		{"a tail hears every writer, and new ones", (*suite).tail},
		{"a large backlog is read whole", (*suite).backlog},
		{"started sessions are walked page by page", (*suite).started},
		{"the log is read in order, by pages, from any position", (*suite).ordered},
		{"readers of the log see every writer's commits in each employee's order", (*suite).orderedWriters},
		{"the log's end is the present", (*suite).logEnd},
		{"endings are walked from a time on, page by page", (*suite).ended},
		{"a client's key is found while it is young enough", (*suite).findKey},
		{"a patch changes only what it names", (*suite).patch},
		{"a username is one employee's, whatever its case", (*suite).username},
		{"employees are listed by prefix, page by page, without the deleted", (*suite).list},
		{"every row is walked, tombstones too", (*suite).rows},
		{"a new generation has an empty log and all rows", (*suite).generation},
		{"a setting keeps its first value", (*suite).setting},
		{"a mark is where it was last set", (*suite).marks},
		{"a leader keeps its mark under its term", (*suite).leader},
		{"a kept terminal leads to its employee", (*suite).terminals},
		{"dead letters are kept and listed", (*suite).deadLetters},
		{"signing keys are kept and replaced", (*suite).signingKeys},
		{"the schema is up to date and the time is now", (*suite).schemaAndTime},
		{"a closed store says that it is unavailable", (*suite).closed},
	} {
		t.Run(test.name, func(t *testing.T) {
			first, again := open(t)
			s := &suite{Subject: Subject{Store: first, T: t}}
			s.again = func() Subject { return Subject{Store: again(t), T: t} }
			test.run(s)
		})
	}
}
