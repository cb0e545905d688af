package api

import (
	"net/http"
	"net/http/pprof"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// readiness answers /readyz.
type readiness struct {
	Ready   bool     `json:"ready"`
	Reasons []string `json:"reasons,omitempty"` // on the operations listener only
}

// healthz says that the process answers. It never asks the store: restarting a healthy process does
// not bring a store back.
func (x *exchange) healthz() error {
	return x.reply(http.StatusOK, struct {
		Alive bool `json:"alive"`
	}{true})
}

// readyz says whether this node should get traffic, and to the public not why.
func (x *exchange) readyz() error { return x.sayReady(false) }

func (x *exchange) sayReady(why bool) error {
	reasons := x.o.NotReady()
	answer, status := readiness{Ready: len(reasons) == 0}, http.StatusOK
	if !answer.Ready {
		status = http.StatusServiceUnavailable
		x.w.Header().Set("Retry-After", "1")
	}
	if why {
		answer.Reasons = reasons
	}
	return x.reply(status, answer)
}

// OpsHandler serves the operations listener: metrics, profiles and probes. It has no keys, so it
// belongs on a loopback or otherwise private address.
func (a *API) OpsHandler() http.Handler {
	table := []route{
		{method: "GET", pattern: "/healthz", instant: true, handle: (*exchange).healthz},
		{method: "GET", pattern: "/readyz", instant: true, handle: func(x *exchange) error { return x.sayReady(true) }},
		{method: "GET", pattern: "/debug/pprof/", instant: true, handle: serve(pprof.Index)},
		{method: "GET", pattern: "/debug/pprof/{profile}", instant: true, handle: serve(pprof.Index)},
		{method: "GET", pattern: "/debug/pprof/cmdline", instant: true, handle: hideCommandLine},
		{method: "GET", pattern: "/debug/pprof/profile", instant: true, handle: serve(pprof.Profile)},
		{method: "GET", pattern: "/debug/pprof/symbol", instant: true, handle: serve(pprof.Symbol)},
		{method: "GET", pattern: "/debug/pprof/trace", instant: true, handle: serve(pprof.Trace)},
	}
	if a.o.Gatherer != nil {
		metrics := promhttp.HandlerFor(a.o.Gatherer, promhttp.HandlerOpts{})
		table = append(table, route{method: "GET", pattern: "/metrics", instant: true, handle: serve(metrics.ServeHTTP)})
	}
	return newRouter(a, table)
}

func serve(h http.HandlerFunc) func(*exchange) error {
	return func(x *exchange) error {
		h(x.w, x.r)
		return nil
	}
}

// hideCommandLine: a command line may hold keys.
func hideCommandLine(*exchange) error { return notFound("the command line is not shown") }
