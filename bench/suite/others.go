package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// others are benchmarks of parts inside one process, programs of their own. What could not be
// measured stays zero, and failed says why.
type others struct {
	durableRatio           float64 // durable logins over the naive takeover
	socketBytes, handshake float64 // per idle socket; µs of CPU
	frames, bareFrames     float64 // a second
	millionMB, millionGC   float64 // resident; ms of CPU of a full collection
	texts                  []otherText
	failed                 []string
}

// otherText is what one of them printed.
type otherText struct{ command, text string }

func (o *others) run(ctx context.Context, folder string) {
	if m := o.one(ctx, `ratio\s+([0-9.]+) x`, "./persistence/benchstore", "-dir", folder, "-turn", "5s", "-employees", "100000"); m != nil {
		o.durableRatio = m[0]
	}
	sockets := `(?m)^shards\s+(-?[0-9.]+)\s+([0-9.]+)\s+[0-9.]+\s+([0-9.]+)[^\n]*\nbare\s+-?[0-9.]+\s+[0-9.]+\s+[0-9.]+\s+([0-9.]+)`
	if m := o.one(ctx, sockets, "./bench/sockets"); m != nil {
		o.socketBytes, o.handshake, o.frames, o.bareFrames = m[0], m[1], m[2], m[3]
	}
	if m := o.one(ctx, `(?m)^1000000\s+([0-9.]+)\s+[0-9.]+\s+([0-9.]+)`, "./bench/million"); m != nil {
		o.millionMB, o.millionGC = m[0], m[1]
	}
}

// one runs a benchmark and finds its figures in what it printed.
func (o *others) one(ctx context.Context, figures, program string, args ...string) []float64 {
	command := exec.CommandContext(ctx, "go", append([]string{"run", program}, args...)...)
	out, err := command.Output()
	m := regexp.MustCompile(figures).FindSubmatch(out)
	if err != nil || m == nil {
		o.failed = append(o.failed, fmt.Sprintf("%s: %v", program, err))
		return nil
	}
	shown := append([]string{"go run", program}, args...)
	if i := slices.Index(shown, "-dir"); i >= 0 {
		shown = slices.Delete(shown, i, i+2) // a folder of this machine
	}
	o.texts = append(o.texts, otherText{strings.Join(shown, " "), strings.TrimSpace(string(out))})
	var numbers []float64
	for _, text := range m[1:] {
		n, _ := strconv.ParseFloat(string(text), 64) // the pattern takes numbers only
		numbers = append(numbers, n)
	}
	return numbers
}
