package cluster

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAConnectionWhoseFirstPacketsAreLostIsTriedAgainBesideThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := time.Now()
		var tries, givenUp atomic.Int32
		ours, theirs := net.Pipe()
		defer theirs.Close()
		conn, err := firstOf(t.Context(), func(ctx context.Context) (net.Conn, error) {
			if tries.Add(1) < 3 {
				<-ctx.Done()
				givenUp.Add(1)
				return nil, ctx.Err()
			}
			return ours, nil
		})
		require.NoError(t, err)
		require.Equal(t, ours, conn)
		require.Equal(t, 2*dialEvery, time.Since(from))
		synctest.Wait()
		require.EqualValues(t, 2, givenUp.Load())
		require.NoError(t, conn.Close())
	})
}

func TestAConnectionThatComesSecondIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, _ := net.Pipe()
		second, other := net.Pipe()
		var tries atomic.Int32
		conn, err := firstOf(t.Context(), func(ctx context.Context) (net.Conn, error) {
			if tries.Add(1) == 1 {
				<-ctx.Done() // and is there all the same
				return second, nil
			}
			return first, nil
		})
		require.NoError(t, err)
		require.Equal(t, first, conn)
		_, err = other.Read(make([]byte, 1)) // would wait for ever
		require.Error(t, err)
	})
}

func TestAConnectionThatIsRefusedIsTriedOnceAndOneThatIsLateNotForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("refused")
		var tries atomic.Int32
		_, err := firstOf(t.Context(), func(context.Context) (net.Conn, error) {
			tries.Add(1)
			return nil, refused
		})
		require.ErrorIs(t, err, refused)
		require.EqualValues(t, 1, tries.Load())

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = firstOf(ctx, func(ctx context.Context) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}
