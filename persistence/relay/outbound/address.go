package outbound

import (
	"fmt"
	"net/netip"
)

// reserved are the networks that are not of the public internet, by IANA's registries of
// special-purpose addresses, besides those that netip knows.
var reserved = parse(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
)

// nat64 embeds an IPv4 address in its last four bytes.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

func parse(texts ...string) (prefixes []netip.Prefix) {
	for _, text := range texts {
		prefixes = append(prefixes, netip.MustParsePrefix(text))
	}
	return prefixes
}

// check says why an address may not be called; nil: it may.
func check(addr netip.Addr, allowed []netip.Prefix) error {
	addr = addr.Unmap()
	for _, network := range allowed {
		if network.Contains(addr.WithZone("")) {
			return nil
		}
	}
	if nat64.Contains(addr) {
		b := addr.As16()
		return check(netip.AddrFrom4([4]byte(b[12:])), allowed)
	}
	public := addr.IsGlobalUnicast() && !addr.IsPrivate() && !addr.IsLoopback() && !addr.IsLinkLocalUnicast() && addr.Zone() == ""
	for _, network := range reserved {
		public = public && !network.Contains(addr)
	}
	if !public {
		return fmt.Errorf("%s is not a public address; name its network in allow-networks if it is meant", addr)
	}
	return nil
}
