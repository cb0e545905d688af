package limits

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/hotseat-hub/hotseat/bench/caller"
	"github.com/hotseat-hub/hotseat/bench/load"
)

// ServeNothing answers every request at once with an empty reply.
func ServeNothing(ctx context.Context, in io.Reader, out io.Writer) error {
	return Serve(ctx, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), in, out)
}

// Serve is the main part of a process that Begin starts. It writes its URL to out, and ends when in
// does, so that it never outlives whoever started it.
func Serve(ctx context.Context, handler http.Handler, in io.Reader, out io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	ctx, stop := context.WithCancel(ctx)
	go func() { _, _ = io.Copy(io.Discard, in); stop() }()
	context.AfterFunc(ctx, func() { server.Close() })
	fmt.Fprintf(out, "http://%s\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Begin starts a command that runs Serve, and answers its server. Whoever began it ends it.
func Begin(ctx context.Context, command *exec.Cmd) (server *caller.Target, end func(), err error) {
	in, err := command.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := command.Start(); err != nil {
		return nil, nil, err
	}
	end = func() { in.Close(); _ = command.Wait() }
	url, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		server, err = caller.NewTarget(ctx, strings.TrimSpace(url))
	}
	if err != nil {
		end()
		return nil, nil, err
	}
	return server, end, nil
}

// Handler is how many requests a second an empty net/http handler answers in a process of its own,
// asked as a token's check is, so many at once. The command runs ServeNothing.
func Handler(ctx context.Context, command *exec.Cmd, inFlight int, length time.Duration) (a Ability, err error) {
	target, end, err := Begin(ctx, command)
	if err != nil {
		return a, fmt.Errorf("start an empty handler: %w", err)
	}
	defer end()
	return ask(ctx, target, inFlight, length)
}

func ask(ctx context.Context, target *caller.Target, inFlight int, length time.Duration) (Ability, error) {
	callers := make([]*caller.Caller, inFlight)
	for i := range callers {
		callers[i] = caller.New(target)
		defer callers[i].Close()
	}
	timed, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	var mu sync.Mutex
	a := Ability{Name: "requests to an empty HTTP handler", Latency: load.NewHistogram()}
	token := strings.Repeat("t", 600) // about as long as an access token
	began := time.Now()
	_, err := load.Pace{Workers: inFlight}.Run(timed, func(ctx context.Context, s load.Start) error {
		_, err := callers[s.Worker].Do(ctx, http.MethodGet, "/v1/authz?level=local", token, nil)
		if err != nil && ctx.Err() != nil {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		a.Latency.Record(time.Since(s.At))
		return err
	})
	a.Rate = float64(a.Latency.Count()) / time.Since(began).Seconds()
	if err == nil {
		err = context.Cause(ctx)
	}
	return a, err
}
