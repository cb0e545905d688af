package api

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/api/attempts"
)

// A crowd of guesses that arrives before the first is refused gains nothing by it.
func TestGuessesAtOnceAreNoMoreThanOneAfterTheOther(t *testing.T) {
	b := start(t, func(o *Options) { o.Attempts = attempts.New(nil) })
	b.hire("ada")
	var all sync.WaitGroup
	var tried, limited atomic.Int32
	for i := range 100 {
		all.Go(func() {
			switch b.post("/v1/login", "", fmt.Sprintf(`{"employee_id":"ada","password":"guess %d"}`, i)).StatusCode {
			case 401:
				tried.Add(1)
			case 429:
				limited.Add(1)
			}
		})
	}
	all.Wait()
	require.Equal(t, int32(100), tried.Load()+limited.Load())
	// Those that are hashed at the moment when the tenth fails are not called back.
	require.LessOrEqual(t, int(tried.Load()), attempts.PerPair+2*max(1, runtime.GOMAXPROCS(0)/2))
	b.post("/v1/login", "", `{"employee_id":"ADA","password":"`+adaPassword+`"}`).problem(429, "rate_limited")
}

func TestFiftyGoodLoginsAtOnceAreNotLimited(t *testing.T) {
	b := start(t, func(o *Options) { o.Attempts = attempts.New(nil) })
	b.hire("ada")
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() { b.login(fmt.Sprintf("t-%d", i)) })
	}
	all.Wait()
}
