package api

import "net/http"

// routes is everything that the public listener answers.
var routes = []route{
	{method: "POST", pattern: "/v1/login", role: public, browser: true, instant: true, handle: (*exchange).login},
	{method: "POST", pattern: "/v1/sessions", role: service, instant: true, handle: (*exchange).trustedLogin},
	{method: "GET", pattern: "/v1/session", role: bearer, browser: true, handle: (*exchange).showSession},
	{method: "DELETE", pattern: "/v1/session", role: bearer, browser: true, handle: (*exchange).logout},
	{method: "POST", pattern: "/v1/token/refresh", role: public, browser: true, handle: (*exchange).refresh},
	{method: "POST", pattern: "/v1/ws-ticket", role: bearer, browser: true, handle: (*exchange).ticket},
	{method: "GET", pattern: "/v1/session/events", role: gateway, browser: true, instant: true, handle: (*exchange).events},
	{method: "GET", pattern: "/v1/session/poll", role: gateway, browser: true, instant: true, handle: (*exchange).poll},
	{method: "POST", pattern: "/v1/session/ack", role: gateway, browser: true, handle: (*exchange).ack},
	{method: "GET", pattern: "/v1/employees/me/sessions", role: bearer, browser: true, handle: (*exchange).ownSessions},
	{method: "DELETE", pattern: "/v1/employees/me/sessions", role: bearer, browser: true, handle: (*exchange).endOtherOwn},
	{method: "DELETE", pattern: "/v1/employees/me/sessions/{session_id}", role: bearer, browser: true, handle: (*exchange).endOwn},
	{method: anyMethod, pattern: "/v1/authz", role: gateway, instant: true, handle: (*exchange).authz},
	{method: "POST", pattern: "/oauth2/introspect", role: client, handle: oauth((*exchange).introspect)},
	{method: "POST", pattern: "/oauth2/revoke", role: client, handle: oauth((*exchange).revoke)},
	{method: "GET", pattern: "/.well-known/oauth-authorization-server", role: public, instant: true, handle: (*exchange).metadata},
	{method: "GET", pattern: "/.well-known/jwks.json", role: public, handle: (*exchange).jwks},
	{method: "GET", pattern: "/.well-known/ssf-configuration", role: public, handle: (*exchange).securityEvents},
	{method: "GET", pattern: "/ssf/streams", role: public, handle: (*exchange).securityEvents},
	{method: "GET", pattern: "/ssf/status", role: public, handle: (*exchange).securityEvents},
	{method: "POST", pattern: "/ssf/verify", role: public, handle: (*exchange).securityEvents},
	{method: "POST", pattern: "/ssf/poll/{stream_id}", role: public, instant: true, handle: (*exchange).securityEvents},

	{method: "GET", pattern: "/v1/revocations", role: service, instant: true, handle: (*exchange).revocations},
	{method: "GET", pattern: "/v1/employees/{employee_id}/sessions/{session_id}", role: service, handle: (*exchange).showNamed},
	{method: "DELETE", pattern: "/v1/employees/{employee_id}/sessions/{session_id}", role: service, handle: (*exchange).logoutNamed},
	{method: "POST", pattern: "/v1/employees/{employee_id}/sessions/{session_id}/ws-ticket", role: service, handle: (*exchange).ticketNamed},

	{method: "GET", pattern: "/v1/admin/employees", role: admin, handle: (*exchange).listEmployees},
	{method: "POST", pattern: "/v1/admin/employees", role: admin, handle: (*exchange).createEmployee},
	{method: "POST", pattern: "/v1/admin/employees/import", role: admin, instant: true, handle: (*exchange).importEmployees},
	{method: "GET", pattern: "/v1/admin/employees/{employee_id}", role: admin, handle: (*exchange).showEmployee},
	{method: "PATCH", pattern: "/v1/admin/employees/{employee_id}", role: admin, handle: (*exchange).patchEmployee},
	{method: "DELETE", pattern: "/v1/admin/employees/{employee_id}", role: admin, handle: (*exchange).deleteEmployee},
	{method: "GET", pattern: "/v1/admin/employees/{employee_id}/sessions", role: admin, handle: (*exchange).listSessions},
	{method: "POST", pattern: "/v1/admin/employees/{employee_id}/end-sessions", role: admin, handle: (*exchange).endSessions},
	{method: "POST", pattern: "/v1/admin/employees/{employee_id}/sessions/{session_id}/end", role: admin, handle: (*exchange).endSession},
	{method: "POST", pattern: "/v1/admin/keys/rotate", role: admin, handle: (*exchange).rotateKeys},
	{method: "GET", pattern: "/v1/admin/stats", role: admin, handle: (*exchange).stats},
	{method: "GET", pattern: "/v1/admin/events", role: admin, instant: true, handle: (*exchange).adminEvents},
	{method: "GET", pattern: "/v1/admin/cluster", role: admin, handle: (*exchange).showCluster},
	{method: "POST", pattern: "/v1/admin/nodes/{node}/drain", role: admin, handle: (*exchange).drainNode},
	{method: "GET", pattern: "/v1/admin/dead-letters", role: admin, handle: (*exchange).listDeadLetters},
	{method: "POST", pattern: "/v1/admin/terminals/{terminal_id}/test-termination", role: admin, handle: (*exchange).testTermination},

	{method: "POST", pattern: graphQLPath, role: public, browser: true, instant: true, handle: (*exchange).graphQL},
	{method: "GET", pattern: graphQLPath, role: public, browser: true, instant: true, handle: (*exchange).graphQL},
	{method: "POST", pattern: graphQLPath + "/", role: public, browser: true, instant: true, handle: (*exchange).graphQL},
	{method: "GET", pattern: graphQLPath + "/", role: public, browser: true, instant: true, handle: (*exchange).graphQL},

	{method: "GET", pattern: "/", role: public, instant: true, handle: (*exchange).showPage},
	{method: "GET", pattern: "/{file}", role: public, instant: true, handle: (*exchange).showPage},
	{method: "GET", pattern: "/assets/{file}", role: public, instant: true, handle: (*exchange).showAsset},
	{method: "GET", pattern: "/openapi.json", role: public, instant: true, handle: (*exchange).openAPI},
	{method: "GET", pattern: "/asyncapi.json", role: public, instant: true, handle: (*exchange).asyncAPI},
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
