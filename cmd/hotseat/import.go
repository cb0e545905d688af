package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
)

func newEmployeesImport(p program) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Make and change employees, one JSON object on each line",
		Long: `Make and change employees, one JSON object on each line of FILE ("-" is standard input), such as

  {"employee_id":"ada","first_name":"Ada","password_hash":"pbkdf2_sha256$600000$…"}

with the fields that the API's employees have. A password_hash is a PHC string of argon2id, bcrypt's, or
Django's pbkdf2_sha256; it is hashed anew at the next login. Employees who are there keep their sessions and
the fields that their line does not name. Only "locked": true ends their sessions, and a policy with fewer
max_sessions the oldest beyond them. A line that is refused does not stop the others, so the same file may be
sent again.`,
		Example: `  hotseat employees import employees.ndjson
  # from a database, by way of anything that writes lines
  hotseat employees import - < employees.ndjson`,
		Args: takes("FILE"),
	}
	connect, out := connecting(cmd, p), printing(cmd, p)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := connect.openAdmin()
		if err != nil {
			return err
		}
		lines, size, err := p.openLines(args[0])
		if err != nil {
			return err
		}
		defer lines.Close()
		sent := &counted{r: lines}
		stop := p.progress(sent, size)
		done, err := c.ImportEmployees(cmd.Context(), sent)
		stop()
		if err != nil {
			return err
		}
		err = out.result(done.JSON, func(w io.Writer) {
			fmt.Fprintf(w, "%d lines: %d made, %d changed, %d refused\n", done.Lines, done.Created, done.Updated, done.Failed)
			for _, e := range done.Errors {
				fmt.Fprintf(w, "line %d\t%s\t%s (%s)\n", e.Line, orDash(e.Employee), plain(e.Detail), plain(e.Code))
			}
		})
		if err == nil && done.Failed > 0 {
			err = fmt.Errorf("%d of %d lines were refused; mend them and send the file again", done.Failed, done.Lines)
		}
		return err
	}
	return cmd
}

// openLines opens a file, and says how long it is where that is known.
func (p program) openLines(path string) (io.ReadCloser, int64, error) {
	if path == "-" {
		return io.NopCloser(p.in), 0, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// counted counts what is read; any goroutine may ask.
type counted struct {
	r     io.Reader
	bytes atomic.Int64
	lines atomic.Int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	for _, one := range b[:n] {
		if one == '\n' {
			c.lines.Add(1)
		}
	}
	c.bytes.Add(int64(n))
	return n, err
}

// progress shows a person how far it is, until stop is called. What has been sent is at most a few
// hundred lines ahead of what is done.
func (p program) progress(sent *counted, size int64) (stop func()) {
	if _, terminal := isTerminal(p.err); !terminal {
		return func() {}
	}
	began, end, gone := time.Now(), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-end:
				fmt.Fprint(p.err, "\r\033[K")
				return
			case <-tick.C:
				fmt.Fprintf(p.err, "\r\033[K%s", progressLine(sent.lines.Load(), sent.bytes.Load(), size, time.Since(began)))
			}
		}
	}()
	return func() { close(end); <-gone }
}

func progressLine(lines, bytes, size int64, after time.Duration) string {
	text := fmt.Sprintf("%d lines, %.0f/s", lines, float64(lines)/after.Seconds())
	if size > 0 && bytes > 0 {
		left := time.Duration(float64(after) * float64(size-bytes) / float64(bytes))
		text += fmt.Sprintf(", %d %%, %s left", 100*bytes/size, left.Round(time.Second))
	}
	return text
}
