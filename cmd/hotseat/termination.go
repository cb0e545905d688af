package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func newTestTermination(p program) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "test-termination TERMINAL_ID",
		Short: "Show a terminal the notice without ending anything",
		Long: `Send the sockets of a terminal a session_terminated marked as a test. They show it and stay logged in. The
terminal must be connected; clients that do not know tests are spared unless --force is given.`,
		Example: "  hotseat test-termination till-1",
		Args:    takes("TERMINAL_ID"),
	}
	connect, out := connecting(cmd, p), printing(cmd, p)
	cmd.Flags().BoolVar(&force, "force", false, "also clients that would log out on it")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		terminal, err := terminalID(args[0])
		if err != nil {
			return err
		}
		c, err := connect.openAdmin()
		if err != nil {
			return err
		}
		reply, err := c.TestTermination(cmd.Context(), terminal, force)
		if err != nil {
			return err
		}
		return out.result(reply.JSON, func(w io.Writer) {
			fmt.Fprintf(w, "sent to %d socket(s) of %s; nothing was ended\n", reply.Sockets, terminal)
		})
	}
	return cmd
}
