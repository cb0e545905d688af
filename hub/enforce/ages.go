package enforce

import "github.com/hotseat-hub/hotseat/session"

// age is when an ending happened, and until when it must be remembered.
type age struct {
	id        session.ID
	at, until session.Time
}

// ages is a queue in the order in which endings were added: a ring that doubles when full. The View
// bounds it.
type ages struct {
	ring  []age
	first int
	count int
}

func (a *ages) len() int { return a.count }

func (a *ages) front() age { return a.ring[a.first] }

func (a *ages) push(x age) {
	if a.count == len(a.ring) {
		grown := make([]age, max(64, 2*len(a.ring)))
		n := copy(grown, a.ring[a.first:])
		copy(grown[n:], a.ring[:a.first])
		a.ring, a.first = grown, 0
	}
	a.ring[(a.first+a.count)%len(a.ring)] = x
	a.count++
}

func (a *ages) pop() {
	a.ring[a.first] = age{}
	a.first = (a.first + 1) % len(a.ring)
	a.count--
}
