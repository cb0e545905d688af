package api

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// origins decides which pages may talk to this server.
type origins struct {
	public  string // own origin by --public-url; empty: loopback hosts only
	allowed map[string]bool
}

func newOrigins(publicURL string, allowed []string) (origins, error) {
	o := origins{allowed: make(map[string]bool, len(allowed))}
	if publicURL != "" {
		u, err := url.Parse(publicURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return o, fmt.Errorf("public URL %q must be http:// or https:// and a host", publicURL)
		}
		o.public = originOf(u.Scheme, u.Host)
	}
	for _, one := range allowed {
		u, err := url.Parse(one)
		if err != nil || u.Scheme == "" || u.Host == "" || one != u.Scheme+"://"+u.Host || u.User != nil {
			return o, fmt.Errorf("allowed origin %q must be exactly scheme://host or scheme://host:port", one)
		}
		o.allowed[originOf(u.Scheme, u.Host)] = true
	}
	return o, nil
}

// originOf is RFC 6454's serialization: lower case, without a default port.
func originOf(scheme, host string) string {
	scheme, host = strings.ToLower(scheme), strings.ToLower(host)
	switch scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return scheme + "://" + host
}

// admits reports whether origin is own or allowed for a request that came to host by scheme.
// Without --public-url only a loopback host is believed to be own: any other may be a name that
// somebody made point here.
func (o *origins) admits(origin, scheme, host string) bool {
	if o.allowed[origin] {
		return true
	}
	if o.public != "" {
		return origin == o.public
	}
	return loopback(host) && origin == originOf(scheme, host)
}

func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback()
}

// What browsers may do on the routes that are theirs.
var (
	corsMethods = []string{"GET, POST, DELETE"}
	corsHeaders = []string{"authorization, content-type, idempotency-key, last-event-id, x-request-id, traceparent"}
	corsExpose  = []string{"WWW-Authenticate, Retry-After, X-Request-Id"}
	corsMaxAge  = []string{"600"}
	varyOrigin  = []string{"Origin"}

	corsCredentials = []string{"true"}
)

// cors marks the reply for the page that asks, and answers preflights and foreign pages itself.
func (x *exchange) cors(res *resource) (done bool) {
	h := x.w.Header()
	h["Vary"] = varyOrigin
	sent := x.r.Header["Origin"]
	if len(sent) == 0 {
		if x.r.Method == http.MethodOptions {
			h.Set("Allow", res.allow)
			x.w.WriteHeader(http.StatusNoContent)
			return true
		}
		return false
	}
	if len(sent) != 1 || !x.origins.admits(sent[0], x.scheme(), x.r.Host) {
		x.answer(&problem{
			status: http.StatusForbidden, code: "origin_not_allowed",
			detail: "pages of this origin may not call this server; list the origin in --allowed-origins",
		})
		return true
	}
	h["Access-Control-Allow-Origin"] = sent
	h["Access-Control-Expose-Headers"] = corsExpose
	if x.o.Compat != nil && strings.HasPrefix(x.r.URL.Path, graphQLPath) {
		h["Access-Control-Allow-Credentials"] = corsCredentials // which the original's client asks with; none is read
	}
	if x.r.Method != http.MethodOptions {
		return false
	}
	h["Access-Control-Allow-Methods"] = corsMethods
	h["Access-Control-Allow-Headers"] = corsHeaders
	h["Access-Control-Max-Age"] = corsMaxAge
	x.w.WriteHeader(http.StatusNoContent)
	return true
}
