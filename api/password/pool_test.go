package password

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

var cheap = Params{Memory: 64, Time: 1, Threads: 1}

func TestAPasswordIsKnownByItsHashAlone(t *testing.T) {
	p := New(Options{Params: cheap})
	ctx := context.Background()
	hash, err := p.Hash(ctx, "correct horse")
	require.NoError(t, err)
	require.NotContains(t, hash, "horse")
	again, err := p.Hash(ctx, "correct horse")
	require.NoError(t, err)
	require.NotEqual(t, hash, again, "each hash has its own salt")

	for password, want := range map[string]bool{
		"correct horse": true, "correct hors": false, "Correct horse": false, "": false, "correct horse\x00": false,
	} {
		ok, err := p.Verify(ctx, hash, password, nil)
		require.NoError(t, err)
		require.Equal(t, want, ok, "%q", password)
	}
}

func TestDefaultCostsAreTheRecommendedOnes(t *testing.T) {
	hash, err := New(Options{}).Hash(context.Background(), "x")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$"), hash)
}

func TestAnotherProgramsHashIsUnderstood(t *testing.T) {
	// One of the vectors that the reference implementation is tested with.
	const known = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	ok, err := New(Options{}).Verify(context.Background(), known, "password", nil)
	require.NoError(t, err)
	require.True(t, ok)
}

// No hash at all stands for an employee whom nobody knows: the work is that of a wrong password.
func TestAnUnknownEmployeeCostsTheSameAsAWrongPassword(t *testing.T) {
	p := New(Options{Params: cheap})
	hash, err := p.Hash(context.Background(), "right")
	require.NoError(t, err)
	stored, err := parsePHC(hash)
	require.NoError(t, err)
	require.Equal(t, stored.Params, p.unknown.Params)
	require.Len(t, p.unknown.salt, len(stored.salt))
	require.Len(t, p.unknown.hash, len(stored.hash))
	for _, password := range []string{"right", "", strings.Repeat("x", MaxLength)} {
		ok, err := p.Verify(context.Background(), "", password, nil)
		require.NoError(t, err)
		require.False(t, ok)
	}
	// It waits its turn like any other.
	p.slots <- struct{}{}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = p.Verify(ctx, "", "x", nil)
	require.ErrorIs(t, err, session.ErrOverloaded)
}

func TestAFullQueueAndAWaitInVainAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := prometheus.NewCounter(prometheus.CounterOpts{Name: "refused"})
		p := New(Options{Params: cheap, Workers: 1, Queue: 2, Refused: refused})
		p.slots <- struct{}{} // somebody is hashing
		var waiting sync.WaitGroup
		for range 2 {
			waiting.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				defer cancel()
				_, err := p.Hash(ctx, "x")
				if err == nil {
					t.Error("a hash was made though no slot was free")
				}
				require.ErrorIs(t, err, session.ErrOverloaded)
			})
		}
		synctest.Wait()
		begin := time.Now()
		_, err := p.Hash(context.Background(), "x")
		require.ErrorIs(t, err, session.ErrOverloaded)
		require.Zero(t, time.Since(begin), "a full queue refuses at once")
		waiting.Wait() // past their deadlines
		var counted dto.Metric
		require.NoError(t, refused.Write(&counted))
		require.Equal(t, 3.0, counted.GetCounter().GetValue())
		<-p.slots
		_, err = p.Hash(context.Background(), "x")
		require.NoError(t, err, "the queue is free again")
	})
}

func TestNoMoreHashesRunAtOnceThanThereAreWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{Workers: 2})
		running, most := 0, 0
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				err := p.run(context.Background(), func() {
					mu.Lock()
					running++
					most = max(most, running)
					mu.Unlock()
					time.Sleep(time.Second) // the bubble's time
					mu.Lock()
					running--
					mu.Unlock()
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		require.Equal(t, 2, most)
	})
}

func TestHashesThatCannotBeReadAreAnErrorAndCostNothing(t *testing.T) {
	p := New(Options{Params: cheap})
	for _, hash := range []string{
		"x", "plain-password", "$2b$12$abcdefghijklmnopqrstuv", "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8",
		"$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8",
		"$argon2id$v=19$m=0,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8",
		"$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8",
		"$argon2id$v=19$m=64,t=1000000,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8",
		"$argon2id$v=19$m=64,t=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8",
		"$argon2id$v=19$m=64,t=1,p=-1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8",
		"$argon2id$v=19$m=64,t=1,p=1$c29t$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8",
		"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$", "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$%%%%",
	} {
		_, err := p.Verify(context.Background(), hash, "x", nil)
		require.ErrorIs(t, err, ErrHash, hash)
		require.NotContains(t, err.Error(), "CTFh", "the error repeats the hash")
	}
}
