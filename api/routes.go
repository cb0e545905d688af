package api

import "net/http"

// routes is everything that the public listener answers.
var routes = []route{
	{method: "POST", pattern: "/v1/login", role: public, browser: true, handle: (*exchange).login},
	{method: "POST", pattern: "/v1/sessions", role: service, handle: (*exchange).trustedLogin},
	{method: "GET", pattern: "/v1/session", role: bearer, browser: true, handle: (*exchange).showSession},
	{method: "DELETE", pattern: "/v1/session", role: bearer, browser: true, handle: (*exchange).logout},
	{method: "POST", pattern: "/v1/token/refresh", role: public, browser: true, handle: (*exchange).refresh},
	{method: "POST", pattern: "/v1/ws-ticket", role: bearer, browser: true, handle: (*exchange).ticket},
	{method: anyMethod, pattern: "/v1/authz", role: gateway, instant: true, handle: (*exchange).authz},
	{method: "GET", pattern: "/.well-known/jwks.json", role: public, handle: (*exchange).jwks},

	{method: "GET", pattern: "/healthz", role: public, instant: true, handle: (*exchange).healthz},
	{method: "GET", pattern: "/readyz", role: public, instant: true, handle: (*exchange).readyz},
	{method: "GET", pattern: "/ws/session/{terminal_id}", role: public, instant: true, handle: (*exchange).socket},
	{method: "GET", pattern: "/ws/session/{terminal_id}/{$}", role: public, instant: true, handle: (*exchange).socket},
}

// socket hands the request to the sockets' own engine, which asks back through Gate.
func (x *exchange) socket() error {
	if x.o.Socket == nil {
		return notFound("this server takes no sockets")
	}
	h := x.w.Header()
	delete(h, "X-Request-Id") // the engine may hijack; what it answers is its own
	delete(h, "X-Content-Type-Options")
	x.o.Socket.ServeHTTP(x.w, x.r)
	return nil
}

// jwks is GET /.well-known/jwks.json. It may be kept for half of a new key's publication lead.
func (x *exchange) jwks() error {
	h := x.w.Header()
	h["Content-Type"] = []string{"application/jwk-set+json"}
	h["Cache-Control"] = []string{"public, max-age=300"}
	x.w.WriteHeader(http.StatusOK)
	_, _ = x.w.Write(x.o.Keys.JWKS()) // a client that is gone needs no answer
	return nil
}
