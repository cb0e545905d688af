package faults

import (
	"encoding/binary"
	"fmt"
	"net"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// What a broker does that lies: it does what it is asked for, and then says otherwise.

// lied and lost are in its log for each time.
const (
	lied = "the records were written, and an error is the answer"
	lost = "the transaction was ended, and the connection as well"
)

// lieAboutRecords answers every other produce with an error. It is asked more than once about a request,
// for the topic and for each partition: were each of them counted, a request for one partition that comes
// again and again could be lied to every time.
func lieAboutRecords(cluster *kfake.Cluster) {
	var last kmsg.Request
	honest := false
	cluster.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicasAfterAppend, Count: -1,
		When: func(request kmsg.Request) bool {
			if request != last {
				if last, honest = request, !honest; !honest {
					fmt.Println(lied)
				}
			}
			return !honest
		},
	})
}

// losing is a listener that closes every third connection on which a transaction is ended, in place of
// the answer.
type losing struct{ net.Listener }

func (l losing) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &losingConn{Conn: conn}, nil
}

// losingConn follows the frames of requests: a length of four bytes, the request's kind of two. One
// goroutine reads and another writes.
type losingConn struct {
	net.Conn
	head   []byte // of the current frame, up to six bytes
	left   int    // bytes of the frame after the head
	ending atomic.Bool
}

var endings atomic.Int64

func (c *losingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.follow(p[:n])
	return n, err
}

func (c *losingConn) follow(p []byte) {
	for len(p) > 0 {
		if c.left > 0 {
			skipped := min(c.left, len(p))
			c.left, p = c.left-skipped, p[skipped:]
			continue
		}
		taken := min(6-len(c.head), len(p))
		c.head, p = append(c.head, p[:taken]...), p[taken:]
		if len(c.head) < 6 {
			return
		}
		c.left = int(binary.BigEndian.Uint32(c.head)) - 2
		if kmsg.Key(binary.BigEndian.Uint16(c.head[4:])) == kmsg.EndTxn && endings.Add(1)%3 == 0 {
			c.ending.Store(true)
		}
		c.head = c.head[:0]
	}
}

func (c *losingConn) Write(p []byte) (int, error) {
	if c.ending.Load() {
		fmt.Println(lost)
		return 0, c.Close()
	}
	return c.Conn.Write(p)
}
