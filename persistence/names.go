package persistence

import "github.com/hotseat-hub/hotseat/persistence/store"

// The vocabulary of persistence/store under the name that callers use.
type (
	Store        = store.Store
	Write        = store.Write
	Record       = store.Record
	Tail         = store.Tail
	LogPosition  = store.LogPosition
	LogPage      = store.LogPage
	Horizon      = store.Horizon
	DeadLetter   = store.DeadLetter
	Term         = store.Term
	Leaders      = store.Leaders
	Terminals    = store.Terminals
	Node         = store.Node
	Nodes        = store.Nodes
	SigningKey   = store.SigningKey
	SchemaStatus = store.SchemaStatus
	Options      = store.Options
	Migrate      = store.Migrate
)

// What Options.Migrate may be.
const (
	MigrateAuto  = store.MigrateAuto
	MigrateCheck = store.MigrateCheck
	MigrateOff   = store.MigrateOff
)
