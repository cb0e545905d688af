package consume

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// frame is the line above and below an event.
var frame = strings.Repeat("=", 50)

// Printer shows events.
type Printer struct {
	W     io.Writer
	JSON  bool                // one line of JSON each
	Plain func(string) string // takes out what would steer a terminal
}

// Handle implements Handler.
func (p *Printer) Handle(_ context.Context, e *Event) error {
	if p.JSON {
		line, err := json.Marshal(shown{
			ID: e.ID, Source: e.Source, Type: e.Type, Employee: e.Employee, Username: e.Username, Terminal: e.Terminal,
			Reason: e.Reason, At: e.At.UTC().Format(time.RFC3339Nano), Data: e.Data,
		})
		if err != nil {
			return fmt.Errorf("print event %s: %w", e.ID, err)
		}
		_, err = fmt.Fprintf(p.W, "%s\n", line)
		return err
	}
	text := fmt.Sprintf("%s\nEvent: %s\nEmployee ID: %s | Terminal ID: %s\n", frame, p.Plain(e.Type), p.Plain(e.Employee), p.Plain(orDash(e.Terminal)))
	if e.Reason != "" {
		text += fmt.Sprintf("Reason: %s\n", p.Plain(e.Reason))
	}
	text += fmt.Sprintf("Time: %s | ID: %s\n%s\n", e.At.Local().Format(time.DateTime), p.Plain(e.ID), frame)
	_, err := io.WriteString(p.W, text)
	return err
}

// shown is an event in JSON, whatever form it came in.
type shown struct {
	ID       string          `json:"id"`
	Source   string          `json:"source"`
	Type     string          `json:"type"`
	Employee string          `json:"employee_id"`
	Username string          `json:"employee_username,omitempty"`
	Terminal string          `json:"terminal_id,omitempty"`
	Reason   string          `json:"reason,omitempty"`
	At       string          `json:"at"`
	Data     json.RawMessage `json:"data"`
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
