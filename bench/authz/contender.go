package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/hotseat-hub/hotseat/bench/host"
	"github.com/hotseat-hub/hotseat/bench/program"
)

// contender is a server in a process of its own.
type contender struct {
	process host.Process
	address string
	stop    func()
}

// sample is one round.
type sample struct {
	rate float64       // requests a second
	cpu  time.Duration // of the server, for one request
}

// startHub builds the program and runs it with a store in folder.
func startHub(ctx context.Context, folder string) (*contender, error) {
	binary, err := program.Build(ctx, folder)
	if err != nil {
		return nil, err
	}
	n, err := program.Start(ctx, program.Options{
		Binary: binary, Folder: folder, Store: "embedded:" + filepath.Join(folder, "data"), Args: []string{"--log-level", "error"},
	})
	if err != nil {
		return nil, err
	}
	return &contender{process: n.Process(), address: n.Listen, stop: n.Kill}, nil
}

// startEmpty runs this program again, as the empty handler.
func startEmpty() (*contender, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	process := exec.Command(self, "-empty")
	out, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	c := &contender{
		process: host.Process{Name: "empty", PID: process.Process.Pid}, address: strings.TrimSpace(line),
		stop: func() { _ = process.Process.Kill(); _ = process.Wait() },
	}
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("start the empty handler: %w", err)
	}
	return c, nil
}

// login is the access token of somebody who sits.
func (c *contender) login() (string, error) {
	request, err := http.NewRequest("POST", "http://"+c.address+"/v1/sessions", strings.NewReader(`{"employee_id":"ada"}`))
	if err != nil {
		return "", err
	}
	request.Header = http.Header{"Authorization": {"Bearer " + program.ServiceKey}, "Content-Type": {"application/json"}}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	var l struct {
		AccessToken string `json:"access_token"`
	}
	if err == nil {
		err = json.Unmarshal(text, &l)
	}
	if err == nil && l.AccessToken == "" {
		err = fmt.Errorf("%d %s", response.StatusCode, text)
	}
	if err != nil {
		return "", fmt.Errorf("log in: %w", err)
	}
	return l.AccessToken, nil
}

var wrkSays = regexp.MustCompile(`(\d+) requests in `)

// ask lets wrk ask for a while.
func (c *contender) ask(token string, length time.Duration, connections int) (s sample, err error) {
	before, err := c.process.CPU()
	if err != nil {
		return s, err
	}
	start := time.Now()
	out, err := exec.Command("wrk", "-t1", "-c"+strconv.Itoa(connections), "-d"+strconv.Itoa(max(1, int(length.Seconds())))+"s",
		"-H", "Authorization: Bearer "+token, "http://"+c.address+"/v1/authz").CombinedOutput()
	took := time.Since(start)
	if err != nil {
		return s, fmt.Errorf("wrk (run make deps): %w\n%s", err, out)
	}
	found := wrkSays.FindSubmatch(out)
	if found == nil || strings.Contains(string(out), "Non-2xx") || strings.Contains(string(out), "Socket errors") {
		return s, fmt.Errorf("not every answer was right:\n%s", out)
	}
	requests, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		return s, err
	}
	after, err := c.process.CPU()
	return sample{rate: requests / took.Seconds(), cpu: time.Duration(float64(after-before) / requests)}, err
}
