package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/hotseat-hub/hotseat/bench/caller"
	"github.com/hotseat-hub/hotseat/bench/host"
	"github.com/hotseat-hub/hotseat/bench/program"
)

// node is the program at work, and what a scenario needs to know of it.
type node struct {
	*program.Node
	target  *caller.Target
	process host.Process
}

// serve starts a node on a store, with a name for its folder.
func (s *suite) serve(ctx context.Context, name, store string, env []string, args ...string) (*node, error) {
	started, err := program.Start(ctx, program.Options{Binary: s.binary, Folder: filepath.Join(s.folder, name), Store: store, Args: args, Env: env})
	if err != nil {
		return nil, err
	}
	n := &node{Node: started, process: started.Process()}
	if n.target, err = caller.NewTarget(ctx, "http://"+n.Listen); err != nil {
		n.Stop()
		return nil, err
	}
	return n, nil
}

// profiling writes a CPU profile of the next so many seconds, and answers when it is there.
func (n *node) profiling(ctx context.Context, file string, length time.Duration) <-chan error {
	done := make(chan error, 1)
	go func() {
		profile, err := n.Profile(ctx, length)
		if err == nil {
			err = os.WriteFile(file, profile, 0o644)
		}
		done <- err
	}()
	return done
}
