package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"time"
)

func main() {
	empty := flag.Bool("empty", false, "be the empty handler")
	rounds := flag.Int("rounds", 5, "rounds of each; the median counts")
	length := flag.Duration("time", 2*time.Second, "how long a round takes")
	connections := flag.Int("connections", 32, "kept connections of the gateway")
	least := flag.Float64("least", 0, "fail when the ratio of requests/s is less than this")
	flag.Parse()
	err := error(nil)
	if *empty {
		err = serveNothing()
	} else {
		err = compare(*rounds, *length, *connections, *least)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "authz:", err)
		os.Exit(1)
	}
}

// serveNothing is what net/http costs alone. It prints its address.
func serveNothing() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), ReadHeaderTimeout: time.Second}
	return server.Serve(l)
}

func compare(rounds int, length time.Duration, connections int, least float64) error {
	folder, err := os.MkdirTemp("", "hotseat-authz-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	hub, err := startHub(context.Background(), folder)
	if err != nil {
		return err
	}
	defer hub.stop()
	empty, err := startEmpty()
	if err != nil {
		return err
	}
	defer empty.stop()
	token, err := hub.login()
	if err != nil {
		return err
	}
	var rates, costs []float64
	var ofHub, ofEmpty []sample
	for range rounds {
		e, err := empty.ask(token, length, connections)
		if err != nil {
			return err
		}
		h, err := hub.ask(token, length, connections)
		if err != nil {
			return err
		}
		ofHub, ofEmpty = append(ofHub, h), append(ofEmpty, e)
		rates, costs = append(rates, h.rate/e.rate), append(costs, h.cpu.Seconds()/e.cpu.Seconds())
	}
	show := func(name string, all []sample) {
		slices.SortFunc(all, func(a, b sample) int { return int(a.rate - b.rate) })
		m := all[len(all)/2]
		fmt.Printf("%-26s %10.0f requests/s %8.1f µs of server CPU each\n", name, m.rate, m.cpu.Seconds()*1e6)
	}
	show("empty net/http handler", ofEmpty)
	show("/v1/authz level local", ofHub)
	fmt.Printf("%-26s %9.0f %% of the requests/s, %.2f × the CPU (medians of %d pairs of rounds)\n",
		"ratio", 100*median(rates), median(costs), rounds)
	if median(rates) < least {
		return fmt.Errorf("%.3f of the requests/s, want at least %.3f", median(rates), least)
	}
	return nil
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}
