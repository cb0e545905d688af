package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

const (
	// maxMessage bounds one gRPC message: a batch of envelopes.
	maxMessage = 64 << 20
	// batchSize is how many envelopes travel together, queueSize how many the endpoint's ring has
	// room for from the start; it would grow, so actors bounds what it sends.
	batchSize, queueSize = 200, 1000
	// peerTimeout is how long a peer may leave bytes unacknowledged, and how long connecting to it may take,
	// with TLS. What is sent meanwhile waits, and is lost when time is up.
	peerTimeout = 3 * time.Second
)

// TLS are the files with which nodes know each other. There is no other authentication between them.
type TLS struct{ Cert, Key, CA string }

// link is protoactor's remote of one run.
type link struct {
	system *actor.ActorSystem
	remote *remote.Remote
}

// startRemote listens and returns the address at which other nodes reach the system's actors. lost is
// told the address of each connection that ends.
func startRemote(system *actor.ActorSystem, o *Options, log *slog.Logger, lost func(address string)) (l *link, err error) {
	host, text, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, err
	}
	server, client, err := o.TLS.credentials()
	if err != nil {
		return nil, err
	}
	streams := &outgoing{streams: map[*stream]string{}}
	config := remote.Configure(host, port,
		remote.WithAdvertisedHost(o.Advertise),
		remote.WithEndpointWriterBatchSize(batchSize), remote.WithEndpointWriterQueueSize(queueSize),
		remote.WithEndpointManagerBatchSize(batchSize), remote.WithEndpointManagerQueueSize(queueSize),
		remote.WithServerOptions(serverOptions(server, log)...),
		remote.WithDialOptions(append(dialOptions(client), grpc.WithStreamInterceptor(streams.open))...),
		remote.WithCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)))
	config.MaxRetryCount = 1 // each costs two seconds, in which the peer is taken for gone
	defer func() {
		if p := recover(); p != nil { // what the library does when it cannot listen
			l, err = nil, fmt.Errorf("listen for other nodes on %s (--cluster-listen): %v", o.Listen, p)
		}
	}()
	system.EventStream.Subscribe(func(event any) {
		if gone, ok := event.(*remote.EndpointTerminatedEvent); ok {
			streams.drop(gone.Address) // before the library hears of it, which subscribes later
			lost(gone.Address)
		}
	})
	l = &link{system: system, remote: remote.NewRemote(system, config)}
	l.remote.Start()
	return l, nil
}

func (l *link) address() string { return l.system.Address() }

// forget drops the connection to a node that is no member any more. It does not wait: where the library
// is still making that connection it waits for it, without a bound, and the lease must be renewed meanwhile.
func (l *link) forget(address string) {
	go l.system.EventStream.Publish(&remote.EndpointTerminatedEvent{Address: address})
}

// stop ends the listener and every connection. The library's graceful way waits ten seconds for peers
// that have no reason to hang up, and leaves a manager behind on which a late message panics.
func (l *link) stop() {
	l.remote.Shutdown(false)
	_ = l.system.Root.StopFuture(l.system.NewLocalPID("EndpointSupervisor")).Wait() // a second at most; then it goes with the process
	_ = l.system.Root.StopFuture(l.system.NewLocalPID("activator")).Wait()
}

// serverOptions contain the panics of the library: it panics on requests that it has not implemented
// and on messages of a type that it does not know, and gRPC would end the process.
func serverOptions(c credentials.TransportCredentials, log *slog.Logger) []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.Creds(c), grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 10 * time.Second, Timeout: peerTimeout}),
		grpc.ConnectionTimeout(5 * time.Second),
		grpc.UnaryInterceptor(func(ctx context.Context, in any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (out any, err error) {
			defer contain(log, &err)
			return handle(ctx, in)
		}),
		grpc.StreamInterceptor(func(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
			defer contain(log, &err)
			return handle(server, envelopesOnly{stream})
		}),
	}
}

// envelopesOnly lets nothing but envelopes pass. The library would hand on whatever it can decode: a
// PoisonPill stops any actor by its name.
type envelopesOnly struct{ grpc.ServerStream }

const envelopeType = "google.protobuf.BytesValue"

// RecvMsg implements grpc.ServerStream.
func (s envelopesOnly) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	message, ok := m.(*remote.RemoteMessage)
	if !ok {
		return nil
	}
	for _, name := range message.GetMessageBatch().GetTypeNames() {
		if name != envelopeType {
			return status.Errorf(codes.Unimplemented, "nodes send envelopes and nothing else")
		}
	}
	return nil
}

// contain refuses a call that made the library panic. The value may hold what was sent, and is not logged.
func contain(log *slog.Logger, err *error) {
	if p := recover(); p != nil {
		log.Warn("another node sent what this one does not understand", "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
		*err = status.Error(codes.Unimplemented, "not understood")
	}
}

func dialOptions(c credentials.TransportCredentials) []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithTransportCredentials(c), grpc.WithContextDialer(dial),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: peerTimeout,
		}),
		// On Linux the timeout is TCP_USER_TIMEOUT, too.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: peerTimeout, PermitWithoutStream: true}),
	}
}

// credentials are for serving and for dialling; without files nothing is encrypted.
func (t *TLS) credentials() (server, client credentials.TransportCredentials, err error) {
	if t == nil {
		return insecure.NewCredentials(), insecure.NewCredentials(), nil
	}
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, nil, fmt.Errorf("certificate of this node (--cluster-tls-cert, --cluster-tls-key): %w", err)
	}
	pem, err := os.ReadFile(t.CA)
	if err != nil {
		return nil, nil, fmt.Errorf("certificate authority of the nodes (--cluster-tls-ca): %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, nil, errors.New("certificate authority of the nodes (--cluster-tls-ca): no PEM certificate in it")
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, RootCAs: pool,
	}
	return credentials.NewTLS(config), credentials.NewTLS(config.Clone()), nil
}
