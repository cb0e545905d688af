//go:build !linux

package hub

import "net"

// newShards answers that there are none on this system.
func newShards(*Hub) carrier { return nil }

// Port is a listener.
type Port struct{ net.Listener }

// Listen opens a port.
func Listen(address string) (*Port, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return &Port{l}, nil
}

// AcceptFrom has nothing to do on this system: all connections of the port come from its Accept.
func (h *Hub) AcceptFrom(*Port) error { return nil }

// NotReady is why this node should get no sockets: never on this system.
func (h *Hub) NotReady() []string { return nil }
