package client

import (
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

func TestAPauseIsNeverShorterThanTheServerAsksFor(t *testing.T) {
	for status, code := range map[int]string{503: "overloaded", 429: "rate_limited"} {
		c := serving(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			answerProblem(w, status, code, "")
		})
		_, err := c.Session(t.Context(), "token")
		w := &Watch{Client: c, pauses: backoff{base: time.Millisecond, longest: time.Millisecond}}
		o := w.failed(err)
		require.False(t, o.end)
		require.GreaterOrEqual(t, o.pause, 7*time.Second)
		require.LessOrEqual(t, o.pause, 8*time.Second)
	}

	draining := &held{
		w:       &Watch{pauses: backoff{base: time.Millisecond, longest: time.Millisecond}},
		leaveAt: time.Now().Add(time.Hour),
	}
	o := draining.closed(websocket.CloseError{Code: 1012})
	require.Greater(t, o.pause, 59*time.Minute, "back only when the draining server said")
}
