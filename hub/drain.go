package hub

import (
	"context"
	"time"
)

// drainPace is the longest time between two closes: a few sockets need not take the whole duration.
const drainPace = 50 * time.Millisecond

// Drain empties the node: new sockets get 503, every socket is told when to come back elsewhere, and
// they are closed with 1012 one after the other, spread over the duration when they are many, so that
// the other nodes are not all asked at once. When ctx is done those still open are closed with 1001. It
// returns when no socket is left, or none that will close by itself within the linger. New sockets stay
// refused; see leaveAgain.
func (h *Hub) Drain(ctx context.Context, over time.Duration) error {
	start := time.Now()
	h.closing.Store(true)
	var all []uint64
	h.engine.each(func(conn uint64) { all = append(all, conn) })
	// The last one's turn comes before the end.
	step := min(drainPace, over/time.Duration(len(all)+1))
	for i, conn := range all {
		after := step * time.Duration(i+1)
		h.engine.post(conn, func(c *conversation, now time.Duration, out *output) {
			c.drain(after, now, out)
		})
	}
	for i, conn := range all {
		if !until(ctx, start.Add(step*time.Duration(i+1))) {
			break
		}
		h.closeOne(conn, refuseDraining)
	}
	h.closeAll(refuseGoingAway)
	h.awaitEmpty()
	return nil
}

// leaveAgain closes a socket, or a subscriber, that was let in just before Drain began and was there only
// after Drain had looked for sockets. Its engine calls it when the socket can be found: either Drain finds
// it, or this does the drain.
func (h *Hub) leaveAgain(conn uint64) {
	if h.closing.Load() {
		h.closeOne(conn, refuseDraining)
	}
}

// Leave closes every socket at once because this node was marked dead: their clients come back, here
// or elsewhere, and hear then how they stand.
func (h *Hub) Leave() { h.closeAll(refuseNodeDead) }

func (h *Hub) closeAll(why refusal) {
	h.engine.each(func(conn uint64) { h.closeOne(conn, why) })
}

// awaitEmpty waits for sockets that said goodbye to close; the engine sees to it that they do.
func (h *Hub) awaitEmpty() {
	patience := time.Now().Add(slowLinger + time.Second)
	for h.Count() > 0 && until(context.Background(), time.Now().Add(10*time.Millisecond)) {
		if time.Now().After(patience) {
			return
		}
	}
}

// until waits for a moment; false when ctx is done first.
func until(ctx context.Context, at time.Time) bool {
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
