package actors

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"

func TestAUserAgentComesBackAsItWas(t *testing.T) {
	var a agents
	texts := []string{"", "x", "xy", "\x00", "\x00\x00", "\x00\x01", "\x00\x00\x01", "\x01", chrome}
	for n := range 2 * maxAgents {
		texts = append(texts, "agent "+strconv.Itoa(n), "\x00agent "+strconv.Itoa(n))
	}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for _, text := range texts {
				if got := a.long(a.short(text)); got != text {
					t.Errorf("%q became %q", text, got)
				}
			}
		})
	}
	all.Wait()
	require.Len(t, a.texts, maxAgents)
	require.Len(t, a.numbers, maxAgents)
	require.LessOrEqual(t, len(a.short(chrome)), 3)
	require.Empty(t, a.long("\x00\xff\xff\x7f"), "a number that was never given out")
}

func TestARecordSharesTheUserAgentAndKeepsTheRest(t *testing.T) {
	sh := &shard{system: new(System)}
	rest := Rest{state: session.State{Employee: session.Employee{
		ID: "ada", Active: []session.Session{{Terminal: "till-1", UserAgent: chrome}, {Terminal: "till-2", UserAgent: "Safari"}},
	}}}
	record := sh.pack(&rest)
	require.Equal(t, chrome, rest.state.Active[0].UserAgent, "what was packed is untouched")
	again, err := sh.unpack(record)
	require.NoError(t, err)
	require.Equal(t, rest.state.Active, again.state.Active)
	require.False(t, strings.Contains(string(record), "Mozilla"))
	require.Less(t, len(record), len(rest.Append(nil, sh.nodes.number))-100)
	for n := range record {
		_, err := sh.unpack(record[:n])
		require.Error(t, err, "cut at %d", n)
	}
}
