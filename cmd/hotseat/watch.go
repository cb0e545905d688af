package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/client"
)

func newWatch(p program) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Hold the socket of a session open, and print what its terminal is told",
		Long: `Hold the socket of a session open, and print what its terminal is told. It comes back after lost connections,
and ends once the session has ended (exit code 0) or the token is refused (5).`,
		Example: `  hotseat login ada --password-file password.txt --save-token ada.token
  hotseat watch --token-file ada.token
  hotseat watch --token-file - < ada.token`,
		Args: takes(),
	}
	connect, out := connecting(cmd, p), printing(cmd, p)
	cmd.Flags().StringVar(&file, "token-file", "", "`file` with the access token, - for standard input")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if file == "" {
			return usagef("watch needs --token-file FILE, or - for standard input")
		}
		c, err := connect.open()
		if err != nil {
			return err
		}
		return watch(cmd.Context(), p, out, c, tokenFile(p, file))
	}
	return cmd
}

// tokenFile reads the token once, and again when it has expired: somebody may have put a fresh one
// there.
func tokenFile(p program, path string) func(context.Context, bool) (string, error) {
	var token string
	return func(_ context.Context, expired bool) (string, error) {
		if token != "" && !expired {
			return token, nil
		}
		fresh, err := p.readSecret(path)
		switch {
		case err != nil:
			return "", err
		case fresh == "" || fresh == token:
			return "", &client.Refused{Code: 4003, Message: "the access token has expired, log in again"}
		}
		token = fresh
		return token, nil
	}
}

// watch prints notices until the session ends. Being interrupted is how a person leaves: no error.
func watch(ctx context.Context, p program, out *printer, c *client.Client, token func(context.Context, bool) (string, error)) error {
	w := &client.Watch{
		Client:  c,
		Token:   token,
		Message: func(m client.Message) { out.line(m.JSON, clock(time.Now())+"  "+describe(m)) },
		Waiting: func(why string, pause time.Duration) {
			fmt.Fprintf(p.err, "%s  %s; back in %s\n", clock(time.Now()), plain(why), pause.Round(10*time.Millisecond))
		},
	}
	err := w.Run(ctx)
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return nil
	}
	return err
}

func clock(t time.Time) string { return t.Local().Format(time.TimeOnly) }

// describe says in one line what a message means.
func describe(m client.Message) string {
	switch m.Type {
	case "session_established":
		return fmt.Sprintf("connected: %s sits at %s, session %s, epoch %d", m.Employee, m.Terminal, m.Session, m.Epoch)
	case "session_terminated":
		text := fmt.Sprintf("session terminated: %s (%s%s, at %s)", m.Text, m.Reason, by(m.By), clock(m.At))
		if m.Test {
			return "only a test: " + text
		}
		return text
	case "server_draining":
		return fmt.Sprintf("the server is draining; back in %d ms", m.Reconnect)
	case "error":
		return fmt.Sprintf("error: %s (%s)", m.Text, m.Code)
	case "closed":
		return "session ended: " + m.Text
	}
	return m.Type + ": " + string(m.JSON)
}

func by(b *client.By) string {
	switch {
	case b == nil:
		return ""
	case b.Name != "":
		return " by " + b.Name
	case b.Device != "":
		return " by " + b.Terminal + ", " + b.Device
	case b.Terminal != "":
		return " by " + b.Terminal
	}
	return ""
}
