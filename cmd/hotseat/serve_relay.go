package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/config"
	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/relay/kafka"
	"github.com/hotseat-hub/hotseat/persistence/relay/setevent"
)

// events is the part of a node that carries events out of it.
type events struct {
	dev     *kafka.Dev // nil: none
	relay   *relay.Relay
	streams []setevent.Stream     // of the receivers of security events
	caep    *setevent.Transmitter // nil: there are none
}

// openEvents joins the relay and its sinks. Nobody is called yet.
func (n *node) openEvents(ctx context.Context) (err error) {
	cfg := n.config.Events
	if cfg.Dev != "" {
		if cfg.Brokers, err = n.startDevBroker(cfg); err != nil {
			return err
		}
	}
	var routes []relay.Route
	if len(cfg.Brokers) > 0 {
		if routes, err = n.kafkaRoutes(cfg); err != nil {
			return err
		}
	}
	for _, r := range cfg.Receivers {
		route, err := n.receiver(r)
		if err != nil {
			return fmt.Errorf("receiver %s: %w", r.Name, err)
		}
		routes = append(routes, route)
	}
	if err := n.openTransmitter(ctx); err != nil {
		return err
	}
	n.events.relay, err = relay.New(relay.Options{
		Store: n.store, Routes: routes, Source: n.tokens.Issuer(), Holder: uuid.NewString(), Log: n.log, Registerer: n.registry,
	})
	return err
}

// startDevBroker keeps its records beside the store.
func (n *node) startDevBroker(cfg config.Events) (brokers []string, err error) {
	topics := []string{cfg.Topic}
	if n.config.Compat.On {
		topics = append(topics, kafka.POSTopic)
	}
	n.events.dev, err = kafka.StartDev(cfg.Dev, filepath.Join(n.config.DataDir(), "dev-kafka"), topics...)
	if err != nil {
		return nil, err
	}
	n.log.Warn("a Kafka broker for development runs in this process: no users, no TLS, no replicas, no fsync",
		"brokers", n.events.dev.Addr(), "topic", cfg.Topic)
	return []string{n.events.dev.Addr()}, nil
}

// closeEvents comes after the relay's Run.
func (n *node) closeEvents() {
	if n.events.dev != nil {
		n.events.dev.Close()
	}
}

// kafkaRoutes begin with the oldest event there is: who keeps state by a topic wants all of it.
func (n *node) kafkaRoutes(cfg config.Events) ([]relay.Route, error) {
	o := kafka.Options{Topic: cfg.Topic, Installation: n.tokens.Issuer(), Connection: kafka.Connection{
		Brokers: cfg.Brokers, SASL: cfg.SASL, Username: cfg.Username, Password: cfg.Password,
		TLS: cfg.TLS, CAFile: cfg.CA, CertFile: cfg.Cert, KeyFile: cfg.Key,
	}}
	if cfg.Signing != "" {
		o.Format = kafka.Signed([]byte(cfg.Signing))
	}
	sink, err := kafka.New(o)
	if err != nil {
		return nil, err
	}
	routes := []relay.Route{{Name: "kafka", Sink: sink, FromStart: true}}
	if !n.config.Compat.On {
		return routes, nil
	}
	o.Topic, o.Format = kafka.POSTopic, kafka.POS(usernames{n.store})
	pos, err := kafka.New(o)
	return append(routes, relay.Route{Name: "pos", Sink: pos, FromStart: true}), err
}
