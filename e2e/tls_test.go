package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheProgramEndsTLSForRoutesAndSockets(t *testing.T) {
	f := newFront(t)
	s := startTLS(t, f)
	c := f.http()

	older := s.loginByTLS(f, c, "till-1")
	socket := openWith(t, f, "till-1", "", http.Header{"Authorization": {"Bearer " + older.AccessToken}})
	require.Equal(t, "session_established", socket.next(t).Type)
	newer := s.loginByTLS(f, c, "till-2")
	require.Equal(t, "new_login", socket.next(t).Reason)
	require.Equal(t, http.StatusOK, f.ask(c, "GET", "https://"+seatHost+"/v1/session", newer.AccessToken).status)

	_, err := tls.Dial("tcp", s.listen, &tls.Config{RootCAs: f.trust, ServerName: seatHost, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	require.ErrorContains(t, err, "protocol version")
	plain := receive(client.Get("http://" + s.listen + "/readyz"))
	require.NotEqual(t, http.StatusOK, plain.status, "no plain HTTP beside it")
}

// Certificates are renewed while the program runs; sockets must not have to move for that.
func TestARenewedCertificateIsTakenUpAndABrokenOneIsNot(t *testing.T) {
	f := newFront(t)
	s := startTLS(t, f)
	serves := func(trust *x509.CertPool) bool {
		nc, err := tls.Dial("tcp", s.listen, &tls.Config{RootCAs: trust, ServerName: seatHost})
		if err == nil {
			nc.Close()
		}
		return err == nil
	}
	require.True(t, serves(f.trust))

	f.write("fullchain.pem", "half a certif")
	require.Eventually(t, func() bool {
		require.True(t, serves(f.trust))
		return strings.Contains(s.log.String(), "the one before stays")
	}, patience, 50*time.Millisecond, "the broken certificate was not looked at")

	chain, key := certificate(t, seatHost)
	renewed := x509.NewCertPool()
	require.True(t, renewed.AppendCertsFromPEM(chain))
	f.write("privkey.pem", string(key))
	f.write("fullchain.pem", string(chain))
	require.Eventually(t, func() bool { return serves(renewed) }, patience, 50*time.Millisecond)
}

func TestACertificateThatCannotBeUsedIsNamedBeforeTheStoreIsTouched(t *testing.T) {
	f := newFront(t)
	_, foreign := certificate(t, seatHost)
	f.write("foreign.pem", string(foreign))
	f.write("nonsense.pem", "no certificate")
	for name, c := range map[string]struct{ cert, key, says string }{
		"missing":            {"absent.pem", "privkey.pem", "no such file"},
		"no PEM":             {"nonsense.pem", "privkey.pem", "PEM"},
		"key of another":     {"fullchain.pem", "foreign.pem", "private key does not match"},
		"key and cert mixed": {"privkey.pem", "fullchain.pem", "PEM"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "data")
			cert, key := filepath.Join(f.folder, c.cert), filepath.Join(f.folder, c.key)
			code, said := run(t, "", "serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0",
				"--store", "embedded:"+folder, "--tls-cert", cert, "--tls-key", key)
			require.Equal(t, 1, code, "%s", said)
			require.Contains(t, said, "--tls-cert "+cert)
			require.Contains(t, said, "--tls-key "+key)
			require.Contains(t, said, c.says)
			require.NotContains(t, said, "PRIVATE")
			_, err := os.Stat(folder)
			require.ErrorIs(t, err, os.ErrNotExist)
		})
	}
}

// startTLS runs the program with the front's certificate, and without a proxy.
func startTLS(t *testing.T, f *front) *server {
	s := start(t, embedded(t), "--public-url", "https://"+seatHost,
		"--tls-cert", filepath.Join(f.folder, "fullchain.pem"), "--tls-key", filepath.Join(f.folder, "privkey.pem"))
	f.address = s.listen
	return s
}

func (s *server) loginByTLS(f *front, c *http.Client, terminal string) login {
	s.t.Helper()
	request, err := http.NewRequest("POST", "https://"+seatHost+"/v1/sessions",
		strings.NewReader(`{"employee_id":"ada","terminal_id":"`+terminal+`"}`))
	require.NoError(s.t, err)
	request.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + serviceKey}}
	return s.decodeLogin(receive(c.Do(request)))
}

// Whoever does not finish the handshake of TLS holds a connection no longer than one who sends no header.
func TestATLSHandshakeThatStopsIsCutOff(t *testing.T) {
	t.Parallel()
	s := startTLS(t, newFront(t))
	hello := []byte{22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3} // of a record of 256 bytes
	began, ended := time.Now(), make(chan time.Duration)
	for _, sent := range [][]byte{nil, hello} {
		nc, err := net.Dial("tcp", s.listen)
		require.NoError(t, err)
		defer nc.Close()
		_, err = nc.Write(sent)
		require.NoError(t, err)
		require.NoError(t, nc.SetReadDeadline(began.Add(patience)))
		go func() {
			_, _ = io.Copy(io.Discard, nc)
			ended <- time.Since(began)
		}()
	}
	for range 2 {
		require.Less(t, <-ended, 10*time.Second)
	}
}
