package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// sum is the CPU of whole runs: what is read and sent behind the logins' backs is in it.
type sum struct {
	cpu    time.Duration
	logins int
}

// each is the CPU of a thousand logins, in seconds.
func (s *sum) each() float64 { return s.cpu.Seconds() / float64(s.logins) * 1000 }

// onKafka runs each store without and with events going to a broker in this process, whose work is not
// the server's: the ratio is what a relay costs a login. The two take turns, so that what the machine
// does meanwhile, and a store that has not warmed up, are on both sides.
func (o *options) onKafka(ctx context.Context, binary, folder string) ([]byte, error) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "hotseat.session-events"))
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	defer cluster.Close()
	kafka := []string{"--kafka-brokers", strings.Join(cluster.ListenAddrs(), ",")}
	var b bytes.Buffer
	b.WriteString("| store | CPU s per 1000 logins and tabs, app and database, without Kafka | with | ratio |\n|---|---|---|---|\n")
	for _, s := range []struct {
		name    string
		measure func(context.Context, string, string) (figures, error)
	}{{"PostgreSQL", o.postgres}, {"embedded", o.embedded}} {
		var without, with sum
		for turn, side := range []*sum{&without, &with, &with, &without} {
			if o.args = nil; side == &with {
				o.args = kafka
			}
			place := filepath.Join(folder, fmt.Sprintf("%s-%d", s.name, turn))
			if err := os.Mkdir(place, 0o700); err != nil {
				return nil, err
			}
			f, err := s.measure(ctx, binary, place)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			side.cpu, side.logins = side.cpu+f.whole.cpu, side.logins+f.whole.logins
		}
		fmt.Fprintf(&b, "| %s | %.3f | %.3f | %.2f |\n", s.name, without.each(), with.each(), with.each()/without.each())
	}
	return b.Bytes(), nil
}

// carried waits until every event has arrived, where events go anywhere.
func (r *run) carried() error {
	const backlog = `hotseat_relay_backlog_events{sink="kafka"} `
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		reply, err := http.Get("http://" + r.server.Ops + "/metrics")
		if err != nil {
			return err
		}
		text, err := io.ReadAll(reply.Body)
		if err = errors.Join(err, reply.Body.Close()); err != nil {
			return err
		}
		if !strings.Contains(string(text), backlog) || strings.Contains(string(text), backlog+"0\n") {
			return nil
		}
	}
	return errors.New("events are still on their way after a minute")
}
