package verify

import (
	"cmp"
	"slices"

	"github.com/hotseat-hub/hotseat/bench/history"
)

// byEpoch are the sessions whose epoch is known, oldest first.
func (b *book) byEpoch() []*seat {
	all := make([]*seat, 0, len(b.seats))
	for _, s := range b.seats {
		if s.epoch > 0 {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(x, y *seat) int {
		return cmp.Or(cmp.Compare(x.epoch, y.epoch), slices.Compare(x.id[:], y.id[:]))
	})
	return all
}

// endedByNewer applies the policy of one seat: once any operation has shown a session of a higher
// epoch, every one of a lower epoch has ended.
func (b *book) endedByNewer() {
	var newer *operation
	var at history.Instant
	all := b.byEpoch()
	for i := len(all) - 1; i >= 0; {
		epoch := all[i].epoch
		same := i
		for ; i >= 0 && all[i].epoch == epoch; i-- {
			if newer != nil {
				b.over(all[i], newer, at)
			}
		}
		for _, s := range all[i+1 : same+1] {
			if s.found != nil && (newer == nil || s.found.latest < at) {
				newer, at = s.found.op, s.found.latest
			}
		}
	}
}

// endedByList: a session whose login was answered before a list was asked for, and which is not in
// it, has ended.
func (b *book) endedByList() {
	var known []*seat // answered, in the order of the answers
	for _, s := range b.seats {
		if s.login != nil {
			known = append(known, s)
		}
	}
	slices.SortFunc(known, func(x, y *seat) int { return cmp.Compare(x.login.first.End, y.login.first.End) })
	next := 0
	alive := map[*seat]bool{} // not yet missing in a list, so that each session is looked at once more only while it lives
	for i := range b.ops {
		o := &b.ops[i]
		if o.Kind != history.Sessions || o.Outcome != history.OK {
			continue
		}
		for ; next < len(known) && known[next].login.first.End < o.Start; next++ {
			alive[known[next]] = true
		}
		for s := range alive {
			if !slices.ContainsFunc(o.Active, func(a history.Seat) bool { return a.Session == s.id }) {
				b.over(s, o, o.End)
				delete(alive, s)
			}
		}
	}
}
