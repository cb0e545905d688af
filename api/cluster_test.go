package api

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

// twoNodes is a cluster of which one node is silent.
type twoNodes struct{ drained []string }

func (c *twoNodes) Nodes(context.Context) []NodeStatus {
	versions := Versions{Program: "v1", Schema: 2, Envelope: 1}
	return []NodeStatus{
		{
			Name: "a", Boot: "a@1", Address: "127.0.0.1:1", URL: "http://127.0.0.1:2", Answered: true, Ready: true,
			LeaseMS: 2900, Employees: 3, Sockets: 4, TailLagMS: 120, Versions: versions,
		},
		{Name: "b", Boot: "b@1", Versions: versions},
	}
}

func (c *twoNodes) Drain(_ context.Context, name string) error {
	if name != "a" {
		return session.ErrNotFound
	}
	c.drained = append(c.drained, name)
	return nil
}

func TestOperatorsSeeTheNodesAndDrainOne(t *testing.T) {
	nodes := &twoNodes{}
	b := start(t, func(o *Options) { o.Cluster = nodes })
	var list struct{ Nodes []NodeStatus }
	require.NoError(t, json.Unmarshal(b.get("/v1/admin/cluster", adminKey).text, &list))
	require.Equal(t, nodes.Nodes(t.Context()), list.Nodes)
	b.post("/v1/admin/nodes/b/drain", adminKey, "").problem(404, "not_found")
	require.Equal(t, 204, b.post("/v1/admin/nodes/a/drain", adminKey, "").StatusCode)
	require.Equal(t, []string{"a"}, nodes.drained)
	b.get("/v1/admin/cluster", serviceKey).problem(403, "insufficient_scope")
	b.post("/v1/admin/nodes/a/drain", serviceKey, "").problem(403, "insufficient_scope")
}
