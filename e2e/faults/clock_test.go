package faults

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Row 22. One node's clock is an hour ahead and another's an hour behind: every time in rows, tokens
// and events is the store's, and leases and the age of views are counted on monotonic clocks.
func TestClocksAreAnHourWrong(t *testing.T) {
	r := attack(t, "22", "clocks 1 h ahead, 1 h behind", allAndL1...)
	s := newSite(t)
	var nodes []*node
	for _, wrong := range []string{"0", "3600", "-3600"} {
		n := r.member(s, binaries.clock)
		n.env = append(n.env, clockVariable+"="+wrong)
		n.start()
		nodes = append(nodes, n)
	}
	r.whole(nodes...)
	r.people(30, 60*time.Millisecond, nodes...)
	punctual := &person{id: "punctual"}
	for i, n := range nodes {
		require.InDelta(t, []float64{0, 3600, -3600}[i], n.ahead().Seconds(), 60, "the clock that %s logs by", n.name)
		require.True(t, r.crowd.try(punctual, &attempt{terminal: n.name, key: n.name}, n.url))
		made := punctual.held[i].Session
		require.WithinDuration(t, time.Now(), made.CreatedAt, 5*time.Second)
		require.WithinDuration(t, time.Now().Add(12*time.Hour), made.ExpiresAt, 5*time.Second)
	}
	r.busy(pick[int64](300, 3000))
	for _, n := range nodes {
		require.NotContains(t, n.said(everything), "marked dead")
	}
	r.judge()
}

// ahead is by how much the clock by which the node logs is ahead of the true one.
func (n *node) ahead() time.Duration {
	line, _, _ := strings.Cut(n.said(everything), "\n")
	var first struct{ Time time.Time }
	_ = json.Unmarshal([]byte(line), &first) // zero: far behind
	return time.Until(first.Time)
}

// clockVariable holds the seconds by which a process's clock is wrong.
const clockVariable = "HOTSEAT_TEST_CLOCK"

// clockSource goes into the package time.
const clockSource = `package time

import "syscall"

var plantedSeconds = func() (n int64) {
	text, _ := syscall.Getenv("` + clockVariable + `")
	sign := int64(1)
	for _, c := range text {
		if c == '-' {
			sign = -1
			continue
		}
		n = 10*n + int64(c-'0')
	}
	return sign * n
}()
`

// writeClock writes a package time whose wall clock is wrong and whose monotonic clock is right, which
// no handle outside a process can do, and answers the arguments of a build with it. It compiles
// everything anew, so only the long form has it.
func writeClock(folder string) (args []string, err error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	original := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	text, err := os.ReadFile(original)
	if err != nil {
		return nil, err
	}
	const reading = "	sec, nsec, mono := runtimeNow()\n"
	before, after, found := strings.Cut(string(text), reading)
	if !found {
		return nil, fmt.Errorf("%s does not read the clock by %q; see how it does now", original, strings.TrimSpace(reading))
	}
	changed, added, plan := filepath.Join(folder, "time.go"), filepath.Join(folder, "planted.go"), filepath.Join(folder, "clock.json")
	overlay, err := json.Marshal(map[string]map[string]string{
		"Replace": {original: changed, filepath.Join(filepath.Dir(original), "planted.go"): added},
	})
	if err != nil {
		return nil, err
	}
	for file, content := range map[string]string{
		changed: before + reading + "	sec += plantedSeconds\n" + after, added: clockSource, plan: string(overlay),
	} {
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			return nil, err
		}
	}
	return []string{"-overlay", plan}, nil
}
