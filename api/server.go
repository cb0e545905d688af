package api

import (
	"log"
	"log/slog"
	"net/http"
	"time"
)

// The patience of the server.
const (
	headerTimeout  = 5 * time.Second
	bodyTimeout    = 10 * time.Second // set by exchange when a request has a body
	handlerTimeout = 30 * time.Second
	idleTimeout    = 120 * time.Second
	maxHeader      = 32 << 10
)

// NewServer returns a server for handler with the product's time-outs. ReadTimeout stays unset: when
// it passes while a handler runs, net/http takes the client for gone and cancels the request. The
// body's deadline is set per request instead. A handler that answers nothing within its 30 s is cut
// off 5 s later; a hijacked connection (a socket) has no deadlines but its own.
func NewServer(handler http.Handler, logger *slog.Logger) *http.Server {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		WriteTimeout:      bodyTimeout + handlerTimeout + headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(serverLog{logger}, "", 0),
	}
}

// serverLog passes on that net/http had something to say, at a level that a port scan does not fill
// the log with. What it says has no headers or bodies in it, but for panics, which routes catch.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Write(b []byte) (int, error) {
	l.log.Debug("http server", "message", string(b))
	return len(b), nil
}
