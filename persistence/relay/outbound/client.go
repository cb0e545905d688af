package outbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

// Options of a Client. The zero value of a field is its default.
type Options struct {
	// Networks that may be called though they are not public.
	Networks []netip.Prefix
	// Timeout of a whole request; 10 s.
	Timeout time.Duration
	// Resolve finds a name's addresses; the system's resolver.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	// TLS is for tests with authorities of their own.
	TLS *tls.Config
}

// Client posts to receivers. Any goroutine may call its methods.
type Client struct {
	o    Options
	http *http.Client
}

// maxAnswer bounds what is read of an answer: a reason, for people.
const maxAnswer = 8 << 10

// New makes a Client that keeps its connections to itself.
func New(o Options) *Client {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Resolve == nil {
		o.Resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	c := &Client{o: o}
	c.http = &http.Client{
		Timeout:       o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: c.dial, TLSClientConfig: o.TLS, TLSHandshakeTimeout: o.Timeout, ForceAttemptHTTP2: true,
			MaxConnsPerHost: 16, MaxIdleConnsPerHost: 16, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10,
			DisableCompression: true,
		},
	}
	return c
}

// dial resolves, and connects to an address that was checked: a name that answers otherwise a moment
// later is not asked again. The kernel's view is checked once more, in case somebody dials past this.
func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addrs, err := c.addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: c.o.Timeout, Control: c.control}
	var errs []error
	for _, addr := range addrs {
		if err := check(addr, c.o.Networks); err != nil {
			errs = append(errs, err)
			continue
		}
		conn, err := dialer.DialContext(ctx, network, net.JoinHostPort(addr.String(), port))
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

func (c *Client) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	addrs, err := c.o.Resolve(ctx, host)
	if err == nil && len(addrs) == 0 {
		err = errors.New("no address")
	}
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", host, err)
	}
	return addrs, nil
}

func (c *Client) control(_, address string, _ syscall.RawConn) error {
	addr, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	return check(addr.Addr(), c.o.Networks)
}

// Answer is what a receiver said.
type Answer struct {
	Status     int
	Body       []byte // its beginning
	RetryAfter time.Duration
}

// Post sends body. Its errors do not repeat the URL's query, which may be secret.
func (c *Client) Post(ctx context.Context, to string, header http.Header, body []byte) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return Answer{}, errors.New("post: the URL is malformed")
	}
	for name, values := range header {
		request.Header[name] = values
	}
	request.Header.Set("User-Agent", "hotseat")
	response, err := c.http.Do(request)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return Answer{}, fmt.Errorf("post to %s: %w", request.URL.Host, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return Answer{}, fmt.Errorf("read the answer of %s: %w", request.URL.Host, err)
	}
	answer := Answer{Status: response.StatusCode, Body: text}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		answer.RetryAfter = time.Duration(min(seconds, 3600)) * time.Second
	}
	return answer, nil
}

// Close drops the connections that are idle.
func (c *Client) Close() { c.http.CloseIdleConnections() }
