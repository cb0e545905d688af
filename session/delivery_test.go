package session_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

func TestADeliveryWithoutSocketsIsOfflineAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		var none session.Delivery
		for _, d := range []*session.Delivery{&none, session.NewDelivery(0)} {
			if stage, _ := d.Wait(ctx, session.Acked); stage != session.Offline || time.Since(began) != 0 {
				t.Errorf("got %s after %v", stage, time.Since(began))
			}
		}
	})
}

func TestTheBestOfAllSocketsCounts(t *testing.T) {
	d := session.NewDelivery(3)
	d.Report(session.Offline, time.Millisecond)
	d.Report(session.Sent, 2*time.Millisecond)
	d.Report(session.Sent, 3*time.Millisecond)
	if stage, after := d.Wait(context.Background(), session.Sent); stage != session.Sent || after != 2*time.Millisecond {
		t.Errorf("got %s after %v, want sent after 2ms", stage, after)
	}
	d.Report(session.Acked, 9*time.Millisecond)
	d.Report(session.Offline, 10*time.Millisecond) // a late report takes nothing back
	if stage, after := d.Wait(context.Background(), session.Acked); stage != session.Acked || after != 9*time.Millisecond {
		t.Errorf("got %s after %v, want acked after 9ms", stage, after)
	}
}

func TestWaitReturnsWithTheReportOrWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := session.NewDelivery(2)
		began := time.Now()
		go func() {
			time.Sleep(5 * time.Millisecond)
			d.Report(session.Offline, 0)
			time.Sleep(5 * time.Millisecond)
			d.Report(session.Sent, 10*time.Millisecond)
		}()
		if stage, _ := d.Wait(context.Background(), session.Sent); stage != session.Sent || time.Since(began) != 10*time.Millisecond {
			t.Errorf("got %s after %v, want sent after 10ms", stage, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(context.Background(), 250*time.Millisecond)
		defer cancel()
		if stage, _ := d.Wait(ctx, session.Acked); stage != session.Sent || time.Since(began) != 260*time.Millisecond {
			t.Errorf("got %s after %v, want sent after 260ms", stage, time.Since(began))
		}
	})
}

func TestSocketsThatAllFailSettleEveryWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := session.NewDelivery(2)
		done := make(chan session.Stage, 2)
		for _, until := range []session.Stage{session.Sent, session.Acked} {
			go func() { stage, _ := d.Wait(context.Background(), until); done <- stage }()
		}
		synctest.Wait()
		d.Report(session.Offline, 0)
		synctest.Wait()
		if len(done) > 0 {
			t.Error("a wait ended while one socket was still to report")
		}
		d.Report(session.Offline, 0)
		for range 2 {
			if stage := <-done; stage != session.Offline {
				t.Errorf("got %s", stage)
			}
		}
	})
}
