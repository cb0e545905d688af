package cluster

import (
	"cmp"
	"slices"

	"github.com/hotseat-hub/hotseat/session"
)

// Placement says who owns whom among the members: rendezvous hashing, so that a member that comes or
// goes moves only what it takes or leaves. It is never changed.
type Placement struct {
	members []Member
	owners  []Member // who do not drain; when all do, everyone
	seeds   []uint64 // by owner
}

// NewPlacement places employees over the members.
func NewPlacement(members []Member) *Placement {
	p := &Placement{members: slices.Clone(members)}
	slices.SortFunc(p.members, func(a, b Member) int { return cmp.Compare(a.Boot, b.Boot) })
	for _, m := range p.members {
		if !m.Draining {
			p.owners = append(p.owners, m)
		}
	}
	if len(p.owners) == 0 {
		p.owners = p.members
	}
	for _, m := range p.owners {
		// By name: a node that was restarted gets the employees that it had.
		p.seeds = append(p.seeds, hash(m.Name))
	}
	return p
}

// Owner is the member that owns the employee; false when there is none.
func (p *Placement) Owner(key session.Key) (Member, bool) {
	if len(p.owners) == 0 {
		return Member{}, false
	}
	h, best, most := hash(string(key)), 0, uint64(0)
	for i, seed := range p.seeds {
		if score := mix(h ^ seed); score > most {
			best, most = i, score
		}
	}
	return p.owners[best], true
}

// find is the member of that run.
func (p *Placement) find(boot session.Node) (Member, bool) {
	i, found := slices.BinarySearchFunc(p.members, boot, func(m Member, b session.Node) int { return cmp.Compare(m.Boot, b) })
	if !found {
		return Member{}, false
	}
	return p.members[i], true
}

func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}

// mix makes every bit of the result depend on every bit of h. FNV alone does not, and gives one of three
// nodes twice what the others get.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
