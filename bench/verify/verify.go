package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/session"
)

// Options of a check; the zero value checks S1 to S5.
type Options struct {
	// Latency also checks L1 in the time outside of faults: with load and server on one busy machine
	// it measures the machine.
	Latency bool
	// Behind checks L1 by what a busy machine changes little: nine of ten notices come at most so much
	// later than the answer of their own login, which waits for the same commit, disk and processors, and
	// as many more as come so much earlier. Zero: not asked.
	Behind time.Duration
	// Folder is where the temporary files go, as large as the history; empty: the system's. They are
	// removed at the end.
	Folder string
	// Unaware is how long a socket may stay open, faults excepted, after its session has ended; 1 s.
	// Far below that, the client's own delay is measured.
	Unaware time.Duration
	// Patience bounds the linearizability check of one stretch of one employee; 30 s. What takes
	// longer is reported as undecided.
	Patience time.Duration
	// Progress is called now and then with the share that is done; nil: not.
	Progress func(done float64)
}

func (o Options) filled() Options {
	if o.Unaware <= 0 {
		o.Unaware = time.Second
	}
	if o.Patience <= 0 {
		o.Patience = 30 * time.Second
	}
	if o.Progress == nil {
		o.Progress = func(float64) {}
	}
	return o
}

// File checks the history at path, or on standard input when path is "-".
func File(ctx context.Context, path string, o Options) (*Report, error) {
	if path == "-" {
		return check(ctx, os.Stdin, 0, path, o.filled())
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	return check(ctx, f, info.Size(), path, o.filled())
}

// check reads the history once, front to end, and then one part after the other.
func check(ctx context.Context, in io.Reader, size int64, name string, o Options) (_ *Report, err error) {
	r, err := history.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	parts, err := newParts(o.Folder, size)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, parts.remove()) }()
	c := &checker{o: o, header: r.Header, report: newReport(name, r.Header)}
	if err := c.distribute(ctx, r, parts); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for i := range parts.files {
		employees, err := parts.read(i)
		if err != nil {
			return nil, err
		}
		for _, ops := range employees {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			c.employee(ops)
		}
		o.Progress(float64(i+1) / float64(len(parts.files)))
	}
	c.finish()
	c.report.leftOpen()
	return c.report, nil
}

// operation is one of the history with its line.
type operation struct {
	history.Operation
	Line int64
}

// checker asks the rules about one employee after the other. One goroutine uses it.
type checker struct {
	o      Options
	header history.Header
	faults faults
	last   history.Instant // of the whole history
	report *Report
	told   told
}

// distribute puts each operation into the part of its employee. Marks are of everybody.
func (c *checker) distribute(ctx context.Context, r *history.Reader, parts *parts) error {
	for {
		o, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			c.report.Torn = r.Torn()
			c.faults.close(c.last)
			c.report.Lasted = time.Duration(c.last)
			return parts.written()
		case err != nil:
			return err
		}
		c.last = max(c.last, o.End)
		c.report.Operations++
		if o.Kind == history.Mark {
			c.faults.mark(&o)
			c.report.mark(&o)
			continue
		}
		if err := parts.add(&operation{Operation: o, Line: r.Line()}); err != nil {
			return err
		}
		if c.report.Operations%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// employee asks every rule about one employee's operations.
func (c *checker) employee(ops []operation) {
	slices.SortFunc(ops, func(a, b operation) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Line, b.Line))
	})
	c.report.Employees++
	b := newBook(ops, c.header.Seats())
	c.report.Sessions += int64(len(b.seats))
	c.checkSeats(b)
	c.checkTokens(b)
	c.checkLogins(b)
	c.checkEpochs(b)
	c.checkSockets(b)
	c.checkEvents(b)
	c.checkRegister(b)
	c.measure(b)
}

// violated notes a violation by the operations that show it, in the order of their times.
func (c *checker) violated(p Promise, employee session.Key, says string, shown ...*operation) {
	c.report.violated(p, employee, says, shown)
}
