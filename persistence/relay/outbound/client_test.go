package outbound_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hotseat-hub/hotseat/persistence/relay/outbound"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func receiver(t *testing.T, handle http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var calls atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if handle != nil {
			handle(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s, &calls
}

func client(t *testing.T, o outbound.Options) *outbound.Client {
	t.Helper()
	c := outbound.New(o)
	t.Cleanup(c.Close)
	return c
}

func TestAnAllowedNetworkIsCalled(t *testing.T) {
	s, _ := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusAccepted)
		_, _ = w.Write([]byte(r.Header.Get("X-Test") + " " + string(body)))
	})
	a, err := client(t, outbound.Options{Networks: loopback}).Post(t.Context(), s.URL, http.Header{"X-Test": {"yes"}}, []byte("body"))
	require.NoError(t, err)
	require.Equal(t, outbound.Answer{Status: 202, Body: []byte("yes body"), RetryAfter: 7 * time.Second}, a)
}

// Every spelling of a place that is not the public internet.
func TestAddressesThatAreNotPublicAreRefused(t *testing.T) {
	for _, host := range []string{
		"127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "255.255.255.255", "240.0.0.1",
		"[::1]", "[::]", "[fe80::1]", "[fe80::1%25lo]", "[fc00::1]", "[fd12::1]", "[ff02::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]",
		"[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "[2001::1]", "[2001:db8::1]", "[fec0::1]", "[64:ff9b:1::1]",
	} {
		_, err := client(t, outbound.Options{}).Post(t.Context(), "http://"+host+":1/", nil, nil)
		require.ErrorContains(t, err, "not a public address", host)
	}
}

// The same by name, also when the name has a public address too: nothing is sent anywhere else.
func TestANameIsAsGoodAsItsAddresses(t *testing.T) {
	s, calls := receiver(t, nil)
	u, err := url.Parse(s.URL)
	require.NoError(t, err)
	c := client(t, outbound.Options{Resolve: func(_ context.Context, host string) ([]netip.Addr, error) {
		require.Equal(t, "shop.example", host)
		return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")}, nil
	}})
	_, err = c.Post(t.Context(), "http://shop.example:"+u.Port()+"/?token=canary", nil, nil)
	require.ErrorContains(t, err, "not a public address")
	require.NotContains(t, err.Error(), "canary")
	require.Zero(t, calls.Load())
}

// The name answers with an allowed address when it is looked up, and with another a moment later: the
// connection goes to the address that was checked, and the name is asked once for each connection.
func TestANameThatChangesItsMindGainsNothing(t *testing.T) {
	s, calls := receiver(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	u, err := url.Parse(s.URL)
	require.NoError(t, err)
	var asked atomic.Int64
	c := client(t, outbound.Options{
		Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, // stands for the receiver's public address
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			if asked.Add(1) == 1 {
				return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
			}
			return []netip.Addr{netip.MustParseAddr("127.0.0.2")}, nil // and this for something inside
		},
	})
	to := "http://shop.example:" + u.Port() + "/"
	_, err = c.Post(t.Context(), to, nil, nil)
	require.NoError(t, err)
	require.EqualValues(t, 1, asked.Load(), "looked up once, and that was the address called")
	_, err = c.Post(t.Context(), to, nil, nil)
	require.ErrorContains(t, err, "127.0.0.2 is not a public address")
	require.EqualValues(t, 1, calls.Load())
}

func TestARedirectIsAnAnswerAndNotFollowed(t *testing.T) {
	inside, calls := receiver(t, nil)
	s, _ := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, inside.URL, http.StatusTemporaryRedirect)
	})
	a, err := client(t, outbound.Options{Networks: loopback}).Post(t.Context(), s.URL, nil, []byte("x"))
	require.NoError(t, err)
	require.Equal(t, http.StatusTemporaryRedirect, a.Status)
	require.Zero(t, calls.Load())
}

func TestTheEnvironmentsProxyIsNotAsked(t *testing.T) {
	s, _ := receiver(t, nil)
	proxy, calls := receiver(t, nil)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	_, err := client(t, outbound.Options{Networks: loopback}).Post(t.Context(), s.URL, nil, nil)
	require.NoError(t, err)
	require.Zero(t, calls.Load())
}

func TestAnAnswerIsReadOnlySoFarAndASilentReceiverOnlySoLong(t *testing.T) {
	s, _ := receiver(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(strings.Repeat("x", 1<<20))) })
	a, err := client(t, outbound.Options{Networks: loopback}).Post(t.Context(), s.URL, nil, nil)
	require.NoError(t, err)
	require.Len(t, a.Body, 8<<10)
	silent, _ := receiver(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	_, err = client(t, outbound.Options{Networks: loopback, Timeout: 50 * time.Millisecond}).Post(t.Context(), silent.URL, nil, nil)
	require.Error(t, err)
}

func TestAReceiversCertificateIsChecked(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ErrorLog = nil
	t.Cleanup(s.Close)
	_, err := client(t, outbound.Options{Networks: loopback}).Post(t.Context(), s.URL, nil, nil)
	require.ErrorContains(t, err, "certificate")
}
