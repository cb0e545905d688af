package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// silence is how long the feed may say nothing; the hub speaks every second.
	silence = 5 * time.Second
	// A hub that cannot be followed is tried again after between nothing and comeBack, and less often
	// when that goes on, up to comeBackMost.
	comeBack     = 200 * time.Millisecond
	comeBackMost = 5 * time.Second
)

// errRestart: the place in the feed is too old; it begins anew.
var errRestart = errors.New("the place in the feed has expired")

// Run follows the hub until the context ends, whatever happens to the hub, and returns the context's
// error.
func (v *Verifier) Run(ctx context.Context) error {
	cursor, wait := "", comeBack
	for {
		began := time.Now()
		last, err := v.follow(ctx, cursor)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		cursor = last
		if errors.Is(err, errRestart) && last != "" {
			cursor = ""
			continue
		}
		v.o.Log.Warn("the hub is not heard; nobody passes once that has lasted too long", "most", v.o.MaxStaleness, "error", err)
		if time.Since(began) > comeBackMost {
			wait = comeBack
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(wait)):
		}
		wait = min(2*wait, comeBackMost)
	}
}

// follow fetches the keys and reads the feed from cursor until one of them fails. It answers with the
// place to go on from.
func (v *Verifier) follow(ctx context.Context, cursor string) (last string, err error) {
	last = cursor
	if err := v.fetchKeys(ctx); err != nil {
		return last, err
	}
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return v.keepKeys(ctx) })
	all.Go(func() error {
		err := v.readFeed(ctx, &last)
		if err == nil {
			err = errors.New("the hub ended the feed")
		}
		return err
	})
	err = all.Wait()
	return last, err
}

// readFeed reads GET /v1/revocations as server-sent events. It returns nil when the hub ends them.
func (v *Verifier) readFeed(ctx context.Context, cursor *string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	quiet := time.AfterFunc(silence, cancel)
	defer quiet.Stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base.JoinPath("/v1/revocations").String(), nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+v.o.Key)
	request.Header.Set("Accept", "text/event-stream")
	if *cursor != "" {
		request.Header.Set("Last-Event-ID", *cursor)
	}
	response, err := v.o.Client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusGone:
		return errRestart
	default:
		_, _ = io.CopyN(io.Discard, response.Body, 1<<10)
		return fmt.Errorf("the hub answered %s for ended sessions", response.Status)
	}
	events := newEvents(response.Body)
	for {
		e, err := events.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			quiet.Reset(silence)
			err = v.hear(e, cursor)
		}
		if err != nil {
			return fmt.Errorf("read ended sessions: %w", err)
		}
	}
}
