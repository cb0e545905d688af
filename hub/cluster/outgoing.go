package cluster

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
)

// outgoing are the streams to other nodes that are open or being opened, and the address of each. The library
// drops an endpoint by its address whenever one of that address's streams ends, be it one of an endpoint that it
// has dropped itself: the next one would go for it, whose end would cost the one after that, and so on.
type outgoing struct {
	mu      sync.Mutex
	streams map[*stream]string
}

// stream is one of them. Its end is no news once its endpoint was dropped.
type stream struct {
	grpc.ClientStream
	of      *outgoing
	dropped atomic.Bool
}

// open is a grpc.StreamClientInterceptor.
func (o *outgoing) open(ctx context.Context, desc *grpc.StreamDesc, peer *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	s := &stream{of: o}
	o.mu.Lock()
	o.streams[s] = peer.Target()
	o.mu.Unlock()
	opened, err := open(ctx, desc, peer, method, opts...)
	if err != nil {
		o.over(s)
		return nil, err
	}
	s.ClientStream = opened
	return s, nil
}

// drop notes that the endpoint at an address is being dropped.
func (o *outgoing) drop(address string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for s, of := range o.streams {
		if of == address {
			s.dropped.Store(true)
			delete(o.streams, s)
		}
	}
}

func (o *outgoing) over(s *stream) {
	o.mu.Lock()
	delete(o.streams, s)
	o.mu.Unlock()
}

// RecvMsg implements grpc.ClientStream. io.EOF is what the library says nothing of.
func (s *stream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if err == nil {
		return nil
	}
	if s.dropped.Load() {
		return io.EOF
	}
	s.of.over(s)
	return err
}
