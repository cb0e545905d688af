package load

import (
	"context"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// alarm sleeps until a moment. Go's own timers are up to a millisecond late in an idle process, which
// is more than a takeover takes; the kernel's timerfd is not, and Go's poller can wait for one
// without holding a thread. For one goroutine.
type alarm struct {
	file *os.File // nil when the kernel refused
}

func newAlarm() *alarm {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return &alarm{}
	}
	return &alarm{file: os.NewFile(uintptr(fd), "timerfd")}
}

func (a *alarm) close() {
	if a.file != nil {
		a.file.Close()
	}
}

// longest is how long a sleep lasts before ctx is looked at again.
const longest = 100 * time.Millisecond

// until answers false when ctx ended first. A moment that has passed is no sleep at all.
func (a *alarm) until(ctx context.Context, at time.Time) bool {
	for ctx.Err() == nil {
		left := time.Until(at)
		if left <= 0 {
			return true
		}
		if a.file == nil {
			time.Sleep(min(left, longest))
			continue
		}
		a.sleep(min(left, longest))
	}
	return false
}

func (a *alarm) sleep(d time.Duration) {
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(d.Nanoseconds())}
	raw, err := a.file.SyscallConn()
	if err != nil {
		time.Sleep(d)
		return
	}
	_ = raw.Control(func(fd uintptr) { err = unix.TimerfdSettime(int(fd), 0, &spec, nil) })
	if err != nil {
		time.Sleep(d)
		return
	}
	var expirations [8]byte
	_, _ = a.file.Read(expirations[:]) // whatever it says, the caller looks at the clock
}
