package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// passwordSource is where a command gets a password from: never its arguments, which every user of
// the machine can read.
type passwordSource struct {
	program
	file string
}

func passwords(cmd *cobra.Command, p program) *passwordSource {
	s := &passwordSource{program: p}
	cmd.Flags().StringVar(&s.file, "password-file", "", "`file` with the password, - for standard input; without it you are asked")
	return s
}

// ask reads the password; confirm asks a person twice.
func (s *passwordSource) ask(ctx context.Context, employee string, confirm bool) (string, error) {
	if s.file != "" {
		password, err := s.readSecret(s.file)
		if err == nil && password == "" {
			err = fmt.Errorf("--password-file %s is empty", s.file)
		}
		return password, err
	}
	password, err := s.prompt(ctx, "Password of "+employee+": ")
	if err != nil || !confirm {
		return password, err
	}
	again, err := s.prompt(ctx, "The same again: ")
	if err == nil && again != password {
		err = errors.New("the two passwords differ; nothing was done")
	}
	return password, err
}

func (s *passwordSource) prompt(ctx context.Context, question string) (string, error) {
	fd, yes := isTerminal(s.in)
	if !yes {
		return "", usagef("there is no terminal to ask for the password; use --password-file FILE, or - for standard input")
	}
	fmt.Fprint(s.err, question)
	b, err := readPassword(ctx, fd)
	fmt.Fprintln(s.err)
	if err != nil {
		return "", fmt.Errorf("read password: %w", err)
	}
	if len(b) == 0 {
		return "", errors.New("the password is empty; nothing was done")
	}
	return string(b), nil
}

// readPassword reads a line without echo, until ctx is done: then it leaves the terminal as it was, and
// its read to the end of the process, which nothing can take back.
func readPassword(ctx context.Context, fd int) ([]byte, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	type line struct {
		text []byte
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		read <- line{text, err}
	}()
	select {
	case l := <-read:
		return l.text, l.err
	case <-ctx.Done():
		return nil, errors.Join(errors.New("interrupted; nothing was done"), term.Restore(fd, before))
	}
}

// readAll bounds what is read of standard input.
func readAll(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, 64<<10)) }
