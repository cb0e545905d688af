package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/client"
)

// printer writes a command's result: as JSON just as the server gave it, or as text for people.
type printer struct {
	out  io.Writer
	json bool
}

// printing adds --json to a command that prints data.
func printing(cmd *cobra.Command, p program) *printer {
	out := &printer{out: p.out}
	cmd.Flags().BoolVar(&out.json, "json", false, "print JSON")
	return out
}

// result prints raw with --json, else what text writes; columns are separated by tabs.
func (p *printer) result(raw json.RawMessage, text func(w io.Writer)) error {
	if p.json {
		var b bytes.Buffer
		if err := json.Indent(&b, raw, "", "  "); err != nil {
			return fmt.Errorf("print reply: %w", err)
		}
		_, err := fmt.Fprintln(p.out, strings.TrimSpace(b.String()))
		return err
	}
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	text(w)
	return w.Flush()
}

// line prints raw on one line with --json, for streams, else text.
func (p *printer) line(raw json.RawMessage, text string) {
	if p.json {
		var b bytes.Buffer
		if err := json.Compact(&b, raw); err == nil {
			text = b.String()
		}
	}
	fmt.Fprintln(p.out, plain(text))
}

// plain keeps text that came from elsewhere from steering the terminal it is printed on.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, s)
}

// when shows a time of the server on the reader's clock.
func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format(time.DateTime)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return plain(s)
}

// told says how far the notice of an ended session had got.
func told(e client.Ended) string {
	switch e.Delivery {
	case "acked":
		return fmt.Sprintf("told and acknowledged in %.1f ms", e.DeliveryMS)
	case "sent":
		return fmt.Sprintf("told in %.1f ms", e.DeliveryMS)
	}
	return "offline; it is told when it comes back"
}

func printEnded(w io.Writer, list []client.Ended) {
	for _, e := range list {
		fmt.Fprintf(w, "ended\t%s\t%s\t%s\t%s\n", e.ID, e.Terminal, orDash(e.Device), told(e))
	}
}

// isTerminal reports whether a person types there.
func isTerminal(r any) (fd int, yes bool) {
	f, ok := r.(interface{ Fd() uintptr })
	if !ok {
		return 0, false
	}
	fd = int(f.Fd())
	return fd, term.IsTerminal(fd)
}
