package kafka_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/hotseat-hub/hotseat/persistence/relay/kafka"
)

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	require.NoError(t, err)
	return n
}

func TestASinkAuthenticatesByEveryMechanismAndAWrongPasswordIsRefused(t *testing.T) {
	for _, mechanism := range []string{kafka.Plain, kafka.ScramSHA256, kafka.ScramSHA512} {
		t.Run(mechanism, func(t *testing.T) {
			addrs, topic, _ := fake(t, "sasl", kfake.EnableSASL(), kfake.Superuser(mechanism, "hub", "canary-secret"))
			with := func(password string, timeout time.Duration) func(*kafka.Options) {
				return func(o *kafka.Options) {
					o.Connection.SASL, o.Connection.Username, o.Connection.Password = mechanism, "hub", password
					o.Timeout = timeout
				}
			}
			require.NoError(t, sink(t, addrs, topic, with("canary-secret", 0)).Deliver(t.Context(), takeovers("ada", 1, 1), nil))
			err := sink(t, addrs, topic, with("canary-wrong", time.Second)).Deliver(t.Context(), takeovers("ada", 2, 2), nil)
			require.Error(t, err)
			require.NotContains(t, err.Error(), "canary")
		})
	}
}

func TestAPasswordIsNotSentInClearOverANetwork(t *testing.T) {
	_, err := kafka.New(kafka.Options{Topic: "t", Connection: kafka.Connection{Brokers: []string{"192.0.2.1:9092"}, SASL: kafka.Plain}})
	require.ErrorContains(t, err, "turn TLS on")
	_, err = kafka.New(kafka.Options{Topic: "t", Connection: kafka.Connection{Brokers: []string{"192.0.2.1:9092"}, SASL: kafka.Plain, TLS: true}})
	require.NoError(t, err)
	_, err = kafka.New(kafka.Options{Topic: "t", Connection: kafka.Connection{Brokers: []string{"192.0.2.1:9092"}, SASL: "GSSAPI"}})
	require.ErrorContains(t, err, "GSSAPI")
}

// The broker must be who it says: another authority, or another name, is refused.
func TestABrokersCertificateIsCheckedInFull(t *testing.T) {
	good, goodCA := certificate(t, "127.0.0.1")
	misnamed, misnamedCA := certificate(t, "192.0.2.1")
	for name, c := range map[string]struct {
		broker tls.Certificate
		ca     string
		ok     bool
	}{
		"its own authority": {good, goodCA, true},
		"another authority": {good, misnamedCA, false},
		"no authority":      {good, "", false},
		"another name":      {misnamed, misnamedCA, false},
	} {
		t.Run(name, func(t *testing.T) {
			addrs, topic, _ := fake(t, "tls", kfake.TLS(&tls.Config{Certificates: []tls.Certificate{c.broker}}))
			err := sink(t, addrs, topic, func(o *kafka.Options) {
				o.Connection.TLS, o.Connection.CAFile = true, c.ca
				if !c.ok {
					o.Timeout = time.Second
				}
			}).Deliver(t.Context(), takeovers("ada", 1, 1), nil)
			require.Equal(t, c.ok, err == nil, "%v", err)
		})
	}
	_, err := kafka.New(kafka.Options{Topic: "t", Connection: kafka.Connection{Brokers: []string{"b:1"}, TLS: true, CAFile: "/nonexistent"}})
	require.Error(t, err)
}

// certificate makes an authority of its own for one address.
func certificate(t *testing.T, address string) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: address}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.ParseIP(address)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}
