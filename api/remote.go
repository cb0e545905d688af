package api

import (
	"net/netip"
	"strings"
)

// remote is the address that the request came from. What proxies say is believed only from trusted
// ones: the last address in X-Forwarded-For that is not such a proxy itself.
func (x *exchange) remote() netip.Addr {
	addr := x.peer()
	if !x.trusted(addr) {
		return addr
	}
	hops := strings.Split(strings.Join(x.r.Header["X-Forwarded-For"], ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return addr
		}
		if addr = hop.Unmap().WithZone(""); !x.trusted(addr) {
			return addr
		}
	}
	return addr
}

// peer is the other end of the connection.
func (x *exchange) peer() netip.Addr {
	at, err := netip.ParseAddrPort(x.r.RemoteAddr)
	if err != nil {
		return netip.Addr{} // a listener without addresses, as in tests
	}
	return at.Addr().Unmap().WithZone("")
}

func (x *exchange) trusted(addr netip.Addr) bool { return within(x.o.TrustedProxies, addr) }

func within(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, prefix := range prefixes {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// scheme that the client used.
func (x *exchange) scheme() string {
	if x.r.TLS != nil {
		return "https"
	}
	if strings.EqualFold(x.r.Header.Get("X-Forwarded-Proto"), "https") && x.trusted(x.peer()) {
		return "https"
	}
	return "http"
}
