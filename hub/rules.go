package hub

import (
	"math/rand/v2"
	"time"
)

// rules are the figures of every conversation of a hub.
type rules struct {
	authTimeout   time.Duration
	attachTimeout time.Duration
	ackTimeout    time.Duration
	heartbeat     time.Duration // what the client is asked to ping at
	quiet         time.Duration // a ping is due when nothing was said for this long
	spread        time.Duration // and at most this much later
	message       int           // bytes
	echo          bool          // messages are answered by themselves
	burst         int           // frames at once
	rate          time.Duration // one more frame after each
}

// nextPing is how long after the last frame a socket is looked at for a ping. The spread keeps
// sockets that came together from being pinged together.
func (r *rules) nextPing() time.Duration {
	return r.quiet + rand.N(r.spread)
}

// pace limits how fast one peer may send frames: a bucket of burst tokens that gains one each rate.
type pace struct {
	tokens int
	at     time.Duration // until when gains are counted
}

// spend takes a token; false when there is none.
func (p *pace) spend(now time.Duration, r *rules) bool {
	gained := int((now - p.at) / r.rate)
	p.at += time.Duration(gained) * r.rate
	if p.tokens += gained; p.tokens >= r.burst {
		p.tokens, p.at = r.burst, now
	}
	if p.tokens == 0 {
		return false
	}
	p.tokens--
	return true
}
