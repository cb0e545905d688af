package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
)

// Events go out and come in over TLS both ways, with a user and a password that is nowhere to be read.
func TestABrokerWithTLSAndUsersIsWrittenAndRead(t *testing.T) {
	chain, key := certificate(t, "broker.example")
	pair, err := tls.X509KeyPair(chain, key)
	require.NoError(t, err)
	folder, trust := t.TempDir(), x509.NewCertPool()
	require.True(t, trust.AppendCertsFromPEM(chain))
	chainFile, keyFile := filepath.Join(folder, "chain.pem"), filepath.Join(folder, "key.pem")
	require.NoError(t, os.WriteFile(chainFile, chain, 0o600))
	require.NoError(t, os.WriteFile(keyFile, key, 0o600))
	const user, password = "hub", "canary-password-of-the-hub"
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "seats"), kfake.EnableSASL(),
		kfake.Superuser("SCRAM-SHA-512", user, password),
		kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trust}))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	secret := filepath.Join(folder, "password")
	require.NoError(t, os.WriteFile(secret, []byte(password+"\n"), 0o600))
	flags := []string{
		"--kafka-brokers", strings.Join(cluster.ListenAddrs(), ","), "--kafka-sasl", "SCRAM-SHA-512", "--kafka-username", user,
		"--kafka-tls", "--kafka-ca", chainFile, "--kafka-cert", chainFile, "--kafka-key", keyFile,
	}

	s := &server{
		t: t, store: embedded(t), args: append([]string{"--kafka-topic", "seats"}, flags...), listen: "127.0.0.1:0",
		wrap: []string{"env", "HOTSEAT_KAFKA_PASSWORD_FILE=" + secret},
	}
	s.Start()
	s.mustLogin("ada", "till-1")
	s.mustLogin("ada", "till-2")
	code, said := run(t, "HOTSEAT_KAFKA_PASSWORD_FILE="+secret,
		append([]string{"consume-events", "--topic", "seats", "--from", "start", "--count", "3", "--json"}, flags...)...)
	require.Zero(t, code, "%s", said)
	for _, id := range []string{"ada/1/1", "ada/2/1", "ada/2/2"} {
		require.Contains(t, said, `"id":"`+id+`"`)
	}
	require.NotContains(t, said+s.log.String(), "canary")
}
