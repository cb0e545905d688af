package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// load logs employees in at these nodes, without a retry, until stop is called, which answers how many
// logins there were and what was refused.
func load(t *testing.T, nodes ...*server) (stop func() (logins int, refused []string)) {
	var all sync.WaitGroup
	var done atomic.Bool
	var count atomic.Int64
	var mu sync.Mutex
	var refused []string
	for worker := range 4 {
		all.Go(func() {
			for n := 0; !done.Load(); n++ {
				s := nodes[(worker+n)%len(nodes)]
				a := s.trusted(object{"employee_id": fmt.Sprintf("worker-%d-%d", worker, n%20), "terminal_id": fmt.Sprintf("till-%d", n%3)})
				count.Add(1)
				if a.err != nil || a.status != http.StatusOK {
					mu.Lock()
					refused = append(refused, fmt.Sprintf("%d %v %s", a.status, a.err, a.body))
					mu.Unlock()
				}
			}
		})
	}
	stopped := sync.OnceFunc(func() { done.Store(true); all.Wait() })
	t.Cleanup(stopped)
	return func() (int, []string) { stopped(); return int(count.Load()), refused }
}

func TestNodesJoinDrainAndLeaveUnderLoadWithoutARefusedLogin(t *testing.T) {
	store := pgtest.URL(t)
	nodes := startNodes(t, store, 2)
	c := newCoder(t)
	var tabs []*tab
	for n := range 20 {
		tabs = append(tabs, c.open(nodes[n%2], nodes[0].mustLogin(fmt.Sprintf("employee-%d", n), "till-1")).established(t))
	}
	stop := load(t, nodes...)
	third := startNode(t, store, "node-3")
	awaitMembers(t, append(nodes, third), 3)
	require.Eventually(t, func() bool {
		list := third.members()
		return len(list) == 3 && list[2].Employees > 5
	}, patience, 20*time.Millisecond, "the third node owns its share")

	require.Equal(t, http.StatusNotFound, nodes[0].send("POST", "/v1/admin/nodes/node-9/drain", adminKey, nil).status)
	require.Equal(t, http.StatusNoContent, nodes[0].send("POST", "/v1/admin/nodes/node-3/drain", adminKey, nil).status)
	for _, s := range nodes {
		require.Eventually(t, func() bool {
			return slices.ContainsFunc(s.members(), func(m member) bool { return m.Node == "node-3" && m.Draining && !m.Ready })
		}, patience, 20*time.Millisecond)
	}
	require.Zero(t, third.Terminate(), "it said:\n%s", third.log)
	awaitMembers(t, nodes, 2)
	third.Start()
	awaitMembers(t, append(nodes, third), 3)
	third.Kill(func() {})
	awaitMembers(t, nodes, 2)

	logins, refused := stop()
	require.Empty(t, refused, "of %d logins", logins)
	require.Greater(t, logins, 200)
	for n, older := range tabs { // wherever their owners have been
		_, told, closes := older.state()
		require.Zero(t, told)
		require.Empty(t, closes)
		newer := nodes[(n+1)%2].mustLogin(older.login.Session.EmployeeID, "till-2")
		require.Equal(t, newer.Session.Epoch, older.toldAndClosed(t).Epoch)
	}
}

func TestANodeThatStartsRefusesTokensThatEndedBeforeItWasThere(t *testing.T) {
	store := pgtest.URL(t)
	nodes := startNodes(t, store, 1)
	ended, live := nodes[0].mustLogin("ada", "till-1"), login{}
	live = nodes[0].mustLogin("ada", "till-2")
	// A tail begins some seconds before it was made; this ending is older.
	database, err := pgx.Connect(t.Context(), store)
	require.NoError(t, err)
	_, err = database.Exec(t.Context(), `UPDATE log SET at = at - interval '10 seconds'`)
	require.NoError(t, err)
	require.NoError(t, database.Close(t.Context()))
	fresh := startNode(t, store, "node-2")
	awaitMembers(t, append(nodes, fresh), 2)
	require.Equal(t, http.StatusUnauthorized, fresh.send("GET", "/v1/authz?level=local", ended.AccessToken, nil).status)
	require.Equal(t, http.StatusOK, fresh.send("GET", "/v1/authz?level=local", live.AccessToken, nil).status)
	c := newCoder(t)
	c.open(fresh, live).established(t)
	require.Equal(t, "new_login", c.open(fresh, ended).toldAndClosed(t).Reason)
}

// authority signs certificates for nodes; files are what it has written.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, dir: t.TempDir()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert, a.key = a.sign("ca", template, nil)
	return a
}

// flags are the settings of a node with a certificate of its own.
func (a *authority) flags(name string) []string {
	a.sign(name, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a)
	return []string{"--cluster-tls-cert", a.file(name + ".crt"), "--cluster-tls-key", a.file(name + ".key"), "--cluster-tls-ca", a.file("ca.crt")}
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

func (a *authority) sign(name string, template *x509.Certificate, by *authority) (*x509.Certificate, *ecdsa.PrivateKey) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	require.NoError(a.t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(a.t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(a.t, err)
	for file, block := range map[string]*pem.Block{".crt": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "PRIVATE KEY", Bytes: secret}} {
		require.NoError(a.t, os.WriteFile(a.file(name+file), pem.EncodeToMemory(block), 0o600))
	}
	return cert, key
}

func TestNodesKnowEachOtherByCertificatesAndLetNobodyElseIn(t *testing.T) {
	store := pgtest.URL(t)
	ours, foreign := newAuthority(t), newAuthority(t)
	nodes := []*server{startNode(t, store, "node-1", ours.flags("node-1")...), startNode(t, store, "node-2", ours.flags("node-2")...)}
	awaitMembers(t, nodes, 2)
	c := newCoder(t)
	for n := range 8 {
		older := c.open(nodes[0], nodes[1].mustLogin(fmt.Sprintf("employee-%d", n), "till-1")).established(t)
		nodes[1].mustLogin(fmt.Sprintf("employee-%d", n), "till-2")
		older.toldAndClosed(t)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ours.cert)
	conn, err := tls.Dial("tcp", nodes[0].members()[0].Address, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13})
	if err == nil { // under TLS 1.3 the refusal comes with the first read
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
		_, err = conn.Read(make([]byte, 1))
		_ = conn.Close()
	}
	require.ErrorContains(t, err, "certificate required", "who brings none")
	for name, flags := range map[string][]string{"another authority's": foreign.flags("node-3"), "none": nil} {
		t.Run(name, func(t *testing.T) {
			stranger := startNode(t, store, "node-3", flags...)
			require.Eventually(t, func() bool { return len(nodes[0].members()) == 3 && len(stranger.members()) == 3 }, patience, 20*time.Millisecond, "its lease is in the store")
			for _, s := range append(nodes, stranger) {
				require.EventuallyWithT(t, func(c *assert.CollectT) {
					for _, m := range s.members() {
						known := m.Node != "node-3"
						if s == stranger {
							known = !known
						}
						assert.True(t, known || !m.Answered, "%s is answered by %s, at once or ever", s.listen, m.Node)
						require.Equal(c, known, m.Answered, "what %s hears of %s", s.listen, m.Node)
					}
				}, patience, 20*time.Millisecond)
			}
			stranger.Terminate()
		})
	}
}
