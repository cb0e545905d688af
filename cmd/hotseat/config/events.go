package config

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Events says where events go. None of it is in force unless brokers or receivers are given.
type Events struct {
	Brokers   []string // of Kafka, host:port
	Topic     string
	SASL      string // none, PLAIN, SCRAM-SHA-256, SCRAM-SHA-512
	Username  string
	Password  string
	TLS       bool
	CA        string // files in PEM
	Cert, Key string
	// Signing is the secret of the attribute `signature`; empty: unsigned.
	Signing string
	// Dev is the address of the development broker; empty: none.
	Dev string
	// RetentionMax is how long a receiver that is away keeps the log; 0: HistoryRetention.
	RetentionMax time.Duration
	Receivers    []Receiver // of the file
}

// DevBroker is where the development broker listens unless told otherwise.
const DevBroker = "127.0.0.1:9092"

var eventSettings = []Setting{
	{
		Name: "kafka-brokers", Value: "host:port,…", Note: "off", parse: parseBrokers,
		Help: "Kafka brokers that events are written to",
	},
	{
		Name: "kafka-topic", Value: "text", Default: "hotseat.session-events", parse: word(func(c *Config) *string { return &c.Events.Topic }),
		Help: "topic of the events",
	},
	{
		Name: "kafka-sasl", Value: "none|PLAIN|SCRAM-SHA-256|SCRAM-SHA-512", Default: "none", parse: choice(func(c *Config) *string { return &c.Events.SASL }),
		Help: "how to authenticate to the brokers",
	},
	{
		Name: "kafka-username", Value: "text", Note: "none", parse: text(func(c *Config) *string { return &c.Events.Username }),
		Help: "user of --kafka-sasl",
	},
	{
		Name: "kafka-password", Value: "text", Note: "none", Secret: true, parse: text(func(c *Config) *string { return &c.Events.Password }),
		Help: "password of --kafka-sasl",
	},
	{
		Name: "kafka-tls", Default: "false", parse: flagged(func(c *Config) *bool { return &c.Events.TLS }),
		Help: "speak TLS to the brokers and check their certificates and names",
	},
	{
		Name: "kafka-ca", Value: "file", Note: "the system's", parse: text(func(c *Config) *string { return &c.Events.CA }),
		Help: "PEM certificates of the brokers' authorities",
	},
	{
		Name: "kafka-cert", Value: "file", Note: "none", parse: text(func(c *Config) *string { return &c.Events.Cert }),
		Help: "PEM certificate shown to the brokers",
	},
	{
		Name: "kafka-key", Value: "file", Note: "none", parse: text(func(c *Config) *string { return &c.Events.Key }),
		Help: "PEM private key of kafka-cert",
	},
	{
		Name: "kafka-signing-secret", Value: "text", Note: "none: events are not signed", Secret: true, parse: parseSigning,
		Help: "signs events for consumers that have the secret too",
	},
	{
		Name: "dev-kafka", Value: "host:port", Bare: DevBroker, Note: "off", parse: parseDev,
		Help: "run a Kafka broker for development inside the server, at " + DevBroker + " or the address given with =, and write to it",
	},
	{
		Name: "event-retention-max", Value: "duration", Default: "0", Note: "history-retention", parse: duration(func(c *Config) *seconds { return &c.Events.RetentionMax }),
		Help: "how long events are kept for a receiver that is away; past that it is lost and goes on from the present",
	},
}

func parseBrokers(c *Config, value string) error {
	c.Events.Brokers = nil
	for _, one := range list(value) {
		if err := hostport(one); err != nil {
			return err
		}
		c.Events.Brokers = append(c.Events.Brokers, one)
	}
	return nil
}

func parseDev(c *Config, value string) error {
	switch value {
	case "", "false":
		return nil
	case "true":
		value = DevBroker
	}
	if err := hostport(value); err != nil && !strings.HasSuffix(value, ":0") {
		return err
	}
	if !IsLoopback(value) {
		return fmt.Errorf("%s: the development broker asks nobody for a password, so it listens on loopback only", value)
	}
	c.Events.Dev = value
	return nil
}

func parseSigning(c *Config, value string) error {
	if value != "" && len(value) < MinSecret {
		return fmt.Errorf("a secret of %d characters is weak, %d is the least; `openssl rand -hex 32` makes a good one", len(value), MinSecret)
	}
	c.Events.Signing = value
	return nil
}

func hostport(value string) error {
	host, port, err := net.SplitHostPort(value)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" {
		return fmt.Errorf("%q is not host:port, such as %s", value, DevBroker)
	}
	return nil
}

// flagged is the parser of a setting that is true or false.
func flagged(field func(*Config) *bool) parser {
	return func(c *Config, value string) (err error) {
		if *field(c), err = strconv.ParseBool(value); err != nil {
			return fmt.Errorf("%q is neither true nor false", value)
		}
		return nil
	}
}

// checkEvents refuses what is right alone and wrong together.
func (c *Config) checkEvents() error {
	e := &c.Events
	switch {
	case e.Dev != "" && len(e.Brokers) > 0:
		return c.wrong("dev-kafka", errors.New("it is the broker itself; leave --kafka-brokers out"))
	case e.Dev != "" && (e.TLS || e.SASL != "none"):
		return c.wrong("dev-kafka", errors.New("the development broker has neither TLS nor users"))
	case (e.SASL == "none") != (e.Username == "" && e.Password == ""):
		return c.wrong("kafka-sasl", errors.New("a mechanism, --kafka-username and --kafka-password go together"))
	case e.SASL != "none" && (e.Username == "" || e.Password == ""):
		return c.wrong("kafka-sasl", errors.New("it needs --kafka-username and --kafka-password"))
	case (e.Cert == "") != (e.Key == ""):
		return errors.New("--kafka-cert and --kafka-key go together; one is missing")
	case !e.TLS && (e.CA != "" || e.Cert != ""):
		return c.wrong("kafka-tls", errors.New("certificates are given, and TLS is off"))
	case e.RetentionMax != 0 && e.RetentionMax < c.HistoryRetention:
		return c.wrong("event-retention-max", fmt.Errorf("%s is shorter than --history-retention %s, which it can only extend", e.RetentionMax, c.HistoryRetention))
	}
	return nil
}
