package actors

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// crash is what is kept of a panic. Its value may hold what a client sent, and goes no further than the
// mailbox that met it.
type crash struct{ kind, stack string }

// crashOf must be called by the function that recovered.
func crashOf(value any) *crash { return &crash{fmt.Sprintf("%T", value), string(debug.Stack())} }

func (c *crash) attributes() slog.Attr {
	return slog.Group("", "type", c.kind, "stack", c.stack)
}

// guardian restarts employees that panicked. There is one for all of them. The library's own
// back-off grows by nanoseconds; this one doubles, with jitter, up to restartMax.
type guardian struct{ log *slog.Logger }

const (
	restartBase = 50 * time.Millisecond
	restartMax  = 10 * time.Second
	// restartWindow is how far back failures count.
	restartWindow = time.Minute
)

// HandleFailure implements actor.SupervisorStrategy. Until the restart the employee's mailbox is
// suspended; the restarted employee reads its row again.
func (g *guardian) HandleFailure(_ *actor.ActorSystem, supervisor actor.Supervisor, child *actor.PID,
	stats *actor.RestartStatistics, reason, _ any,
) {
	stats.Fail()
	delay := restartDelay(stats.NumberOfFailures(restartWindow))
	g.log.Error("employee actor panicked", "actor", child.Id, reason.(*crash).attributes(), "restart_in", delay)
	time.AfterFunc(delay, func() { supervisor.RestartChildren(child) })
}

// restartDelay is full jitter over a doubling cap.
func restartDelay(failures int) time.Duration {
	limit := restartMax
	if failures < 8 {
		limit = min(restartMax, restartBase<<max(0, failures-1))
	}
	return time.Duration(rand.Int64N(int64(limit)) + 1)
}

// steadfast keeps shards running: a shard that panicked goes on with the next message and the map
// it has, because its employees' actors live on.
type steadfast struct{ log *slog.Logger }

// HandleFailure implements actor.SupervisorStrategy.
func (s *steadfast) HandleFailure(_ *actor.ActorSystem, supervisor actor.Supervisor, child *actor.PID,
	_ *actor.RestartStatistics, reason, _ any,
) {
	s.log.Error("shard panicked", "actor", child.Id, reason.(*crash).attributes())
	supervisor.ResumeChildren(child)
}
