package caller

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"time"
)

// Target is a server, as its URL says.
type Target struct {
	URL     string
	Host    string         // for the Host header, and for the certificate
	Address netip.AddrPort // resolved once, so that a run does not measure the resolver
	TLS     *tls.Config    // nil: plain
}

// NewTarget resolves a URL such as http://127.0.0.1:8080.
func NewTarget(ctx context.Context, raw string) (*Target, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || len(u.Path) > 1 {
		return nil, fmt.Errorf("%q is not a server's URL such as http://127.0.0.1:8080", raw)
	}
	t := &Target{URL: u.Scheme + "://" + u.Host, Host: u.Host}
	port := u.Port()
	if u.Scheme == "https" {
		t.TLS = &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	}
	if port == "" {
		port = u.Scheme
	}
	number, err := net.DefaultResolver.LookupPort(ctx, "tcp", port)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", raw, err)
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return nil, &Unreachable{Server: t.URL, Err: err}
	}
	t.Address = netip.AddrPortFrom(found[0].Unmap(), uint16(number))
	return t, nil
}

func (t *Target) dial(ctx context.Context, patience time.Duration) (net.Conn, error) {
	dialer := net.Dialer{Timeout: patience}
	conn, err := dialer.DialContext(ctx, "tcp", t.Address.String())
	if err != nil {
		return nil, err
	}
	if t.TLS != nil {
		conn = tls.Client(conn, t.TLS)
	}
	return conn, nil
}
