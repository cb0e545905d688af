package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/hotseat-hub/hotseat/session"
)

// Cluster is all nodes, as this one sees them. A single node is a cluster of one.
type Cluster interface {
	// Nodes asks every node how it is. One that does not answer in time is listed as its lease says.
	Nodes(ctx context.Context) []NodeStatus
	// Drain has a node hand over its employees and send its sockets elsewhere, and does not wait for
	// that; session.ErrNotFound when no live node has that name.
	Drain(ctx context.Context, name string) error
}

// NodeStatus is one node.
type NodeStatus struct {
	Name     string       `json:"node"`
	Boot     session.Node `json:"boot"`
	Address  string       `json:"address"`
	URL      string       `json:"url"`
	Answered bool         `json:"answered"` // it says so itself; else only its lease does
	Ready    bool         `json:"ready"`
	Draining bool         `json:"draining"`
	// LeaseMS is how long its lease still holds, in milliseconds.
	LeaseMS   int64    `json:"lease_remaining_ms"`
	Employees int      `json:"employees"`
	Sockets   int      `json:"sockets"`
	TailLagMS int64    `json:"tail_lag_ms"`
	Versions  Versions `json:"versions"`
}

// Versions are what a node speaks.
type Versions struct {
	Program  string `json:"program"`
	Schema   int64  `json:"schema"`
	Envelope int64  `json:"envelope"`
}

// JSON encodes a status for another node.
func (s NodeStatus) JSON() []byte {
	b, _ := json.Marshal(s) // texts and numbers always marshal
	return b
}

// showCluster is GET /v1/admin/cluster.
func (x *exchange) showCluster() error {
	if x.o.Cluster == nil {
		return notFound("this server knows no nodes")
	}
	return x.reply(http.StatusOK, struct {
		Nodes []NodeStatus `json:"nodes"`
	}{x.o.Cluster.Nodes(x.r.Context())})
}

// drainNode is POST /v1/admin/nodes/{node}/drain.
func (x *exchange) drainNode() error {
	if x.o.Cluster == nil {
		return notFound("this server knows no nodes")
	}
	if err := x.o.Cluster.Drain(x.r.Context(), x.r.PathValue("node")); err != nil {
		return err
	}
	return x.noContent()
}
