package verify

import (
	"cmp"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/session"
)

// mostTogether bounds a stretch of operations that overlap without a break: porcupine's memory grows
// with its square (50 MB here). Longer ones are reported as undecided.
const mostTogether = 20_000

// call is an operation of the register with the history's operation behind it.
type call struct {
	step
	op       *operation
	from, to history.Instant
}

// checkRegister asks porcupine whether the answers can have come from one register. Operations with
// unknown outcome take no part, and the register lets them have happened whenever that explains an
// answer. It is cut where nothing is under way: what follows begins with the state that any
// explanation of the part before must end in.
func (c *checker) checkRegister(b *book) {
	if b.n > 1 {
		return // there is no such register; seats.go and tokens.go judge alone
	}
	calls := b.calls()
	c.report.count(Register, "operations", int64(len(calls)))
	r := register{}
	for _, l := range b.logins {
		if l.first != nil {
			r.known = append(r.known, l.first.Epoch)
		}
	}
	slices.Sort(r.known)
	var now seated
	var before []call // the stretch that led to now
	for len(calls) > 0 {
		n := stretch(calls)
		c.checkStretch(b, r, now, before, calls[:n])
		now, before, calls = r.after(now, calls[:n]), calls[:n], calls[n:]
	}
}

// stretch is how many calls come before the first moment at which none is under way.
func stretch(calls []call) int {
	last := calls[0].to
	for i := range calls {
		if calls[i].from > last {
			return i
		}
		last = max(last, calls[i].to)
	}
	return len(calls)
}

func (c *checker) checkStretch(b *book, r register, from seated, before, calls []call) {
	if len(calls) > mostTogether {
		c.report.Undecided += int64(len(calls))
		return
	}
	switch porcupine.CheckOperationsTimeout(r.model(from), operations(calls), c.o.Patience) {
	case porcupine.Unknown:
		c.report.Undecided += int64(len(calls))
	case porcupine.Illegal:
		var shown []*operation
		for _, one := range smallest(from, before, calls, c.o.Patience) {
			shown = append(shown, one.op)
		}
		c.violated(Register, b.employee, "no order of these operations explains their answers", shown...)
	}
}

func operations(calls []call) []porcupine.Operation {
	all := make([]porcupine.Operation, len(calls))
	for i, one := range calls {
		all[i] = porcupine.Operation{ClientId: i, Input: one.step, Call: int64(one.from), Return: int64(one.to)}
	}
	return all
}

// after is the state that every explanation of the calls ends in: epochs order what sits, and what
// was missed last had ended by then.
func (r register) after(now seated, calls []call) seated {
	inOrder := slices.Clone(calls)
	slices.SortStableFunc(inOrder, func(x, y call) int {
		if x.verb == misses || y.verb == misses {
			return cmp.Compare(x.verb, y.verb)
		}
		return cmp.Or(cmp.Compare(x.epoch, y.epoch), cmp.Compare(x.verb, y.verb))
	})
	for _, one := range inOrder {
		if ok, next := r.step(now, one.step); ok {
			now = next
		}
	}
	return now
}

// calls are the operations of the register by their start. Of the many answers about one session only
// those that say most are kept: whatever order explains the earliest and the latest that found it,
// and the earliest that missed it, explains those between.
func (b *book) calls() []call {
	var calls []call
	for _, l := range b.logins {
		if l.first != nil {
			calls = append(calls, call{step{writes, l.first.Session, l.first.Epoch, 0}, l.first, l.start, l.first.End})
		}
	}
	for _, s := range b.seats {
		if s.epoch > 0 {
			calls = append(calls, s.finds()...)
		}
	}
	missed := map[session.ID]*operation{}
	for i := range b.ops {
		o := &b.ops[i]
		switch {
		case o.Kind == history.Logout && o.Outcome == history.OK:
			calls = append(calls, call{step{leaves, o.Session, o.Epoch, 0}, o, o.Start, o.End})
		case terminated(o) && (o.Kind == history.Use || o.Kind == history.Refresh):
			if before := missed[o.Session]; before == nil || o.End < before.End {
				missed[o.Session] = o
			}
		}
	}
	for _, o := range missed {
		calls = append(calls, call{step{misses, o.Session, o.Epoch, o.By}, o, o.Start, o.End})
	}
	slices.SortFunc(calls, func(x, y call) int {
		return cmp.Or(cmp.Compare(x.from, y.from), cmp.Compare(x.to, y.to), cmp.Compare(x.op.Line, y.op.Line))
	})
	return calls
}

// finds are the answers that found the session seated, local ones as far back as they state.
func (s *seat) finds() []call {
	var first, last *accept
	for i := range s.accepts {
		a := &s.accepts[i]
		if a.op.Kind == history.Login || a.op.Kind == history.Logout {
			continue // they are calls of their own
		}
		if first == nil || a.latest < first.latest {
			first = a
		}
		if last == nil || a.earliest > last.earliest {
			last = a
		}
	}
	if first == nil {
		return nil
	}
	found := func(a *accept) call {
		return call{step{finds, s.id, s.epoch, 0}, a.op, a.earliest, a.latest}
	}
	if first == last {
		return []call{found(first)}
	}
	return []call{found(first), found(last)}
}

// smallest leaves out whatever is not needed to contradict the rest: halves first, then ever smaller
// pieces, at last single calls. A login that is left out is one that somebody else may have made, so
// what remains is a contradiction by itself.
func smallest(from seated, before, calls []call, patience time.Duration) []call {
	if whole := slices.Concat(before, calls); contradicts(seated{}, whole, patience) {
		from, calls = seated{}, whole // shows how the register came to be as it was
	}
	for piece := (len(calls) + 1) / 2; piece >= 1; piece /= 2 {
		for at := 0; at < len(calls); {
			without := slices.Concat(calls[:at], calls[min(at+piece, len(calls)):])
			if len(without) > 0 && contradicts(from, without, patience) {
				calls = without
			} else {
				at += piece
			}
		}
	}
	return calls
}

func contradicts(from seated, calls []call, patience time.Duration) bool {
	var r register
	for _, one := range calls {
		if one.verb == writes {
			r.known = append(r.known, one.epoch)
		}
	}
	slices.Sort(r.known)
	return porcupine.CheckOperationsTimeout(r.model(from), operations(calls), patience) == porcupine.Illegal
}
