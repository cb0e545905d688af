package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	serving := flag.String("serve", "", "be the server: shards, goroutines or bare")
	sockets := flag.Int("sockets", 15_000, "how many sockets; each costs a descriptor on both sides")
	rounds := flag.Int("rounds", 9, "broadcasts; the median counts")
	flag.Parse()
	err := error(nil)
	if *serving != "" {
		err = serve(*serving)
	} else {
		err = compare(*sockets, *rounds)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func compare(sockets, rounds int) error {
	fmt.Printf("%d sockets\n%-12s %11s %17s %13s %11s %15s %12s %13s\n", sockets, "engine", "bytes each",
		"CPU us/handshake", "handshakes/s", "frames/s", "all back after s", "CPU us each", "bytes then")
	for _, kind := range []string{"goroutines", "shards", "bare"} {
		f, err := measure(kind, sockets, rounds)
		if err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
		fmt.Printf("%-12s %11.0f %17.1f %13.0f %11.0f %15.2f %12.1f %13.0f\n", kind, f.bytes, f.handshake.Seconds()*1e6,
			f.rate, f.frames, f.back.Seconds(), f.storm.Seconds()*1e6, f.after)
	}
	return nil
}

// figures are those of one engine.
type figures struct {
	bytes     float64 // per idle socket
	handshake time.Duration
	rate      float64 // handshakes a second
	frames    float64 // a second
	// A storm is all sockets leaving at once and coming back: until the last one is there again, the
	// server's CPU time for each, and what an idle socket costs after that.
	back, storm time.Duration
	after       float64
}

// warm is how many sockets come before memory is first looked at, so that what one socket needs as
// much as all is not counted.
const warm = 500

// handshakeOver is when the last deadline of a handshake has passed, and a socket is only idle.
const handshakeOver = 8 * time.Second

func measure(kind string, sockets, rounds int) (f figures, err error) {
	s, err := start(kind)
	if err != nil {
		return f, err
	}
	defer s.stop()
	c := &crowd{address: s.address}
	defer c.leave()
	if err := c.come(warm); err != nil {
		return f, err
	}
	before, err := s.settled()
	if err != nil {
		return f, err
	}
	cpu, began := s.cpu(), time.Now()
	if err := c.come(sockets - warm); err != nil {
		return f, err
	}
	f.rate = float64(sockets-warm) / time.Since(began).Seconds()
	f.handshake = (s.cpu() - cpu) / time.Duration(sockets-warm)
	if f.bytes, err = s.idle(before, sockets-warm); err != nil {
		return f, err
	}
	if f.frames, err = broadcasts(s, c, sockets, rounds); err != nil {
		return f, err
	}
	if f.back, f.storm, err = storm(s, c, sockets); err != nil {
		return f, err
	}
	f.after, err = s.idle(before, sockets-warm)
	return f, err
}

// idle is what each of n further sockets has added to the memory.
func (s *process) idle(before int64, n int) (float64, error) {
	time.Sleep(handshakeOver)
	after, err := s.settled()
	return float64(after-before) / float64(n), err
}

// storm has all sockets drop without a word and come back once the server has noticed.
func storm(s *process, c *crowd, sockets int) (took, cpu time.Duration, err error) {
	cpu, began := s.cpu(), time.Now()
	c.leave()
	for there := sockets; there > 0; time.Sleep(time.Millisecond) {
		if err := s.say("count", &there); err != nil {
			return 0, 0, err
		}
	}
	if err := c.come(sockets); err != nil {
		return 0, 0, err
	}
	return time.Since(began), (s.cpu() - cpu) / time.Duration(sockets), nil
}

// broadcasts is the median of the frames a second of many broadcasts.
func broadcasts(s *process, c *crowd, sockets, rounds int) (float64, error) {
	var rates []float64
	for range rounds {
		var b broadcast
		if err := s.say("broadcast", &b); err != nil {
			return 0, err
		}
		if b.Frames != sockets {
			return 0, fmt.Errorf("a broadcast reached %d of %d", b.Frames, sockets)
		}
		rates = append(rates, float64(b.Frames)/b.Took.Seconds())
		c.settle()
	}
	slices.Sort(rates)
	return rates[len(rates)/2], nil
}

// process is the server, seen from outside.
type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	address string
}

func start(kind string) (*process, error) {
	s := &process{cmd: exec.Command(os.Args[0], "-serve", kind)}
	s.cmd.Stderr = os.Stderr
	s.in, _ = s.cmd.StdinPipe() // fails only when it was set before
	out, _ := s.cmd.StdoutPipe()
	s.out = bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := s.out.ReadString('\n')
	s.address = strings.TrimSpace(line)
	return s, err
}

func (s *process) stop() {
	s.in.Close()
	s.cmd.Wait()
}

func (s *process) say(what string, answer any) error {
	fmt.Fprintln(s.in, what)
	line, err := s.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the server ended: %w", err)
	}
	return json.Unmarshal(line, answer)
}

// settled is the server's memory in RAM after its garbage is gone.
func (s *process) settled() (int64, error) {
	var nothing struct{}
	if err := s.say("settle", &nothing); err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(s.proc("status"), "VmRSS:")
	kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return kilobytes << 10, err
}

// cpu is the server's time, user and system, in units of 10 ms.
func (s *process) cpu() time.Duration {
	_, rest, _ := strings.Cut(s.proc("stat"), ") ")
	fields := strings.Fields(rest)
	user, _ := strconv.Atoi(fields[11]) // the kernel writes numbers
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func (s *process) proc(file string) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.cmd.Process.Pid, file))
	return string(text)
}

// crowd is the clients.
type crowd struct {
	address string
	all     []net.Conn
	read    atomic.Int64 // bytes
	readers sync.WaitGroup
}

// connectors is how many clients connect at once.
const connectors = 32

func (c *crowd) come(n int) error {
	var mu sync.Mutex
	var failed error
	var group sync.WaitGroup
	for worker := range connectors {
		group.Go(func() {
			for i := worker; i < n; i += connectors {
				nc, err := c.connect(len(c.address) + i)
				mu.Lock()
				if err != nil {
					failed = err
				} else {
					c.all = append(c.all, nc)
				}
				mu.Unlock()
				if err != nil {
					return
				}
				c.readers.Go(func() { c.drain(nc) })
			}
		})
	}
	group.Wait()
	return failed
}

func (c *crowd) connect(n int) (net.Conn, error) {
	nc, err := net.Dial("tcp", c.address)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(nc, "GET /ws/session/%s/ HTTP/1.1\r\nHost: hub.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer employee-%d\r\n\r\n", terminal, n)
	b := make([]byte, 64)
	if _, err = io.ReadFull(nc, b[:36]); err == nil && !strings.HasPrefix(string(b), "HTTP/1.1 101") {
		err = fmt.Errorf("no socket: %q", b)
	}
	return nc, err
}

func (c *crowd) drain(nc net.Conn) {
	b := make([]byte, 512)
	for {
		n, err := nc.Read(b)
		c.read.Add(int64(n))
		if err != nil {
			return
		}
	}
}

// settle waits until the clients have read what was sent: nothing came for a while.
func (c *crowd) settle() {
	for last := int64(-1); last != c.read.Load(); time.Sleep(50 * time.Millisecond) {
		last = c.read.Load()
	}
}

func (c *crowd) leave() {
	for _, nc := range c.all {
		nc.(*net.TCPConn).SetLinger(0) // leaves no ports waiting
		nc.Close()
	}
	c.readers.Wait()
	c.all = nil
}
