package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// The mechanisms of Connection.SASL.
const (
	NoSASL      = "none"
	Plain       = "PLAIN"
	ScramSHA256 = "SCRAM-SHA-256"
	ScramSHA512 = "SCRAM-SHA-512"
)

// Connection says how the brokers are reached.
type Connection struct {
	Brokers  []string // host:port
	SASL     string   // a mechanism; empty or none: no authentication
	Username string
	Password string
	// TLS checks the brokers' certificates and their names, always. CAFile replaces the system's
	// authorities, CertFile and KeyFile show a certificate of our own.
	TLS                       bool
	CAFile, CertFile, KeyFile string
	// ClientID is shown in the brokers' logs.
	ClientID string
}

// Options are the client's options. An error is the operator's to mend.
func (c *Connection) Options() ([]kgo.Opt, error) {
	if len(c.Brokers) == 0 {
		return nil, errors.New("kafka: no brokers given")
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(c.Brokers...), kgo.ClientID(c.ClientID),
		kgo.DialTimeout(5 * time.Second), kgo.RetryTimeout(10 * time.Second),
		kgo.MetadataMinAge(500 * time.Millisecond),
	}
	switch c.SASL {
	case "", NoSASL:
	case Plain:
		if err := c.passwordIsSafe(); err != nil {
			return nil, err
		}
		opts = append(opts, kgo.SASL(plain.Auth{User: c.Username, Pass: c.Password}.AsMechanism()))
	case ScramSHA256:
		opts = append(opts, kgo.SASL(scram.Auth{User: c.Username, Pass: c.Password}.AsSha256Mechanism()))
	case ScramSHA512:
		opts = append(opts, kgo.SASL(scram.Auth{User: c.Username, Pass: c.Password}.AsSha512Mechanism()))
	default:
		return nil, fmt.Errorf("kafka: unknown SASL mechanism %q", c.SASL)
	}
	if !c.TLS {
		return opts, nil
	}
	config, err := c.tls()
	return append(opts, kgo.DialTLSConfig(config)), err
}

// passwordIsSafe refuses to send a password in clear over a network.
func (c *Connection) passwordIsSafe() error {
	for _, broker := range c.Brokers {
		host, _, _ := net.SplitHostPort(broker)
		addr, err := netip.ParseAddr(host)
		if loopback := host == "localhost" || err == nil && addr.IsLoopback(); !c.TLS && !loopback {
			return fmt.Errorf("kafka: SASL PLAIN to %s without TLS would show the password to the network; turn TLS on, or use SCRAM", broker)
		}
	}
	return nil
}

func (c *Connection) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("kafka: authorities of the brokers: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("kafka: %s has no certificate in PEM", c.CAFile)
		}
	}
	if c.CertFile != "" || c.KeyFile != "" {
		own, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("kafka: own certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{own}
	}
	return config, nil
}
