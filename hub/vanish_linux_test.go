package hub_test

import (
	"testing"

	"github.com/hotseat-hub/hotseat/hub/hubtest"
)

func TestAPeerThatVanishedIsFoundByTheHeartbeat(t *testing.T) {
	for name, listen := range map[string]hubtest.Listener{
		"goroutines": hubtest.Plain, "shards": hubtest.Shared, "shards, by net/http": hubtest.Hijacked, "TLS": hubtest.Secure,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hubtest.APeerVanishes(t, listen)
		})
	}
}
