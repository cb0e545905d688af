package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/hotseat-hub/hotseat/bench/crowd"
	"github.com/hotseat-hub/hotseat/bench/host"
	"github.com/hotseat-hub/hotseat/bench/program"
	"github.com/hotseat-hub/hotseat/bench/scenario"
)

// The slope of memory is taken between these numbers of connected employees: what the program needs
// without any is not in it.
const few, many = 2_000, 15_000

// connected logs employees in and opens the socket of each.
func (o *options) connected(ctx context.Context, binary, folder string) error {
	s, err := program.Start(ctx, program.Options{
		Binary: binary, Folder: folder, Store: "embedded:" + filepath.Join(folder, "connected"), Env: []string{"GOMEMLIMIT=16MiB"},
	})
	if err != nil {
		return err
	}
	defer s.Kill()
	address, err := netip.ParseAddrPort(s.Listen)
	if err != nil {
		return err
	}
	var heap []byte // the last profile
	tabs := &tabs{opened: make(chan error, many)}
	c, err := crowd.New(crowd.Options{Events: tabs, Sockets: many})
	if err != nil {
		return err
	}
	defer c.Close()
	come := func(from, until int) (int64, error) {
		if err := logIn(s, from, until, func(n int, terminal, token string) {
			c.Open(uint64(n), crowd.Seat{Address: address, Host: s.Listen, Terminal: terminal, Token: token})
		}); err != nil {
			return 0, err
		}
		for range until - from {
			if err := <-tabs.opened; err != nil {
				return 0, err
			}
		}
		time.Sleep(scenario.Asleep) // what is measured is a rest
		resident, profile, err := settled(ctx, s)
		heap = profile
		return resident, err
	}
	first, err := come(0, few)
	if err != nil {
		return err
	}
	last, err := come(few, many)
	if err != nil {
		return err
	}
	if o.profile != "" {
		if err := os.WriteFile(o.profile, heap, 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("connected  %d employees with a socket: %d MB resident, %d bytes for each after the first %d\n",
		many, last>>20, (last-first)/(many-few), few)
	return nil
}

// tabs hears of sockets.
type tabs struct{ opened chan error }

func (t *tabs) Open(_ uint64, _ time.Time, err error) { t.opened <- err }
func (t *tabs) Told(uint64, time.Time, crowd.Notice)  {}
func (t *tabs) Closed(uint64, time.Time, int)         {}

// logIn has a backend log employees in, with what a browser would have told it.
func logIn(s *program.Node, from, until int, then func(n int, terminal, token string)) error {
	const callers = 16
	var all sync.WaitGroup
	errs := make(chan error, callers)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	defer client.CloseIdleConnections()
	for caller := range callers {
		all.Go(func() {
			for n := from + caller; n < until; n += callers {
				terminal := uuid.NewString()
				token, err := login(client, s, n, terminal)
				if err != nil {
					errs <- err
					return
				}
				then(n, terminal, token)
			}
		})
	}
	all.Wait()
	close(errs)
	return <-errs
}

func login(client *http.Client, s *program.Node, n int, terminal string) (token string, err error) {
	body, err := json.Marshal(map[string]any{
		"employee_id": fmt.Sprintf("employee-%07d", n), "terminal_id": terminal, "device_name": "Chrome on Windows",
		"ip":         fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255),
		"user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
	})
	if err != nil {
		return "", err
	}
	request, err := http.NewRequest("POST", "http://"+s.Listen+"/v1/sessions", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+program.ServiceKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("login: %d %s", response.StatusCode, text)
	}
	var grant struct {
		AccessToken string `json:"access_token"`
	}
	if err == nil {
		err = json.Unmarshal(text, &grant)
	}
	return grant.AccessToken, err
}

// settled is the server's memory when its garbage is gone, and the heap profile of then.
func settled(ctx context.Context, s *program.Node) (resident int64, heap []byte, err error) {
	resident, err = host.Settled(ctx, func(ctx context.Context) (err error) {
		heap, err = s.Profile(ctx, 0) // which collects before it is made
		return err
	}, s.Process())
	return resident, heap, err
}
