package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// progress shows how a run goes: bars on a terminal, else now and then a line.
type progress interface {
	Phase(name string, steps int)
	Step(done int, say string)
	close()
}

func newProgress(w io.Writer) progress {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return &bars{container: mpb.New(mpb.WithOutput(w), mpb.WithWidth(40), mpb.WithRefreshRate(150*time.Millisecond))}
	}
	return &lines{out: w}
}

// bars has one bar for each phase; those that are over stay.
type bars struct {
	container *mpb.Progress
	bar       *mpb.Bar
	saying    chan string // the latest only
}

func (b *bars) Phase(name string, steps int) {
	b.over()
	b.saying = make(chan string, 1)
	said, saying := "", b.saying
	text := decor.Any(func(decor.Statistics) string {
		select {
		case said = <-saying:
		default:
		}
		return said
	})
	named := mpb.PrependDecorators(decor.Name(name, decor.WC{W: 18, C: decor.DindentRight}))
	if steps == 0 {
		b.bar = b.container.AddSpinner(1, named, mpb.AppendDecorators(text))
		return
	}
	b.bar = b.container.AddBar(int64(steps), named, mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.Name("  "), text))
}

func (b *bars) Step(done int, say string) {
	if b.bar == nil {
		return
	}
	select {
	case <-b.saying:
	default:
	}
	b.saying <- say // its room is for one, and only this goroutine sends
	b.bar.SetCurrent(int64(done))
}

// over ends the bar of a phase, whatever it has come to.
func (b *bars) over() {
	if b.bar != nil {
		b.bar.SetTotal(-1, true)
		b.bar = nil
	}
}

func (b *bars) close() {
	b.over()
	b.container.Wait()
}

// lines writes a line for each phase, and every few seconds where it is.
type lines struct {
	out   io.Writer
	name  string
	steps int
	last  time.Time
}

const lineEvery = 5 * time.Second

func (l *lines) Phase(name string, steps int) {
	l.name, l.steps, l.last = name, steps, time.Time{}
	fmt.Fprintln(l.out, name)
}

func (l *lines) Step(done int, say string) {
	if time.Since(l.last) < lineEvery {
		return
	}
	l.last = time.Now()
	share := ""
	if l.steps > 0 {
		share = fmt.Sprintf(" %d %%", min(100, 100*done/l.steps))
	}
	fmt.Fprintf(l.out, "%s%s  %s\n", l.name, share, say)
}

func (l *lines) close() {}
