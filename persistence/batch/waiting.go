package batch

import (
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// commit is one write that waits.
type commit struct {
	write store.Write
	done  func(err error, alone bool)
}

// commits are the writes that wait, and the lanes that are free for them. While there are both, somebody
// is on the way: a goroutine of a lane that was woken, or one who comes to help.
type commits struct {
	queue[commit]
	lanes int

	// guarded by mu
	free      []*lane
	coming    int // so many were announced and have not called help yet
	gathering int // so many keep their lane and wait for the first of a crowd
}

func newCommits(o *Options) *commits {
	c := &commits{queue: queue[commit]{bound: o.MaxQueue, refused: o.Refused}, lanes: o.Lanes}
	c.arrived.L = &c.mu
	for number := range o.Lanes {
		c.free = append(c.free, &lane{number: number, most: o.MaxBatch, seen: make(map[session.Key]bool, o.MaxBatch)})
	}
	return c
}

// put wakes nobody where somebody comes anyhow, or where there is no lane to take.
func (c *commits) put(item commit) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.add(item); err != nil {
		return err
	}
	if len(c.items) == 1 && (c.gathering > 0 || len(c.free) > 0 && c.coming == 0) {
		c.arrived.Broadcast()
	}
	return nil
}

// begin waits for writes and a free lane; nil once the queue is closed and empty.
func (c *commits) begin() *lane {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.await()
}

// await is begin for who holds mu.
func (c *commits) await() *lane {
	for len(c.items) == 0 || len(c.free) == 0 {
		if c.closed && len(c.items) == 0 {
			return nil
		}
		c.arrived.Wait()
	}
	return c.takeLane()
}

// wait returns to who has kept a lane once there is something to take, or the queue is closed.
func (c *commits) wait() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gathering++
	for len(c.items) == 0 && !c.closed {
		c.arrived.Wait()
	}
	c.gathering--
}

// goOn is begin for who has kept a lane.
func (c *commits) goOn(l *lane) *lane {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.putBack(l)
	return c.await()
}

// announce says that the caller will soon call help.
func (c *commits) announce() {
	c.mu.Lock()
	c.coming++
	c.mu.Unlock()
}

// help is begin for who was announced, and does not wait.
func (c *commits) help() *lane {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.coming--
	if len(c.items) == 0 || len(c.free) == 0 {
		return nil
	}
	return c.takeLane()
}

// takeLane fills a free lane. The caller holds mu, and has seen that there are writes and a lane.
func (c *commits) takeLane() *lane {
	l := c.free[len(c.free)-1]
	c.free = c.free[:len(c.free)-1]
	c.items = l.pick(c.items)
	if len(c.items) > 0 && len(c.free) > 0 {
		c.arrived.Broadcast()
	}
	return l
}

// release gives a lane back.
func (c *commits) release(l *lane) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.putBack(l)
}

func (c *commits) putBack(l *lane) {
	c.free = append(c.free, l)
	if len(c.items) > 0 || c.closed {
		c.arrived.Broadcast()
	}
}

// rest waits, after close, until every lane has been given back.
func (c *commits) rest() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.free) < c.lanes {
		c.arrived.Wait()
	}
}
