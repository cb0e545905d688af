// Command go is a small service whose routes are for employees who sit: it checks their access tokens by
// itself and follows Hotseat for ended sessions.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hotseat-hub/hotseat/api/verify"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8081", "where to serve")
	hub := flag.String("hub", "http://127.0.0.1:8080", "the URL of Hotseat")
	issuer := flag.String("issuer", "", "iss of its tokens, when it is not that URL")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen, *hub, *issuer); err != nil {
		fmt.Fprintln(os.Stderr, "orders:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, listen, hub, issuer string) error {
	verifier, err := verify.New(verify.Options{URL: hub, Key: os.Getenv("HOTSEAT_SERVICE_KEY"), Issuer: issuer})
	if err != nil {
		return err
	}
	go func() { _ = verifier.Run(ctx) }() // it ends with ctx, and until then never gives up

	routes := http.NewServeMux()
	routes.Handle("GET /orders", verifier.Handler(http.HandlerFunc(orders)))
	routes.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !verifier.Ready() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Println("serving http://" + l.Addr().String())
	server := &http.Server{Handler: routes, ReadHeaderTimeout: 10 * time.Second}
	stopped := context.AfterFunc(ctx, func() { _ = server.Shutdown(context.WithoutCancel(ctx)) })
	defer stopped()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// orders are those of whoever asks.
func orders(w http.ResponseWriter, r *http.Request) {
	who, _ := verify.FromContext(r.Context())
	fmt.Fprintf(w, "orders of %s at %s, whose session was alive %d ms ago\n", who.Employee, who.Terminal, who.Staleness.Milliseconds())
}
