package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

var long = flag.Bool("long", false, "echo messages of 8 and 16 MiB too; the small send buffers of sockets make that slow")

func dial(t *testing.T, address string) (*websocket.Conn, context.Context) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	c, _, err := websocket.Dial(ctx, "ws://"+address+"/ws/session/echo/", nil)
	require.NoError(t, err)
	t.Cleanup(func() { c.CloseNow() })
	c.SetReadLimit(longest + 1)
	return c, ctx
}

// echoed sends one message in pieces of so many octets, each a fragment, and expects it back whole.
func echoed(t *testing.T, kind websocket.MessageType, size, fragment int) {
	t.Helper()
	c, ctx := dial(t, start(t))
	message := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
	sent := make(chan error, 1)
	go func() {
		w, err := c.Writer(ctx, kind)
		for rest := message; err == nil && len(rest) > 0; {
			n := min(fragment, len(rest))
			_, err = w.Write(rest[:n])
			rest = rest[n:]
		}
		if err == nil {
			err = w.Close()
		}
		sent <- err
	}()
	got, back, err := c.Read(ctx)
	require.NoError(t, err)
	require.NoError(t, <-sent)
	require.Equal(t, kind, got)
	require.True(t, bytes.Equal(message, back), "%d octets came back of %d", len(back), len(message))
	require.NoError(t, c.Close(websocket.StatusNormalClosure, ""))
}

// 9.1 to 9.4 and 10.1: long messages, whole and in fragments of every size.
func TestLongMessagesOfAClientThatThisProjectDidNotWriteComeBack(t *testing.T) {
	for _, kind := range []websocket.MessageType{websocket.MessageText, websocket.MessageBinary} {
		for _, size := range []int{64 << 10, 256 << 10, 1 << 20, 4 << 20, 8 << 20, longest} {
			if size > 4<<20 && !*long {
				continue
			}
			t.Run(fmt.Sprintf("9.1-2 %v of %d", kind, size), func(t *testing.T) { echoed(t, kind, size, size) })
		}
		for _, fragment := range []int{64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20} {
			t.Run(fmt.Sprintf("9.3-4 %v in fragments of %d", kind, fragment), func(t *testing.T) { echoed(t, kind, 1<<20, fragment) })
		}
	}
	t.Run("10.1.1 fragments of 1300", func(t *testing.T) { echoed(t, websocket.MessageText, 65536, 1300) })
}

// 9.7 and 9.8: many messages one after the other.
func TestAThousandMessagesComeBackInOrder(t *testing.T) {
	c, ctx := dial(t, start(t))
	for _, size := range []int{0, 16, 64, 256, 1024, 4096} {
		for n := range 1000 {
			message := bytes.Repeat([]byte{byte('a' + n%26)}, size)
			require.NoError(t, c.Write(ctx, websocket.MessageText, message))
			_, back, err := c.Read(ctx)
			require.NoError(t, err)
			require.True(t, bytes.Equal(message, back))
		}
	}
}

// 9.5 and 9.6: a megabyte in writes of few octets.
func TestALongMessageInManyWritesComesBack(t *testing.T) {
	for _, size := range []int{64, 128, 256, 512, 1024, 2048} {
		c := connect(t, start(t))
		f, message := whole(x(1<<20)), x(1<<20)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for len(f) > 0 {
				n := min(size, len(f))
				c.say([][]byte{f[:n]})
				f = f[n:]
			}
			c.say([][]byte{bye()})
		}()
		c.expect(t, []answer{text(message)}, 1000)
		<-done
	}
}
