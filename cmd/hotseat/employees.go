package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/client"
)

func newEmployees(p program) *cobra.Command {
	return group("employees", "Add, import, lock and unlock employees", "  hotseat employees lock ada",
		newEmployeesAdd(p), newEmployeesImport(p), newEmployeesLock(p), newEmployeesUnlock(p))
}

// addCommand is what `hotseat employees add` was asked to do.
type addCommand struct {
	connect    *connection
	password   *passwordSource
	print      *printer
	record     client.Employee
	legacy     int64
	policy     client.Policy
	noPassword bool
}

func newEmployeesAdd(p program) *cobra.Command {
	a := &addCommand{}
	cmd := &cobra.Command{
		Use:   "add EMPLOYEE_ID",
		Short: "Make an employee",
		Example: `  # asks for the password
  hotseat employees add barbara --first-name Barbara --last-name Liskov
  hotseat employees add frances --password-file password.txt --max-sessions 2 --on-limit deny
  # logs in only through a backend with a service key
  hotseat employees add till-robot --no-password`,
		Args: takes("EMPLOYEE_ID"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.run(cmd, args[0]) },
	}
	a.connect, a.password, a.print = connecting(cmd, p), passwords(cmd, p), printing(cmd, p)
	flags := cmd.Flags()
	flags.StringVar(&a.record.Username, "username", "", "`name` to log in with at an older front end")
	flags.StringVar(&a.record.FirstName, "first-name", "", "first `name`")
	flags.StringVar(&a.record.LastName, "last-name", "", "last `name`")
	flags.StringVar(&a.record.Email, "email", "", "email `address`")
	flags.StringVar(&a.record.Role, "role", "", "`role`, passed on to front ends")
	flags.Int64Var(&a.legacy, "legacy-id", 0, "`number` of the employee in an older system")
	flags.IntVar(&a.policy.MaxSessions, "max-sessions", 1, "own seat policy: sessions at once, 1–64")
	flags.StringVar(&a.policy.OnLimit, "on-limit", "takeover", "own seat policy: takeover or deny")
	flags.BoolVar(&a.noPassword, "no-password", false, "no login by password")
	return cmd
}

func (a *addCommand) run(cmd *cobra.Command, employee string) (err error) {
	if a.record.ID, err = employeeID(employee); err != nil {
		return err
	}
	if a.noPassword && cmd.Flags().Changed("password-file") {
		return usagef("--no-password and --password-file exclude each other")
	}
	if cmd.Flags().Changed("legacy-id") {
		a.record.LegacyID = &a.legacy
	}
	if cmd.Flags().Changed("max-sessions") || cmd.Flags().Changed("on-limit") {
		if a.policy.MaxSessions < 1 || a.policy.MaxSessions > 64 {
			return usagef("--max-sessions: %d is not from 1 to 64", a.policy.MaxSessions)
		}
		a.record.Policy = &a.policy
	}
	c, err := a.connect.openAdmin()
	if err != nil {
		return err
	}
	if !a.noPassword {
		if a.record.Password, err = a.password.ask(cmd.Context(), employee, true); err != nil {
			return err
		}
	}
	made, err := c.AddEmployee(cmd.Context(), a.record)
	if err != nil {
		return err
	}
	return a.print.result(made.JSON, func(w io.Writer) { fmt.Fprintf(w, "added %s\n", made.ID) })
}

func newEmployeesLock(p program) *cobra.Command {
	return newLock(p, true, "lock EMPLOYEE_ID", "Refuse an employee's logins, and end the sessions",
		"  hotseat employees lock ada", "%s is locked and logged out\n")
}

func newEmployeesUnlock(p program) *cobra.Command {
	return newLock(p, false, "unlock EMPLOYEE_ID", "Let an employee log in again",
		"  hotseat employees unlock ada", "%s may log in\n")
}

func newLock(p program, locked bool, use, short, example, done string) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Example: example, Args: takes("EMPLOYEE_ID")}
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
		record, err := c.SetLocked(cmd.Context(), employee, locked)
		if err != nil {
			return err
		}
		return out.result(record.JSON, func(w io.Writer) { fmt.Fprintf(w, done, employee) })
	}
	return cmd
}
