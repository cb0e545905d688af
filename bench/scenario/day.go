package scenario

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// deed is one thing that an employee, or a backend for one, does in a day.
type deed struct {
	at   time.Duration
	who  int
	what string
}

// What is done in a day.
const (
	arrive  = "arrive"  // log in, open the tab
	reload  = "reload"  // the page: the socket goes and comes back
	move    = "move"    // log in at another till: the older tab is told
	ask     = "ask"     // a backend checks the token
	renew   = "renew"   // the tokens
	leave   = "leave"   // log out
	slipOut = "slipOut" // close the tab without logging out
)

// deedsPerDay is how often an employee does each in a shift, on average.
var deedsPerDay = []struct {
	what string
	mean float64
}{{ask, 20}, {reload, 3}, {move, 2}, {renew, 2}}

// plan is the same for the same seed: so many shifts in the time. In each everybody arrives in its
// first tenth, most within a rush, works with a lull at its middle, and leaves in its last tenth.
func plan(employees int, length time.Duration, shifts int, seed uint64) []deed {
	random := rand.New(rand.NewPCG(seed, 0x646179))
	shift := length / time.Duration(shifts)
	var all []deed
	for s := range shifts {
		begins := shift * time.Duration(s)
		for who := range employees {
			in := func(share float64) time.Duration { return begins + time.Duration(share*float64(shift)) }
			come := .1 * min(random.ExpFloat64()/4, 1)
			all = append(all, deed{in(come), who, arrive})
			for _, d := range deedsPerDay {
				for t := come + .05 + .8*random.ExpFloat64()/d.mean; t < .9; t += .8 * random.ExpFloat64() / d.mean {
					if t < .45 || t > .55 || random.IntN(4) == 0 {
						all = append(all, deed{in(t), who, d.what})
					}
				}
			}
			last := leave
			if random.IntN(10) < 3 {
				last = slipOut
			}
			all = append(all, deed{in(.9 + .08*random.Float64()), who, last})
		}
	}
	slices.SortStableFunc(all, func(a, b deed) int { return cmp.Compare(a.at, b.at) })
	return all
}
