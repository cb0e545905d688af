package cluster

import (
	"context"
	"net"
	"time"
)

// dialEvery is how long a try to connect may be without an answer before another is begun beside it. Linux
// repeats a lost packet of a handshake after a second, the next time after two more.
const dialEvery = 250 * time.Millisecond

func dial(ctx context.Context, address string) (net.Conn, error) {
	var dialer net.Dialer
	return firstOf(ctx, func(ctx context.Context) (net.Conn, error) { return dialer.DialContext(ctx, "tcp", address) })
}

// firstOf is what comes first of tries that are begun one after the other until then, a connection or an error.
func firstOf(ctx context.Context, try func(context.Context) (net.Conn, error)) (net.Conn, error) {
	ctx, decided := context.WithCancel(ctx)
	defer decided()
	type outcome struct {
		conn net.Conn
		err  error
	}
	outcomes := make(chan outcome)
	begin := func() {
		conn, err := try(ctx)
		select {
		case outcomes <- outcome{conn, err}:
		case <-ctx.Done():
			if conn != nil {
				_ = conn.Close() // nobody has used it
			}
		}
	}
	again := time.NewTicker(dialEvery)
	defer again.Stop()
	for {
		go begin()
		select {
		case first := <-outcomes:
			return first.conn, first.err
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-again.C:
		}
	}
}
