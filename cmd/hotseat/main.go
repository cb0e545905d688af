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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal kills, whatever the first one's shutdown waits for
	os.Exit(run(ctx, os.Args[1:], program{in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ()}))
}

// program is what a command sees of the process it runs in.
type program struct {
	in       io.Reader
	out, err io.Writer
	environ  []string
}
