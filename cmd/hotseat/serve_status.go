package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/api"
	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/session"
)

// status is how this node is.
func (n *node) status() api.NodeStatus {
	s := api.NodeStatus{
		Name: "local", URL: n.ownURL(), Answered: true, Ready: len(n.ready.reasons()) == 0, Draining: n.ready.draining.Load(),
		Sockets: n.hub.Count(), TailLagMS: n.view.Staleness(time.Now()).Milliseconds(),
		Versions: api.Versions{Program: programVersion(), Schema: n.schema},
	}
	if n.cluster == nil {
		s.Boot, s.Employees = n.self, n.system.Resident()
		return s
	}
	s.Name = n.config.Node()
	if run := n.cluster.Current(); run != nil {
		m, _ := run.Member(run.Boot)
		s.Boot, s.Address, s.Draining = run.Boot, m.Address, s.Draining || m.Draining
		s.LeaseMS, s.Versions.Envelope = run.Remaining().Milliseconds(), m.Envelope
	}
	if system := n.cluster.client.System(); system != nil {
		s.Employees = system.Resident()
	}
	return s
}

// nodes is all of them as api sees it.
type nodes struct{ node *node }

// askNodes is how long a node may take to say how it is.
const askNodes = time.Second

func (n nodes) Nodes(ctx context.Context) []api.NodeStatus {
	if n.node.cluster == nil {
		return []api.NodeStatus{n.node.status()}
	}
	run, system := n.node.cluster.Current(), n.node.cluster.client.System()
	if run == nil || system == nil {
		return []api.NodeStatus{n.node.status()}
	}
	answers := system.AskStatus(ctx, askNodes)
	all := []api.NodeStatus{}
	for _, m := range run.Members() {
		s := api.NodeStatus{
			Name: m.Name, Boot: m.Boot, Address: m.Address, URL: m.URL, Draining: m.Draining,
			Versions: api.Versions{Program: m.Program, Schema: m.Schema, Envelope: m.Envelope},
		}
		if m.Boot == run.Boot {
			s = n.node.status()
		} else if text := answers[m.Boot]; text != nil {
			_ = json.Unmarshal(text, &s) // what is missing stays as the lease says
		}
		all = append(all, s)
	}
	return all
}

func (n nodes) Drain(ctx context.Context, name string) error {
	here := "local"
	if n.node.cluster != nil {
		here = n.node.config.Node()
	}
	if name == here {
		go n.node.drain()
		return nil
	}
	if n.node.cluster == nil {
		return session.ErrNotFound
	}
	run, system := n.node.cluster.Current(), n.node.cluster.client.System()
	if run == nil || system == nil {
		return session.ErrUnavailable
	}
	for _, m := range run.Members() {
		if m.Name == name {
			return system.AskDrain(ctx, m.Boot, askNodes)
		}
	}
	return session.ErrNotFound
}

// terminals are the sockets of all nodes.
func (n *node) terminals() api.Sockets {
	if n.cluster == nil {
		return n.hub
	}
	return everywhere{n.hub, n.cluster.client}
}

// everywhere reaches the sockets of all nodes.
type everywhere struct {
	hub    *hub.Hub
	client *actors.Client
}

func (e everywhere) TestTermination(terminal session.TerminalID, force bool) int {
	count := e.hub.TestTermination(terminal, force)
	if system := e.client.System(); system != nil {
		count += system.AskTest(context.Background(), terminal, force, askNodes)
	}
	return count
}
