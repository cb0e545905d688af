package verify_test

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	h "github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/bench/verify"
	"github.com/hotseat-hub/hotseat/session"
)

// long writes a history of healthy takeovers: a login, its notice, a refused and an accepted token,
// over and over, the employees in turn.
func long(t *testing.T, operations, employees int) string {
	path := filepath.Join(t.TempDir(), "long.jsonl")
	w, err := h.Create(path, h.Header{Complete: true})
	require.NoError(t, err)
	for i := range operations / 4 {
		employee, epoch, at := i%employees, 1+i/employees, int64(i)*8
		o := func(kind h.Kind, from, to int64, epoch int) h.Operation {
			one := op(kind, from, to, 0)
			one.Employee = session.Key(fmt.Sprintf("employee-%d", employee))
			one.Epoch = session.Epoch(epoch)
			one.Session = session.ID{0: 1, 10: byte(employee), 11: byte(employee >> 8), 12: byte(epoch), 13: byte(epoch >> 8), 14: byte(epoch >> 16)}
			return one
		}
		login, found := o(h.Login, at, at+3, epoch), o(h.Use, at+4, at+5, epoch)
		ok(&login)
		ok(&found)
		missed := o(h.Use, at+4, at+6, max(epoch-1, 1))
		if refused("new_login", session.Epoch(epoch))(&missed); epoch == 1 {
			ok(&missed)
			missed.Reason, missed.By, missed.Code = "", 0, ""
		}
		found.Level, missed.Level = h.Strict, h.Strict
		w.Record(login)
		w.Record(found)
		w.Record(missed)
		closed := o(h.Closed, at+7, at+7, epoch)
		closed.Conn, closed.Close = 1, 1012
		w.Record(closed)
	}
	require.NoError(t, w.Close())
	return path
}

// peak is the highest live heap above what there was before, while f runs.
func peak(f func()) (most uint64) {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	ctx, stop := context.WithCancel(context.Background())
	sampled := make(chan struct{})
	go func() {
		defer close(sampled)
		for tick := time.NewTicker(5 * time.Millisecond); ; {
			select {
			case <-tick.C:
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc)
			case <-ctx.Done():
				tick.Stop()
				return
			}
		}
	}()
	f()
	stop()
	<-sampled
	return most - min(most, before.HeapAlloc)
}

// A million operations would need some 750 MB as such.
func TestMemoryIsThatOfAPartAndNotOfTheHistory(t *testing.T) {
	path := long(t, 1_000_000, 10_000)
	var r *verify.Report
	most := peak(func() {
		var err error
		r, err = verify.File(t.Context(), path, verify.Options{Folder: t.TempDir()})
		require.NoError(t, err)
	})
	require.True(t, r.Clean(), "%s", text(t, r))
	require.EqualValues(t, 1_000_000, r.Operations)
	t.Logf("%d operations, %d MB of heap at most", r.Operations, most>>20)
	require.Less(t, most, uint64(96<<20))
}

// One employee whose logins never pause is the worst that can come: all of it is in memory at once.
func TestOneBusyEmployeeIsCheckedInStretches(t *testing.T) {
	start := time.Now()
	r, err := verify.File(t.Context(), long(t, 40_000, 1), verify.Options{})
	require.NoError(t, err)
	require.True(t, r.Clean(), "%s", text(t, r))
	require.EqualValues(t, 30_000-1, r.Checked[verify.Register]["operations"], "%s", text(t, r))
	t.Log(time.Since(start))
}
