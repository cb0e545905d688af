package hub

import "time"

// alarm is when a descriptor must be looked at. One that was set for something that has changed since
// is found out when it rings.
type alarm struct {
	at time.Duration
	fd int
}

// alarms are a heap, the earliest first. Only sockets that are awake, or have not sent their request,
// have one; each change of a deadline adds one, so their number is bounded by how many of those there
// were within the longest timeout. One goroutine uses them.
type alarms []alarm

func (a *alarms) set(at time.Duration, fd int) {
	h := append(*a, alarm{at, fd})
	for i := len(h) - 1; i > 0 && h[i].at < h[(i-1)/2].at; i = (i - 1) / 2 {
		h[i], h[(i-1)/2] = h[(i-1)/2], h[i]
	}
	*a = h
}

// next takes the earliest alarm if it is due.
func (a *alarms) next(now time.Duration) (fd int, at time.Duration, ok bool) {
	h := *a
	if len(h) == 0 || h[0].at > now {
		return 0, 0, false
	}
	first := h[0]
	last := len(h) - 1
	h[0] = h[last]
	h = h[:last]
	if cap(h) > 64 && last < cap(h)/4 {
		h = append(make(alarms, 0, cap(h)/2), h...) // what a storm needed is given back
	}
	for i := 0; ; {
		least := 2*i + 1
		if least >= len(h) {
			break
		}
		if right := least + 1; right < len(h) && h[right].at < h[least].at {
			least = right
		}
		if h[i].at <= h[least].at {
			break
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
	*a = h
	return first.fd, first.at, true
}
