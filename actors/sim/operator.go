package sim

import (
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// operator ends sessions, locks, deletes and changes policies.
type operator struct {
	w      *world
	locked map[session.Key]bool
}

func newOperator(w *world) {
	o := &operator{w: w, locked: map[session.Key]bool{}}
	w.after(time.Second, o.act)
}

func (o *operator) act() {
	o.w.after(time.Second, o.act)
	n := o.w.nodes[o.w.dice.IntN(len(o.w.nodes))]
	if n.down {
		return
	}
	for _, key := range o.w.keys {
		switch {
		case o.w.calm || o.locked[key] && o.w.chance(50):
			o.unlock(n, key)
		case o.w.chance(3):
			lock := true
			o.locked[key] = true
			o.send(n, key, session.Update{Locked: &lock, Default: o.w.policy, Actor: "ops"})
		case o.w.chance(4):
			o.send(n, key, session.End{Reason: session.ReasonAdmin, Actor: "ops"})
		case o.w.chance(3):
			policy := session.Policy{MaxSessions: 1 + o.w.dice.IntN(3), OnLimit: session.Takeover}
			o.send(n, key, session.Update{SetPolicy: true, Policy: &policy, Default: o.w.policy, Actor: "ops"})
		case o.w.chance(1):
			o.send(n, key, session.Delete{Actor: "ops"})
		}
	}
}

func (o *operator) unlock(n *node, key session.Key) {
	lock := false
	if row := o.w.store.read(key); row.Locked {
		o.send(n, key, session.Update{Locked: &lock, Default: o.w.policy, Actor: "ops"})
		return
	}
	o.locked[key] = false
}

func (o *operator) send(n *node, key session.Key, c session.Command) {
	o.w.tell("operator %s: %T", key, c)
	n.ask(key, c, func(session.Reply, error) {})
}
