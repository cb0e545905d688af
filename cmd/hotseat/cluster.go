package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/client"
)

func newCluster(p program) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Show the nodes of the cluster",
		Long: `Show every node that is not marked dead, as the node that is asked sees it. A node that does not answer
within a second is shown as its lease says; a single node is a cluster of one.`,
		Example: "  hotseat cluster\n  hotseat cluster --json",
		Args:    takes(),
	}
	connect, out := connecting(cmd, p), printing(cmd, p)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := connect.openAdmin()
		if err != nil {
			return err
		}
		list, err := c.Nodes(cmd.Context())
		if err != nil {
			return err
		}
		return out.result(list.JSON, func(w io.Writer) { printNodes(w, list.Nodes) })
	}
	return cmd
}

func printNodes(w io.Writer, list []client.Node) {
	fmt.Fprintln(w, "NODE\tSTATE\tURL\tLEASE\tEMPLOYEES\tSOCKETS\tTAIL LAG\tVERSION\tSCHEMA\tENVELOPE")
	for _, n := range list {
		if !n.Answered {
			fmt.Fprintf(w, "%s\tsilent\t%s\t-\t-\t-\t-\t%s\t%d\t%d\n",
				orDash(n.Name), orDash(n.URL), orDash(n.Versions.Program), n.Versions.Schema, n.Versions.Envelope)
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.1f s\t%d\t%d\t%d ms\t%s\t%d\t%d\n",
			orDash(n.Name), nodeState(n), orDash(n.URL), float64(n.LeaseMS)/1000, n.Employees, n.Sockets, n.TailLagMS,
			orDash(n.Versions.Program), n.Versions.Schema, n.Versions.Envelope)
	}
}

func nodeState(n client.Node) string {
	switch {
	case n.Draining:
		return "draining"
	case n.Ready:
		return "ready"
	}
	return "not ready"
}
