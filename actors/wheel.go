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
	w.push(e)
}

func (w *wheel) push(e *entry) {
	e.link(&w.slots[e.due%wheelSlots])
}

// link puts e where at is, before what is there.
func (e *entry) link(at **entry) {
	e.next, e.at = *at, at
	if e.next != nil {
		e.next.at = &e.next
	}
	*at = e
}

// remove takes no longer when many are due in the same second, as after a storm of logins.
func (w *wheel) remove(e *entry) {
	if e.at == nil {
		return
	}
	*e.at = e.next
	if e.next != nil {
		e.next.at = e.at
	}
	e.next, e.at = nil, nil
}

// turn visits everything due up to now. visit may add the entry again, and remove any.
func (w *wheel) turn(now int64, visit func(*entry)) {
	if w.now == 0 || now-w.now > wheelSlots {
		w.now = now - wheelSlots
	}
	var list *entry
	for w.now < now {
		w.now++
		slot := &w.slots[w.now%wheelSlots]
		if list, *slot = *slot, nil; list != nil {
			list.at = &list
		}
		for list != nil {
			e := list
			w.remove(e)
			if e.due > w.now {
				w.push(e)
				continue
			}
			visit(e)
		}
	}
}
