package hub

import (
	"crypto/tls"
	"net"
	"time"
)

// sendBuffer bounds what the kernel holds for a peer that does not read; by default that is
// megabytes, all of which would pass for delivered.
const sendBuffer = 32 << 10

// tuneTCP sets what a socket of this hub needs. Errors are left to the first read or write: a
// connection that cannot be tuned is broken already, or is no TCP at all.
func tuneTCP(nc net.Conn, userTimeout time.Duration) {
	if tcp, ok := beneath(nc).(*net.TCPConn); ok {
		tcp.SetWriteBuffer(sendBuffer)
		tcp.SetNoDelay(true)
		setUserTimeout(tcp, userTimeout)
	}
}

// beneath is the connection that TLS runs over.
func beneath(nc net.Conn) net.Conn {
	if secure, ok := nc.(*tls.Conn); ok {
		return secure.NetConn()
	}
	return nc
}
