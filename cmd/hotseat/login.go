package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/client"
)

// loginCommand is what `hotseat login` was asked to do.
type loginCommand struct {
	program
	connect  *connection
	password *passwordSource
	print    *printer
	request  client.LoginRequest
	save     string
	watch    bool
}

func newLogin(p program) *cobra.Command {
	l := &loginCommand{program: p}
	cmd := &cobra.Command{
		Use:   "login EMPLOYEE_ID",
		Short: "Log an employee in by password, and print the session",
		Long: `Log an employee in by password, and print the session. Whoever sat there before is told and logged out.

The session stays when the command ends; log in elsewhere, or use ` + "`hotseat sessions end`" + `, to end it.`,
		Example: `  # asks for the password
  hotseat login ada
  # stays, and prints what the terminal is told
  hotseat login ada --terminal-id till-1 --password-file password.txt --watch
  # keeps the access token for hotseat watch
  hotseat login ada --password-file password.txt --save-token ada.token`,
		Args: takes("EMPLOYEE_ID"),
		RunE: func(cmd *cobra.Command, args []string) error { return l.run(cmd.Context(), args[0]) },
	}
	l.connect, l.password, l.print = connecting(cmd, p), passwords(cmd, p), printing(cmd, p)
	flags := cmd.Flags()
	flags.StringVar(&l.request.Terminal, "terminal-id", "", "`id` of the place to sit at (default one that the server makes)")
	flags.StringVar(&l.request.Device, "device-name", "command line", "`name` that the ended terminal is shown")
	flags.StringVar(&l.request.IfActive, "if-active", "", "takeover or deny: `what` to do when a session is active, if stricter than the policy")
	flags.StringVar(&l.save, "save-token", "", "`file` (0600) to keep the access token in")
	flags.BoolVar(&l.watch, "watch", false, "stay and print notices, until the session ends or you interrupt")
	return cmd
}

func (l *loginCommand) run(ctx context.Context, employee string) (err error) {
	if l.request.Employee, err = employeeID(employee); err != nil {
		return err
	}
	if l.request.Terminal != "" {
		if l.request.Terminal, err = terminalID(l.request.Terminal); err != nil {
			return err
		}
	}
	c, err := l.connect.open()
	if err != nil {
		return err
	}
	if l.request.Password, err = l.password.ask(ctx, employee, false); err != nil {
		return err
	}
	login, err := c.Login(ctx, l.request)
	if err != nil {
		return err
	}
	if err := l.saveToken(login); err != nil {
		return err
	}
	if l.watch && l.print.json {
		l.print.line(login.JSON, "")
	} else if err := l.print.result(login.JSON, func(w io.Writer) { printLogin(w, login) }); err != nil {
		return err
	}
	if !l.watch {
		return nil
	}
	return watch(ctx, l.program, l.print, c, l.tokens(c, login))
}

func (l *loginCommand) saveToken(login *client.Login) error {
	if l.save == "" {
		return nil
	}
	if err := writePrivate(l.save, login.AccessToken+"\n"); err != nil {
		return fmt.Errorf("--save-token: %w", err)
	}
	return nil
}

// tokens renews the access token whenever the server finds it too old.
func (l *loginCommand) tokens(c *client.Client, login *client.Login) func(context.Context, bool) (string, error) {
	return func(ctx context.Context, expired bool) (string, error) {
		if expired {
			fresh, err := c.Refresh(ctx, login.RefreshToken)
			if err != nil {
				return "", err
			}
			login = fresh
			if err := l.saveToken(login); err != nil {
				return "", err
			}
		}
		return login.AccessToken, nil
	}
}

func printLogin(w io.Writer, l *client.Login) {
	name := plain(l.Employee.FirstName + " " + l.Employee.LastName)
	fmt.Fprintf(w, "employee\t%s\t%s\n", l.Session.Employee, name)
	fmt.Fprintf(w, "session\t%s\tepoch %d\n", l.Session.ID, l.Session.Epoch)
	fmt.Fprintf(w, "terminal\t%s\t%s\n", l.Session.Terminal, orDash(l.Session.Device))
	fmt.Fprintf(w, "expires\t%s\n", when(l.Session.ExpiresAt))
	printEnded(w, l.Terminated)
}

// writePrivate writes a file for its owner only, whatever was there before.
func writePrivate(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = f.Chmod(0o600) // it may have been there with another mode
	if err == nil {
		_, err = f.WriteString(text)
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}

// rawJSON is for what this program itself says.
func rawJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only maps and structs of texts and numbers come here
	}
	return b
}
