package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// front is a program in front of the server, with the configuration that the documents show, at
// addresses of its own.
type front struct {
	t       *testing.T
	folder  string
	trust   *x509.CertPool
	said    *output
	address string // where it ends TLS
}

// The names that the certificates and the configurations in deploy/ agree on.
const (
	seatHost = "seat.example.com"
	appHost  = "pos.example.com"
)

// newFront makes a folder with a certificate that only this test trusts.
func newFront(t *testing.T) *front {
	folder, err := os.MkdirTemp("", "hotseat-front-") // a proxy's workers are not root and must get in
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(folder) })
	require.NoError(t, os.Chmod(folder, 0o755))
	f := &front{t: t, folder: folder, said: &output{}, address: restartablePort(t)}
	chain, key := certificate(t, seatHost, appHost)
	f.trust = x509.NewCertPool()
	require.True(t, f.trust.AppendCertsFromPEM(chain))
	f.write("fullchain.pem", string(chain))
	f.write("privkey.pem", string(key))
	f.write("hotseat.pem", string(chain)+string(key)) // as HAProxy wants them
	return f
}

// config reads a file of deploy/ and gives it other addresses; each pair must occur.
func (f *front) config(file string, pairs ...string) string {
	f.t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "deploy", file))
	require.NoError(f.t, err)
	config := string(text)
	for i := 0; i < len(pairs); i += 2 {
		require.Contains(f.t, config, pairs[i], file)
		config = strings.ReplaceAll(config, pairs[i], pairs[i+1])
	}
	return config
}

func (f *front) write(name, text string) (path string) {
	f.t.Helper()
	path = filepath.Join(f.folder, name)
	require.NoError(f.t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

// run starts the program and waits until it accepts at each address.
func (f *front) run(addresses []string, argv ...string) {
	f.t.Helper()
	program(f.t, f.said, nil, addresses, argv...)
}

// program runs a command until the test ends, and waits until it accepts at each address.
func program(t *testing.T, said *output, env, addresses []string, argv ...string) {
	t.Helper()
	command := exec.Command(argv[0], argv[1:]...)
	command.Env = environment(env...)
	command.Stdout, command.Stderr = said, said
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, command.Start(), "run make deps")
	gone := make(chan struct{})
	go func() { defer close(gone); _ = command.Wait() }()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		select {
		case <-gone:
		case <-time.After(5 * time.Second):
			_ = command.Process.Kill()
			<-gone
		}
		if t.Failed() {
			t.Logf("%s said:\n%s", argv[0], said.last(4000))
		}
	})
	for _, address := range addresses {
		require.Eventually(t, func() bool {
			select {
			case <-gone:
				return true
			default:
			}
			nc, err := net.Dial("tcp", address)
			if err == nil {
				nc.Close()
			}
			return err == nil
		}, patience, 10*time.Millisecond, "%s does not listen on %s; it said:\n%s", argv[0], address, said)
	}
	select {
	case <-gone:
		require.Fail(t, argv[0]+" ended", "%s", said)
	default:
	}
}

// http is a client that reaches every host through the front.
func (f *front) http() *http.Client {
	transport := &http.Transport{
		TLSClientConfig:    &tls.Config{RootCAs: f.trust},
		DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", f.address)
		},
	}
	f.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// ask makes one request through the front.
func (f *front) ask(c *http.Client, method, url, bearer string, headers ...string) answer {
	f.t.Helper()
	request, err := http.NewRequest(method, url, http.NoBody)
	require.NoError(f.t, err)
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header[headers[i]] = []string{headers[i+1]}
	}
	a := receive(c.Do(request))
	require.NoError(f.t, a.err)
	return a
}

// certificate signs itself, for the names and loopback.
func certificate(t *testing.T, names ...string) (chain, key []byte) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:   time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}
