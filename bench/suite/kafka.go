package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/hotseat-hub/hotseat/bench/scenario"
	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// whole is the CPU of nodes and databases from their start to their end: what is read and sent behind
// the logins' backs is in it.
type whole struct {
	cpu       time.Duration
	takeovers float64
}

// each is the CPU of a thousand takeovers, in seconds.
func (w *whole) each() float64 { return w.cpu.Seconds() / w.takeovers * 1000 }

// onKafka runs each store without and with events going to a broker in this process, whose work is not
// the server's: the ratio is what a relay costs a takeover. The two take turns, so that what the machine
// does meanwhile, and a store that has not warmed up, are on both sides.
func (s *suite) onKafka(ctx context.Context) error {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "hotseat.session-events"))
	if err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	defer cluster.Close()
	brokers := strings.Join(cluster.ListenAddrs(), ",")
	fmt.Print("| store | CPU s per 1000 takeovers and tabs, app and database, without Kafka | with | ratio |\n|---|---|---|---|\n")
	for _, store := range []string{"postgres", "embedded"} {
		var without, with whole
		for turn, side := range []*whole{&without, &with, &with, &without} {
			var args []string
			if side == &with {
				args = []string{"--kafka-brokers", brokers}
			}
			s.say("%s, turn %d of 4", store, turn+1)
			if err := s.spent(ctx, side, store, fmt.Sprintf("%s-%d", store, turn), args); err != nil {
				return fmt.Errorf("%s: %w", store, err)
			}
		}
		fmt.Printf("| %s | %.3f | %.3f | %.2f |\n", store, without.each(), with.each(), with.each()/without.each())
	}
	return nil
}

// spent adds a run with 256 takeovers in flight, until the last of its events has arrived.
func (s *suite) spent(ctx context.Context, w *whole, store, name string, args []string) error {
	url, database := "embedded:"+filepath.Join(s.folder, "data-"+name), func() time.Duration { return 0 }
	if store == "postgres" {
		server, err := pgtest.Start(pgtest.Options{Fsync: true, Dir: s.disk})
		if err != nil {
			return err
		}
		defer server.Close()
		if url, err = server.Database("hotseat"); err != nil {
			return err
		}
		database = server.CPU
	}
	n, err := s.serve(ctx, name, url, nil, args...)
	if err != nil {
		return err
	}
	defer n.Stop()
	b := s.bench(store, n, nil)
	if _, err = b.scenario(ctx, name, "takeover", func(o *scenario.Options) { o.Workers = 256 }); err != nil {
		return fmt.Errorf("%w; the server said:\n%s", err, n.Said())
	}
	takeovers, err := n.carried(ctx, len(args) > 0)
	if err != nil {
		return err
	}
	app, err := n.process.CPU()
	w.cpu, w.takeovers = w.cpu+app+database(), w.takeovers+takeovers
	return err
}

// carried waits until every event has arrived, where events go anywhere, and answers how many seats
// were taken over. It asks now and then: nobody is told that a relay has nothing more to do.
func (n *node) carried(ctx context.Context, anywhere bool) (takeovers float64, err error) {
	const backlog, ended = `hotseat_relay_backlog_events{sink="kafka"}`, `hotseat_sessions_ended_total{reason="new_login"}`
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		at, err := n.Metrics(ctx)
		if err != nil {
			return 0, err
		}
		left, relayed := at[backlog]
		if relayed != anywhere {
			return 0, fmt.Errorf("events go to Kafka: %t, wanted: %t", relayed, anywhere)
		}
		if left == 0 {
			return at[ended], nil
		}
	}
	return 0, errors.New("events are still on their way after a minute")
}
