package postgres

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// TestAStoreThatAsksForVerifyFullTalksToNobodyElse: with sslmode=verify-full the certificate must be of the
// authority that the URL names, and of the host that it names; else nothing of the login is sent.
func TestAStoreThatAsksForVerifyFullTalksToNobodyElse(t *testing.T) {
	trusted := httptest.NewUnstartedServer(nil)
	trusted.StartTLS() // its certificate names example.com and 127.0.0.1
	defer trusted.Close()
	root := filepath.Join(t.TempDir(), "root.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: trusted.Certificate().Raw}
	require.NoError(t, os.WriteFile(root, pem.EncodeToMemory(block), 0o600))

	for _, c := range []struct{ host, root, refusal string }{
		{"127.0.0.1", root, ""},
		{"127.0.0.2", root, "127.0.0.2"},
		{"127.0.0.1", "", "unknown authority"},
	} {
		said := make(chan []byte, 1)
		port := impostor(t, c.host, trusted.TLS.Certificates, said)
		url := "postgres://hotseat:canary-password@" + net.JoinHostPort(c.host, port) + "/hotseat?sslmode=verify-full"
		if c.root != "" {
			url += "&sslrootcert=" + c.root
		}
		config, err := configure(url)
		require.NoError(t, err)
		_, err = pgx.ConnectConfig(t.Context(), config.ConnConfig)
		require.Error(t, err, "it hangs up after the first message")
		require.NotContains(t, err.Error(), "canary-password")
		heard := <-said
		if c.refusal == "" {
			require.Contains(t, string(heard), "hotseat", "to the right one the login begins")
			continue
		}
		require.ErrorContains(t, err, c.refusal)
		require.Empty(t, heard, "nothing is said to a stranger")
	}
}

// impostor offers TLS as PostgreSQL does, and says what it heard under it.
func impostor(t *testing.T, host string, certificates []tls.Certificate, said chan<- []byte) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		defer close(said)
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		if _, err := io.ReadFull(nc, make([]byte, 8)); err != nil { // SSLRequest
			return
		}
		io.WriteString(nc, "S")
		secure := tls.Server(nc, &tls.Config{Certificates: certificates})
		heard := make([]byte, 512)
		n, _ := secure.Read(heard)
		said <- heard[:n]
	}()
	_, port, err = net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return port
}
