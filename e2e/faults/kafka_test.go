package faults

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/bench/verify"
	"github.com/hotseat-hub/hotseat/session"
)

// eventData is what these tests look at of an event's data.
type eventData struct {
	Session struct {
		SessionID  session.ID    `json:"session_id"`
		TerminalID string        `json:"terminal_id"`
		Epoch      session.Epoch `json:"epoch"`
		ExternalID string        `json:"external_id"`
	} `json:"session"`
}

func dataOf(r *kgo.Record) (d eventData) {
	_ = json.Unmarshal(r.Value, &d) // what is no event has no session
	return d
}

// gauge reads a series of the node's metrics; -1 when it has none.
func (n *node) gauge(series string) float64 {
	prober := http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	reply, err := prober.Get(n.ops + "/metrics")
	if err != nil {
		return -1
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		return -1
	}
	for line := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), " "); found && name == series {
			if v, err := strconv.ParseFloat(value, 64); err == nil {
				return v
			}
		}
	}
	return -1
}

const (
	kafkaLag     = `hotseat_relay_lag_seconds{sink="kafka"}`
	kafkaBacklog = `hotseat_relay_backlog_events{sink="kafka"}`
)

// Row 1, the events. The node is killed again and again while a page is on its way to Kafka, which the
// broker has not read yet: what a consumer of committed records reads is the sequence of epochs, on each
// store.
func TestTheNodeIsKilledWhileItWritesToKafka(t *testing.T) {
	for name, make := range map[string]func(*testing.T) *site{
		"PostgreSQL": newSite,
		"embedded":   func(t *testing.T) *site { return &site{t: t, store: "embedded:" + t.TempDir() + "/data"} },
	} {
		t.Run(name, func(t *testing.T) {
			r := attack(t, "1", "kill -9 of the only node, events to Kafka, "+name, verify.S1, verify.S3, verify.S5)
			b := newBroker(t)
			n := make(t).add(binaries.current, "--kafka-brokers", b.addr)
			f := follow(t, r.notes, b, eventTopic)
			r.people(30, 20*time.Millisecond, n)
			for range pick(3, 20) {
				r.busy(150)
				b.signal(syscall.SIGSTOP)
				r.busy(50)
				r.begin()
				n.kill()
				b.signal(syscall.SIGCONT)
				n.start()
				n.awaitReady()
				r.over()
			}
			r.busy(50)
			r.crowd.rest()
			f.tells(r.crowd, arrival)
			r.judge()
			t.Logf("%d events, %d of them repeated", len(f.read()), f.repeats)
		})
	}
}

// Row 2, the events. The node that carries them is killed, then the next one is stopped past its term
// and goes on: the broker takes nothing from a former leader, and no event is lost between two.
func TestTheNodeThatCarriesEventsIsLost(t *testing.T) {
	r := attack(t, "2", "kill -9, then SIGSTOP of the node that carries events", verify.S1, verify.S3, verify.S5)
	b := newBroker(t)
	s := newSite(t)
	for range 3 {
		r.member(s, binaries.current, "--kafka-brokers", b.addr).start()
	}
	r.whole(s.nodes...)
	f := follow(t, r.notes, b, eventTopic)
	r.people(20, 80*time.Millisecond, s.nodes...)
	r.busy(50)
	r.begin()
	first := leader(t, s.nodes)
	first.kill()
	second := leader(t, without(s.nodes, first))
	second.signal(syscall.SIGSTOP)
	third := leader(t, without(s.nodes, first, second))
	second.signal(syscall.SIGCONT)
	require.Eventually(t, func() bool { return second.gauge("hotseat_relay_leading") == 0 }, patience, 50*time.Millisecond, "a former leader goes on")
	first.start()
	r.whole(s.nodes...)
	r.over()
	require.Eventually(t, func() bool { return third.gauge("hotseat_relay_leading") == 1 }, patience, 50*time.Millisecond, "its successor has stopped")
	r.busy(50)
	r.crowd.rest()
	f.tells(r.crowd, arrival)
	r.judge()
	t.Logf("%d events, %d of them repeated", len(f.read()), f.repeats)
}

// leader waits until one of the nodes carries events.
func leader(t *testing.T, nodes []*node) (found *node) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, n := range nodes {
			if n.gauge("hotseat_relay_leading") == 1 {
				found = n
				return true
			}
		}
		return false
	}, patience, 50*time.Millisecond, "nobody carries events")
	return found
}

func without(nodes []*node, gone ...*node) (rest []*node) {
	for _, n := range nodes {
		if len(gone) == 0 || n != gone[0] && n != gone[len(gone)-1] {
			rest = append(rest, n)
		}
	}
	return rest
}

// Row 17. The broker is killed, or nobody hears of it any more: no login fails, the backlog and its age
// are seen to grow, and every event arrives when it is back.
func TestTheBrokerIsAway(t *testing.T) {
	ways := map[string]struct{ leave, back func(*broker, *node) }{
		"kill -9": {
			func(b *broker, _ *node) { b.kill() }, func(b *broker, _ *node) { b.start() },
		},
		"unreachable": {
			func(b *broker, n *node) { b.host.cutFrom(n.host.ip) }, func(b *broker, _ *node) { b.host.heal() },
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			away := pick(4*time.Second, 5*time.Minute)
			r := attack(t, "17", "Kafka away, "+name, allAndL1...)
			b := newBroker(t)
			n := newSite(t).add(binaries.current, "--kafka-brokers", b.addr)
			f := follow(t, r.notes, b, eventTopic)
			r.people(20, 50*time.Millisecond, n)
			r.busy(100)
			f.wait(100)
			way.leave(b, n)
			left, answered := time.Now(), r.crowd.answer.Load()
			r.busy(100)
			time.Sleep(away - time.Since(left))
			require.Eventually(t, func() bool { return n.gauge(kafkaLag) > away.Seconds()/2 }, patience, 50*time.Millisecond, "the age is seen")
			require.Eventually(t, func() bool { return n.gauge(kafkaBacklog) > 100 }, patience, 50*time.Millisecond, "the length is seen")
			t.Logf("%d logins while it was away", r.crowd.answer.Load()-answered)
			way.back(b, n)
			r.busy(50)
			r.crowd.rest()
			f.tells(r.crowd, arrival)
			require.Eventually(t, func() bool { return n.gauge(kafkaLag) == 0 && n.gauge(kafkaBacklog) == 0 }, patience, 50*time.Millisecond)
			r.judge()
			require.Empty(t, r.failedLogins(), "a login may not wait for the broker")
		})
	}
}

// wait waits for so many records.
func (f *follower) wait(many int) {
	f.t.Helper()
	require.Eventually(f.t, func() bool { return len(f.read()) >= many }, patience, 20*time.Millisecond, "%d records, not %d", len(f.read()), many)
}

// failedLogins are those that were not answered 200.
func (r *row) failedLogins() (failed []history.Operation) {
	r.t.Helper()
	lines, err := history.Open(r.path)
	require.NoError(r.t, err)
	defer lines.Close()
	for {
		o, err := lines.Next()
		if errors.Is(err, io.EOF) {
			return failed
		}
		require.NoError(r.t, err)
		if o.Kind == history.Login && o.Outcome != history.OK {
			failed = append(failed, o)
		}
	}
}

// Row 18. The broker does what it is asked for and answers with an error, time and again: a page comes
// once more, under the same ids and in the same order, and nothing is missing.
func TestTheBrokerSaysErrorAfterItHasApplied(t *testing.T) {
	r := attack(t, "18", "Kafka errors after apply", verify.S1, verify.S3, verify.S5)
	b := newBroker(t, brokerLies+"=yes")
	n := newSite(t).add(binaries.current, "--kafka-brokers", b.addr)
	f := follow(t, r.notes, b, eventTopic)
	r.people(20, 100*time.Millisecond, n)
	said := func(what string) int { return strings.Count(b.said(), what) }
	most := pick(4, 100)
	for end := time.Now().Add(pick(patience, 10*time.Minute)); said(lied) < most || said(lost) < most; {
		r.busy(20)
		require.True(t, time.Now().Before(end), "%d errors after apply, %d answers lost", said(lied), said(lost))
	}
	r.crowd.rest()
	f.tells(r.crowd, arrival)
	r.judge()
	require.Empty(t, r.failedLogins())
	t.Logf("%d events, %d of them repeated; %d errors after apply, %d answers lost", len(f.read()), f.repeats, said(lied), said(lost))
}
