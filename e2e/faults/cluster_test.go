package faults

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	clusterPort = "7946"
	// leaseTTL is the product's; L2 counts from it.
	leaseTTL = 3 * time.Second
)

// cluster starts nodes that own the employees between them, and waits until each knows all others.
func (r *row) cluster(s *site, size int) []*node {
	r.t.Helper()
	for range size {
		r.member(s, binaries.current).start()
	}
	r.whole(s.nodes...)
	return s.nodes
}

// member makes a node of the site's cluster without starting it.
func (r *row) member(s *site, program string, args ...string) *node {
	r.t.Helper()
	n := s.prepare(program, args...)
	if s.authority == nil {
		s.authority = newAuthority(r.t)
	}
	cert, key := s.authority.issue(r.t, n.host)
	n.args = append(n.args, "--cluster-listen", n.host.ip+":"+clusterPort, "--cluster-advertise", s.advertised(n), "--node-name", n.name,
		"--cluster-tls-cert", cert, "--cluster-tls-key", key, "--cluster-tls-ca", s.authority.file)
	r.listen(n)
	return n
}

// advertised is where other nodes reach the node.
func (s *site) advertised(n *node) string {
	address := n.host.ip + ":" + clusterPort
	if s.between == nil {
		return address
	}
	return s.between(address)
}

// whole waits until the nodes are ready, each has seen as many members, and each is answered by all others:
// that is a healthy cluster.
func (r *row) whole(nodes ...*node) {
	r.t.Helper()
	for _, n := range nodes {
		n.awaitReady()
		require.Eventually(r.t, func() bool { return n.members() == len(nodes) }, patience, 20*time.Millisecond, "%s sees %d members", n.name, n.members())
	}
	for _, n := range nodes {
		require.Eventually(r.t, func() bool { return n.answered() == len(nodes) }, heal, 20*time.Millisecond, "%s is answered by %d nodes", n.name, n.answered())
	}
}

// answered is how many nodes say themselves how they are when this one is asked, itself included.
func (n *node) answered() (count int) {
	for _, m := range n.shown() {
		if m.Answered {
			count++
		}
	}
	return count
}

// members is how many members the node knows, itself included, by what it logged last.
func (n *node) members() (count int) {
	const says = `"msg":"members of the cluster","count":`
	said := n.said(everything)
	i := strings.LastIndex(said, says)
	if i < 0 {
		return 0
	}
	for _, digit := range said[i+len(says):] {
		if digit < '0' || digit > '9' {
			return count
		}
		count = 10*count + int(digit-'0')
	}
	return count
}

// others are the addresses of the site's other nodes and of the database: what a node is cut off from
// while clients still reach it.
func (n *node) others(s *site) (addresses []string) {
	for _, other := range s.nodes {
		if other != n {
			addresses = append(addresses, other.host.ip)
		}
	}
	return append(addresses, databaseIP)
}

// authority signs the nodes' certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a := &authority{key: key, cert: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "nodes"}, NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, &key.PublicKey, key)
	require.NoError(t, err)
	a.file = writePEM(t, "ca.pem", "CERTIFICATE", der)
	return a
}

func (a *authority) issue(t *testing.T, h *host) (cert, key string) {
	t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: h.name}, NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.ParseIP(h.ip), net.ParseIP(clientIP)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert, &own.PublicKey, a.key)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(own)
	require.NoError(t, err)
	return writePEM(t, h.name+".pem", "CERTIFICATE", der), writePEM(t, h.name+".key", "PRIVATE KEY", secret)
}

func writePEM(t *testing.T, name, kind string, der []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return file
}
