package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/config"
	"github.com/hotseat-hub/hotseat/cmd/hotseat/consume"
	"github.com/hotseat-hub/hotseat/persistence/relay/kafka"
)

// consumeFlags are those of consume-events alone.
type consumeFlags struct {
	topic, group, from string
	count              int

	enforce, byUsername bool
	source, secretFile  string
	maxAge              time.Duration
}

const enforceGroup = "hotseat-enforce"

func newConsumeEvents(p program) *cobra.Command {
	f := consumeFlags{}
	cmd := &cobra.Command{
		Use:   "consume-events",
		Short: "Print events from Kafka, or enforce another system's logins here",
		Long: `Print events from Kafka: CloudEvents, and the original's flat JSON.

With --enforce a login event of another system ends the employee's older session here, as a login would. An
event that was seen already, is older than the session here or than --max-age, or is this server's own, ends
nothing. What cannot be understood or believed goes to the topic named TOPIC.dead. Offsets are committed
after the effect. Let nobody but the other system write to the topic (Kafka's ACLs), or give both sides a
secret (--kafka-signing-secret there, --signing-secret-file here).`,
		Example: `  hotseat consume-events
  hotseat consume-events --from start --count 3 --json
  hotseat consume-events --topic pos-events --enforce --group tills`,
		Args: takes(),
	}
	cmd.Flags().SortFlags = false
	connect, out := connecting(cmd, p), printing(cmd, p)
	config.Bind(cmd.Flags(), "kafka-brokers", "kafka-sasl", "kafka-username", "kafka-password", "kafka-tls", "kafka-ca", "kafka-cert", "kafka-key")
	cmd.Flags().StringVar(&f.topic, "topic", "", "`topic` to read (default: that of --kafka-topic for serve)")
	cmd.Flags().StringVar(&f.group, "group", "", "consumer `group`, which keeps how far it has read (default: none; "+enforceGroup+" with --enforce)")
	cmd.Flags().StringVar(&f.from, "from", "", "start|end: where to begin when the group has not read yet (default end; start with --enforce)")
	cmd.Flags().IntVar(&f.count, "count", 0, "end after so many `events` (default: never)")
	cmd.Flags().BoolVar(&f.enforce, "enforce", false, "turn logins into takeovers here")
	cmd.Flags().StringVar(&f.source, "source", "", "with --enforce: believe only events of this `source`")
	cmd.Flags().StringVar(&f.secretFile, "signing-secret-file", "", "with --enforce: believe only events signed with the secret in this `file`")
	cmd.Flags().DurationVar(&f.maxAge, "max-age", 10*time.Minute, "with --enforce: older events end nothing")
	cmd.Flags().BoolVar(&f.byUsername, "by-username", false, "with --enforce: the original's employee_username is the employee_id here")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		settings, err := config.Load(cmd.Flags(), p.environ)
		if err != nil {
			return &usageError{err}
		}
		o, err := f.options(settings.Events)
		if err != nil {
			return err
		}
		o.Trouble = func(err error) { fmt.Fprintf(p.err, "%s  %s\n", clock(time.Now()), plain(err.Error())) }
		o.Handler = &consume.Printer{W: p.out, JSON: out.json, Plain: plain}
		if f.enforce {
			if o.Handler, err = f.enforcer(cmd.Context(), p, connect); err != nil {
				return err
			}
		}
		consumer, err := consume.New(o)
		if err != nil {
			return &usageError{err}
		}
		return consumer.Run(cmd.Context())
	}
	return cmd
}

// options checks the flags together.
func (f *consumeFlags) options(e config.Events) (o consume.Options, err error) {
	o = consume.Options{
		Topic: f.topic, Group: f.group, Count: f.count, Dead: f.enforce,
		Connection: kafka.Connection{
			Brokers: e.Brokers, SASL: e.SASL, Username: e.Username, Password: e.Password,
			TLS: e.TLS, CAFile: e.CA, CertFile: e.Cert, KeyFile: e.Key, ClientID: "hotseat-consume-events",
		},
	}
	if len(o.Connection.Brokers) == 0 {
		o.Connection.Brokers = []string{config.DevBroker}
	}
	if o.Topic == "" {
		o.Topic = e.Topic
	}
	if f.enforce && o.Group == "" {
		o.Group = enforceGroup
	}
	switch f.from {
	case "start":
		o.FromStart = true
	case "end":
	case "":
		o.FromStart = f.enforce
	default:
		return o, usagef("--from: %q is neither start nor end", f.from)
	}
	if !f.enforce && (f.source != "" || f.secretFile != "" || f.byUsername) {
		return o, usagef("--source, --signing-secret-file and --by-username need --enforce")
	}
	return o, nil
}

// enforcer asks the server for its name first, so that its own events are known.
func (f *consumeFlags) enforcer(ctx context.Context, p program, connect *connection) (*consume.Enforcer, error) {
	c, err := connect.openAdmin()
	if err != nil {
		return nil, err
	}
	own, err := c.Issuer(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the server for its name: %w", err)
	}
	enforcer := &consume.Enforcer{
		Server: c, Own: own, Source: f.source, MaxAge: f.maxAge, ByUsername: f.byUsername, Now: time.Now,
		Said: func(e *consume.Event, what string) {
			fmt.Fprintf(p.out, "%s  %s %s of %s: %s\n", clock(time.Now()), plain(e.Type), plain(e.ID), plain(e.Employee), plain(what))
		},
	}
	if f.secretFile == "" {
		return enforcer, nil
	}
	secret, err := p.readSecret(f.secretFile)
	if err != nil {
		return nil, err
	}
	if len(secret) < config.MinSecret {
		return nil, usagef("--signing-secret-file: %w", errors.New("a secret of less than 16 characters is weak"))
	}
	enforcer.Secret = []byte(secret)
	return enforcer, nil
}
