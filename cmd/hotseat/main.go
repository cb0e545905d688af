// Command hotseat is the whole of Hotseat: the server, and the commands that talk to one.
//
// Start with `hotseat serve --demo`, then `hotseat login ada` in two terminals. root.go has the tree
// of commands, one file each; serve.go joins the server's parts.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	os.Exit(run(untilSignalled(), os.Args[1:], program{in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ()}))
}

// untilSignalled is done at the first signal. Who can see that it was heard may send a second one, and that
// kills, whatever the first one's shutdown waits for.
func untilSignalled() context.Context {
	ctx, first := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		signal.Stop(signals)
		first()
		select {
		case second := <-signals: // it came between the first one and Stop
			if self, err := os.FindProcess(os.Getpid()); err == nil {
				_ = self.Signal(second)
			}
		default:
		}
	}()
	return ctx
}

// program is what a command sees of the process it runs in.
type program struct {
	in       io.Reader
	out, err io.Writer
	environ  []string
}
