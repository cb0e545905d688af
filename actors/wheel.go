package actors

// wheelSlots is the wheel's circumference in seconds. What is due later goes round again.
const wheelSlots = 256

// wheel visits the entries of one shard when they are due, to the second. An entry costs no timer.
type wheel struct {
	slots [wheelSlots]*entry
	now   int64
}

func (w *wheel) add(e *entry, due int64) {
	e.due = max(due, w.now+1)
	slot := &w.slots[e.due%wheelSlots]
	e.next, *slot = *slot, e
}

func (w *wheel) remove(e *entry) {
	for at := &w.slots[e.due%wheelSlots]; *at != nil; at = &(*at).next {
		if *at == e {
			*at, e.next = e.next, nil
			return
		}
	}
}

// turn visits everything due up to now. visit may add the entry again.
func (w *wheel) turn(now int64, visit func(*entry)) {
	if w.now == 0 || now-w.now > wheelSlots {
		w.now = now - wheelSlots
	}
	for w.now < now {
		w.now++
		slot := &w.slots[w.now%wheelSlots]
		list := *slot
		*slot = nil
		for list != nil {
			e := list
			list, e.next = e.next, nil
			if e.due > w.now {
				e.next, *slot = *slot, e
				continue
			}
			visit(e)
		}
	}
}
