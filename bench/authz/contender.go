package main

import (
	"bufio"
	"encoding/json"
	"errors"
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
)

// key is the service key of the server that is measured.
const key = "service-key-of-the-benchmark"

// contender is a server in a process of its own.
type contender struct {
	process *exec.Cmd
	address string
}

// sample is one round.
type sample struct {
	rate float64       // requests a second
	cpu  time.Duration // of the server, for one request
}

// startHub builds the program and runs it with a store in folder.
func startHub(folder string) (*contender, error) {
	binary, addresses := filepath.Join(folder, "hotseat"), filepath.Join(folder, "addresses")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "./cmd/hotseat")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the program: %w\n%s", err, out)
	}
	process := exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0",
		"--store", "embedded:"+filepath.Join(folder, "data"), "--drain-delay", "0s", "--log-level", "error")
	process.Env = append(os.Environ(), "HOTSEAT_TEST_ADDR_FILE="+addresses, "HOTSEAT_SERVICE_KEY="+key)
	if err := process.Start(); err != nil {
		return nil, err
	}
	c := &contender{process: process}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var at struct{ Listen string }
		if text, err := os.ReadFile(addresses); err == nil && json.Unmarshal(text, &at) == nil {
			c.address = at.Listen
			return c, nil
		}
	}
	c.stop()
	return nil, errors.New("the program did not listen within 10 s")
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
	c := &contender{process: process, address: strings.TrimSpace(line)}
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("start the empty handler: %w", err)
	}
	return c, nil
}

func (c *contender) stop() {
	_ = c.process.Process.Kill()
	_ = c.process.Wait()
}

// login is the access token of somebody who sits.
func (c *contender) login() (string, error) {
	request, err := http.NewRequest("POST", "http://"+c.address+"/v1/sessions", strings.NewReader(`{"employee_id":"ada"}`))
	if err != nil {
		return "", err
	}
	request.Header = http.Header{"Authorization": {"Bearer " + key}, "Content-Type": {"application/json"}}
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
	before, err := c.cpu()
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
	after, err := c.cpu()
	return sample{rate: requests / took.Seconds(), cpu: time.Duration(float64(after-before) / requests)}, err
}

// cpu is what the process has used so far, in user and system.
func (c *contender) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	const user, system, tick = 11, 12, time.Second / 100 // counted after the name
	if len(fields) <= system {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields after the name", c.process.Process.Pid, len(fields))
	}
	var sum time.Duration
	for _, field := range []int{user, system} {
		ticks, err := strconv.Atoi(fields[field])
		if err != nil {
			return 0, err
		}
		sum += time.Duration(ticks) * tick
	}
	return sum, nil
}
