package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/client"
	"github.com/hotseat-hub/hotseat/session"
)

func newSessions(p program) *cobra.Command {
	return group("sessions", "List and end the sessions of an employee", "  hotseat sessions list ada",
		newSessionsList(p), newSessionsEnd(p))
}

func newSessionsList(p program) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list EMPLOYEE_ID",
		Short:   "List an employee's active sessions",
		Example: "  hotseat sessions list ada\n  hotseat sessions list ada --json",
		Args:    takes("EMPLOYEE_ID"),
	}
	connect, out := connecting(cmd, p), printing(cmd, p)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		employee, err := employeeID(args[0])
		if err != nil {
			return err
		}
		c, err := connect.openAdmin()
		if err != nil {
			return err
		}
		list, err := c.Sessions(cmd.Context(), employee)
		if err != nil {
			return err
		}
		return out.result(list.JSON, func(w io.Writer) { printSessions(w, employee, list.Sessions) })
	}
	return cmd
}

func printSessions(w io.Writer, employee string, list []client.Session) {
	if len(list) == 0 {
		fmt.Fprintf(w, "%s has no active session\n", employee)
		return
	}
	fmt.Fprintln(w, "SESSION\tTERMINAL\tDEVICE\tEPOCH\tSINCE\tEXPIRES\tFROM")
	for _, s := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n",
			s.ID, s.Terminal, orDash(s.Device), s.Epoch, when(s.CreatedAt), when(s.ExpiresAt), orDash(s.IP))
	}
}

func newSessionsEnd(p program) *cobra.Command {
	var message string
	cmd := &cobra.Command{
		Use:   "end EMPLOYEE_ID [SESSION_ID]",
		Short: "End one session of an employee, or all of them",
		Example: `  hotseat sessions end ada
  hotseat sessions end ada 0199d2a4-6f1c-7d3e-8a52-3c1f0e9b7a10 --message "Till 1 is closed"`,
		Args: takes("EMPLOYEE_ID", "[SESSION_ID]"),
	}
	connect, out := connecting(cmd, p), printing(cmd, p)
	cmd.Flags().StringVar(&message, "message", "", "`text` that the terminals show")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		employee, err := employeeID(args[0])
		if err != nil {
			return err
		}
		c, err := connect.openAdmin()
		if err != nil {
			return err
		}
		var list *client.EndedList
		if len(args) == 2 {
			id, bad := session.ParseID(args[1])
			if bad != nil {
				return usagef("%q: %w", args[1], bad)
			}
			list, err = c.EndSession(cmd.Context(), employee, id.String(), message)
		} else {
			list, err = c.EndSessions(cmd.Context(), employee, message)
		}
		if err != nil {
			return err
		}
		return out.result(list.JSON, func(w io.Writer) {
			if len(list.Ended) == 0 {
				fmt.Fprintf(w, "%s had no active session\n", employee)
			}
			printEnded(w, list.Ended)
		})
	}
	return cmd
}
